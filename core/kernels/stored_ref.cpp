#include "core/kernels/stored.hpp"

#include <algorithm>
#include <limits>

namespace moescope::kernels {
namespace {

float factor(ElementType type, const std::byte* data, std::size_t i) {
  float value = 0;
  switch (type) {
    case ElementType::kF32:
      std::memcpy(&value, data + 4 * i, sizeof value);
      return value;
    case ElementType::kF16:
      return ref::f16(data + 2 * i);
    case ElementType::kBF16:
      return bf16_to_f32(ref::u16(data + 2 * i));
    case ElementType::kE8M0:
      return e8m0_to_f32(static_cast<std::uint8_t>(data[i]));
    default:
      return std::numeric_limits<float>::quiet_NaN();
  }
}

}  // namespace

float scale_at(const Matrix& w, std::size_t row, std::size_t col) noexcept {
  const BlockScales& s = w.scales;
  if (s.data == nullptr) return 1.0f;
  const std::size_t n_block_col =
      s.block_cols == 0 ? 1 : (w.n_col + s.block_cols - 1) / s.block_cols;
  const std::size_t block_row = s.block_rows == 0 ? 0 : row / s.block_rows;
  const std::size_t block_col = s.block_cols == 0 ? 0 : col / s.block_cols;
  return factor(s.type, s.data, block_row * n_block_col + block_col);
}

void load_scales(const Matrix& w, std::size_t row, std::size_t col, std::size_t n,
                 float* out) noexcept {
  const BlockScales& s = w.scales;
  const std::size_t block_row = s.block_rows == 0 ? 0 : row / s.block_rows;
  const std::size_t n_block_col = (w.n_col + s.block_cols - 1) / s.block_cols;
  const std::size_t first = block_row * n_block_col + col / s.block_cols;
  for (std::size_t i = 0; i < n; ++i) out[i] = factor(s.type, s.data, first + i);
}

namespace ref {
namespace {

void decode_f32(const std::byte* at, std::size_t n, float* out) {
  std::memcpy(out, at, n * sizeof(float));
}

void decode_f16(const std::byte* at, std::size_t n, float* out) {
  for (std::size_t i = 0; i < n; ++i) out[i] = f16(at + 2 * i);
}

void decode_bf16(const std::byte* at, std::size_t n, float* out) {
  for (std::size_t i = 0; i < n; ++i) out[i] = bf16_to_f32(u16(at + 2 * i));
}

void decode_f8_e4m3(const std::byte* at, std::size_t n, float* out) {
  for (std::size_t i = 0; i < n; ++i) out[i] = f8_e4m3_to_f32(static_cast<std::uint8_t>(at[i]));
}

void decode_f8_e5m2(const std::byte* at, std::size_t n, float* out) {
  for (std::size_t i = 0; i < n; ++i) out[i] = f8_e5m2_to_f32(static_cast<std::uint8_t>(at[i]));
}

void decode_f4_e2m1(const std::byte* at, std::size_t n, float* out) {
  for (std::size_t i = 0; i < n; ++i)
    out[i] = 0.5f * static_cast<float>(kE2M1Doubled[u8(at + i / 2) >> (i % 2 * 4) & 15]);
}

void decode_unknown(const std::byte*, std::size_t n, float* out) {
  std::fill(out, out + n, std::numeric_limits<float>::quiet_NaN());
}

struct Row {
  ElementType type;
  Decode decode;
};

constexpr Row kDecoders[] = {
    {ElementType::kF32, decode_f32},        {ElementType::kF16, decode_f16},
    {ElementType::kBF16, decode_bf16},      {ElementType::kF8E4M3, decode_f8_e4m3},
    {ElementType::kF8E5M2, decode_f8_e5m2}, {ElementType::kF4E2M1, decode_f4_e2m1},
    {ElementType::kQ4_0, decode_q4_0},      {ElementType::kQ4_1, decode_q4_1},
    {ElementType::kQ5_0, decode_q5_0},      {ElementType::kQ5_1, decode_q5_1},
    {ElementType::kQ8_0, decode_q8_0},      {ElementType::kQ2K, decode_q2_k},
    {ElementType::kQ3K, decode_q3_k},       {ElementType::kQ4K, decode_q4_k},
    {ElementType::kQ5K, decode_q5_k},       {ElementType::kQ6K, decode_q6_k},
    {ElementType::kIq4Nl, decode_iq4_nl},   {ElementType::kIq4Xs, decode_iq4_xs},
    {ElementType::kMxfp4, decode_mxfp4},    {ElementType::kIq1S, decode_iq1_s},
    {ElementType::kIq1M, decode_iq1_m},     {ElementType::kIq2Xxs, decode_iq2_xxs},
    {ElementType::kIq2Xs, decode_iq2_xs},   {ElementType::kIq2S, decode_iq2_s},
    {ElementType::kIq3Xxs, decode_iq3_xxs}, {ElementType::kIq3S, decode_iq3_s},
    {ElementType::kTq1_0, decode_tq1_0},    {ElementType::kTq2_0, decode_tq2_0},
};

}  // namespace

Decode decoder(ElementType type) noexcept {
  for (const Row& row : kDecoders)
    if (row.type == type) return row.decode;
  return decode_unknown;
}

void decode_part(const Matrix& w, std::size_t row, std::size_t first,
                 std::span<float> out) noexcept {
  const ElementTypeInfo& type = info(w.type);
  const std::byte* at = w.data + row * row_bytes(w) + first / type.block_elems * type.block_bytes;
  decoder(w.type)(at, out.size(), out.data());
  if (w.scales.data == nullptr) return;
  for (std::size_t i = 0; i < out.size();) {
    const float scale = scale_at(w, row, first + i);
    const std::size_t end = i + scale_run(w, first + i, out.size() - i);
    for (; i < end; ++i) out[i] *= scale;
  }
}

}  // namespace ref
}  // namespace moescope::kernels

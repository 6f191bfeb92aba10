#include <omp.h>

#include <algorithm>
#include <limits>

#include "core/kernels/isa.hpp"
#include "core/kernels/matmul.hpp"
#include "core/kernels/ref.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/kernels/matmul_simd.cpp"
#include "core/kernels/simd_targets.hpp"
// after simd_targets.hpp
#include <hwy/foreach_target.h>

#include "core/kernels/simd_rows.hpp"

HWY_BEFORE_NAMESPACE();
namespace moescope::kernels::HWY_NAMESPACE {

#if MOESCOPE_HAVE_LANES
namespace {

constexpr std::size_t kPanelRows = 12;     // whole tiles on every target
constexpr std::size_t kPanelTokens = 128;  // their sums take 96 KiB of stack
constexpr std::size_t kInPlaceTokens = 8;  // from here on, decoding ahead pays
static_assert(kPanelRows % kTileRows == 0 && kPanelTokens % kTileTokens == 0);

using Decode = void (*)(const std::byte* at, std::size_t n, float* out);

template <class Load>
void decode(const std::byte* at, std::size_t n, float* out) {
  decode_elements<Load>(at, n, out);
}

void decode_unknown(const std::byte*, std::size_t n, float* out) {
  std::fill(out, out + n, std::numeric_limits<float>::quiet_NaN());
}

Decode decoder(ElementType type) {
  switch (type) {
    case ElementType::kF32:
      return decode<LoadF32>;
    case ElementType::kF16:
      return decode<LoadF16>;
    case ElementType::kBF16:
      return decode<LoadBF16>;
    default:
      return decode_unknown;
  }
}

/// A few rows of w against a block of tokens: weights are decoded once per kDecodeBlock columns,
/// and the lanes of every output wait in memory until the next block.
struct Panel {
  alignas(64) float weights[kPanelRows * kDecodeBlock];
  alignas(64) float sums[kPanelTokens * kPanelRows * kLanes];

  static float* tile(float* sums, std::size_t n_row_tile, std::size_t token_tile,
                     std::size_t row_tile) {
    return sums + (token_tile * n_row_tile + row_tile) * kTileTokens * kTileRows * kLanes;
  }
};

template <std::size_t kTokens>
HWY_INLINE void multiply_block(const float* const* x, const float* weights, std::size_t n,
                               float* sums) {
  const std::byte* at[kTileRows];
  const std::size_t n_group = n / kLanes;
  for (std::size_t r = 0; r < kTileRows; ++r)
    at[r] = reinterpret_cast<const std::byte*>(weights + r * kDecodeBlock);
  accumulate<LoadF32, kTokens, kTileRows>(x, at, n_group, sums);
  if (n % kLanes == 0) return;
  alignas(64) float x_rest[kTokens][kLanes];
  const float* x_at[kTokens];
  for (std::size_t t = 0; t < kTokens; ++t) {
    pad_group(x[t] + n_group * kLanes, n % kLanes, x_rest[t]);
    x_at[t] = x_rest[t];
  }
  for (std::size_t r = 0; r < kTileRows; ++r) at[r] += n_group * kLanes * sizeof(float);
  accumulate<LoadF32, kTokens, kTileRows>(x_at, at, 1, sums);
}

void multiply_block(std::size_t n_tok, const float* const* x, const float* weights, std::size_t n,
                    float* sums) {
  switch (n_tok) {
    case 1:
      return multiply_block<1>(x, weights, n, sums);
    case 2:
      return multiply_block<2>(x, weights, n, sums);
    case 3:
      return multiply_block<3>(x, weights, n, sums);
    default:
      return multiply_block<4>(x, weights, n, sums);
  }
}

void multiply_panel(const StoredRows& w, Decode decode_block, std::size_t type_bytes,
                    Rows<const float> x, Rows<float> out) {
  Panel panel;
  const std::size_t n_row_tile = (w.n_row + kTileRows - 1) / kTileRows;
  const std::size_t n_token_tile = (x.n_row + kTileTokens - 1) / kTileTokens;
  std::fill_n(panel.sums, n_token_tile * n_row_tile * kTileTokens * kTileRows * kLanes, 0.0f);
  for (std::size_t k = 0; k < w.n_col; k += kDecodeBlock) {
    const std::size_t n = std::min(kDecodeBlock, w.n_col - k);
    for (std::size_t r = 0; r < n_row_tile * kTileRows; ++r) {
      float* row = panel.weights + r * kDecodeBlock;
      const std::size_t stored = std::min(r, w.n_row - 1);
      decode_block(w.data + stored * w.stride_bytes + k * type_bytes, n, row);
      if (n % kLanes != 0) std::fill(row + n, row + (n / kLanes + 1) * kLanes, 0.0f);
    }
    for (std::size_t i = 0; i < n_token_tile; ++i) {
      const float* xs[kTileTokens];
      const std::size_t n_tok = std::min(kTileTokens, x.n_row - i * kTileTokens);
      for (std::size_t t = 0; t < n_tok; ++t) xs[t] = x.data + (i * kTileTokens + t) * x.stride + k;
      for (std::size_t j = 0; j < n_row_tile; ++j)
        multiply_block(n_tok, xs, panel.weights + j * kTileRows * kDecodeBlock, n,
                       Panel::tile(panel.sums, n_row_tile, i, j));
    }
  }
  for (std::size_t t = 0; t < x.n_row; ++t)
    for (std::size_t r = 0; r < w.n_row; ++r)
      out.at(t, r) = fold(Panel::tile(panel.sums, n_row_tile, t / kTileTokens, r / kTileRows) +
                          (t % kTileTokens * kTileRows + r % kTileRows) * kLanes);
}

}  // namespace

void multiply_rows(const Matrix& w, std::size_t first_row, std::size_t n_row, Rows<const float> x,
                   Rows<float> out) {
  const std::size_t stride = row_bytes(w);
  const StoredRows rows{w.data + first_row * stride, stride, n_row, w.n_col};
  if (x.n_row <= kInPlaceTokens) {
    switch (w.type) {
      case ElementType::kF32:
        return multiply_in_place<LoadF32>(rows, x, out);
      case ElementType::kF16:
        return multiply_in_place<LoadF16>(rows, x, out);
      case ElementType::kBF16:
        return multiply_in_place<LoadBF16>(rows, x, out);
      default:
        break;
    }
  }
  for (std::size_t r = 0; r < n_row; r += kPanelRows) {
    StoredRows panel = rows;
    panel.data += r * stride;
    panel.n_row = std::min(kPanelRows, n_row - r);
    for (std::size_t t = 0; t < x.n_row; t += kPanelTokens) {
      const std::size_t n_tok = std::min(kPanelTokens, x.n_row - t);
      multiply_panel(panel, decoder(w.type), info(w.type).block_bytes, x.slice(t, n_tok),
                     Rows<float>(out.data + t * out.stride + r, n_tok, panel.n_row, out.stride));
    }
  }
}

void decode_whole_row(const Matrix& w, std::size_t row, float* out) {
  decoder(w.type)(w.data + row * row_bytes(w), w.n_col, out);
}

float dot_product(std::span<const float> a, std::span<const float> b) {
  alignas(64) float sums[kLanes] = {};
  const float* x = a.data();
  const auto* w = reinterpret_cast<const std::byte*>(b.data());
  const std::size_t n_group = a.size() / kLanes;
  accumulate<LoadF32, 1, 1>(&x, &w, n_group, sums);
  if (const std::size_t rest = a.size() % kLanes; rest != 0) {
    alignas(64) float groups[2][kLanes];
    pad_group(a.data() + n_group * kLanes, rest, groups[0]);
    pad_group(b.data() + n_group * kLanes, rest, groups[1]);
    x = groups[0];
    w = reinterpret_cast<const std::byte*>(groups[1]);
    accumulate<LoadF32, 1, 1>(&x, &w, 1, sums);
  }
  return fold(sums);
}

const char* target_name() {
  return HWY_TARGET == HWY_AVX2 ? "avx2" : HWY_TARGET == HWY_AVX3 ? "avx512" : "neon";
}

#else

void multiply_rows(const Matrix& w, std::size_t first_row, std::size_t n_row, Rows<const float> x,
                   Rows<float> out) {
  ref::matmul_rows(w, first_row, n_row, x, out);
}

void decode_whole_row(const Matrix& w, std::size_t row, float* out) {
  ref::decode_row(w, row, {out, w.n_col});
}

float dot_product(std::span<const float> a, std::span<const float> b) {
  return ref::dot(a, b);
}

const char* target_name() {
  return "plain";
}

#endif

}  // namespace moescope::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace moescope::kernels {
namespace {

HWY_EXPORT(multiply_rows);
HWY_EXPORT(decode_whole_row);
HWY_EXPORT(dot_product);
HWY_EXPORT(target_name);

constexpr std::size_t kParallelFrom = std::size_t{1}
                                      << 18;  // products; less is not worth waking threads
constexpr std::size_t kTaskBytes = std::size_t{1} << 16;
constexpr std::size_t kRowStep = 12;  // whole panels and whole tiles on every target

/// Rows of one task: enough bytes to read in one go, but several tasks for every thread.
std::size_t task_rows(const Matrix& w, std::size_t n_thread) {
  const std::size_t by_bytes = kTaskBytes / std::max<std::size_t>(row_bytes(w), 1);
  const std::size_t by_thread = w.n_row / (8 * n_thread);
  return std::max(std::min(by_bytes, by_thread) / kRowStep, std::size_t{1}) * kRowStep;
}

}  // namespace

std::string_view isa_name() noexcept {
  return HWY_DYNAMIC_DISPATCH(target_name)();
}

void matmul_rows(const Matrix& w, std::size_t first_row, std::size_t n_row, Rows<const float> x,
                 Rows<float> out) noexcept {
  HWY_DYNAMIC_DISPATCH(multiply_rows)(w, first_row, n_row, x, out);
}

void matmul(const Matrix& w, Rows<const float> x, Rows<float> out) noexcept {
  const std::size_t step = task_rows(w, static_cast<std::size_t>(omp_get_max_threads()));
#pragma omp parallel for schedule(dynamic) if (w.n_row * w.n_col * x.n_row >= kParallelFrom)
  for (std::size_t r = 0; r < w.n_row; r += step) {
    const std::size_t n_row = std::min(step, w.n_row - r);
    matmul_rows(w, r, n_row, x, Rows<float>(out.data + r, out.n_row, n_row, out.stride));
  }
}

void decode_row(const Matrix& w, std::size_t row, std::span<float> out) noexcept {
  HWY_DYNAMIC_DISPATCH(decode_whole_row)(w, row, out.data());
}

float dot(std::span<const float> a, std::span<const float> b) noexcept {
  return HWY_DYNAMIC_DISPATCH(dot_product)(a, b);
}

}  // namespace moescope::kernels
#endif  // HWY_ONCE

#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "core/base/element_type.hpp"
#include "core/base/random.hpp"
#include "core/kernels/matrix.hpp"

namespace moescope::kernels {

inline std::vector<float> random_values(Random& random, std::size_t n, float scale = 1.0f) {
  std::vector<float> values(n);
  for (float& value : values) value = static_cast<float>(random.uniform() * 2 - 1) * scale;
  return values;
}

inline std::vector<std::uint32_t> bits(std::span<const float> values) {
  std::vector<std::uint32_t> out(values.size());
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = std::bit_cast<std::uint32_t>(values[i]);
  return out;
}

/// Where the 16-bit scales of a block lie.
inline std::vector<std::size_t> scale_offsets(ElementType type) {
  switch (type) {
    case ElementType::kQ4_0:
    case ElementType::kQ5_0:
    case ElementType::kQ8_0:
    case ElementType::kIq4Nl:
    case ElementType::kIq4Xs:
    case ElementType::kIq1S:
    case ElementType::kIq2Xxs:
    case ElementType::kIq2Xs:
    case ElementType::kIq2S:
    case ElementType::kIq3Xxs:
    case ElementType::kIq3S:
      return {0};
    case ElementType::kQ4_1:
    case ElementType::kQ5_1:
    case ElementType::kQ4K:
    case ElementType::kQ5K:
      return {0, 2};
    case ElementType::kQ2K:
      return {80, 82};
    case ElementType::kQ3K:
      return {108};
    case ElementType::kQ6K:
      return {208};
    case ElementType::kTq1_0:
      return {52};
    case ElementType::kTq2_0:
      return {64};
    default:
      return {};
  }
}

/// Fills blocks with random bits whose values are finite and of sane size.
inline void fill_blocks(Random& random, ElementType type, std::span<std::byte> bytes) {
  const std::size_t size = info(type).block_bytes;
  for (std::size_t at = 0; at < bytes.size(); at += size) {
    std::byte* block = bytes.data() + at;
    const auto value = static_cast<float>(random.uniform() * 2 - 1);
    const std::uint16_t half = type == ElementType::kBF16 ? f32_to_bf16(value) : f32_to_f16(value);
    if (type == ElementType::kF32) {
      std::memcpy(block, &value, 4);
      continue;
    }
    if (type == ElementType::kF16 || type == ElementType::kBF16) {
      std::memcpy(block, &half, 2);
      continue;
    }
    for (std::size_t i = 0; i < size; ++i) block[i] = static_cast<std::byte>(random.below(256));
    for (const std::size_t offset : scale_offsets(type)) std::memcpy(block + offset, &half, 2);
    if (type == ElementType::kMxfp4) block[0] = static_cast<std::byte>(120 + random.below(8));
    if (type == ElementType::kIq1M) block[55] &= std::byte{0xbf};   // no infinite scale
    if (type == ElementType::kF8E4M3) block[0] &= std::byte{0xfe};  // no NaN
    if (type == ElementType::kF8E5M2) block[0] &= std::byte{0xbf};  // nor infinity
  }
}

/// Random weights of a stored type that begin at an odd address, perhaps with factors beside them.
struct StoredMatrix {
  std::vector<std::byte> bytes;
  std::vector<std::byte> factors;
  Matrix matrix;

  /// n_col is rounded up to whole blocks.
  StoredMatrix(Random& random, ElementType type, std::size_t n_row, std::size_t n_col)
      : matrix{type, n_row, n_col, nullptr} {
    const std::size_t block = info(type).block_elems;
    matrix.n_col = (n_col + block - 1) / block * block;
    bytes.resize(1 + n_row * row_bytes(matrix));
    matrix.data = bytes.data() + 1;
    fill_blocks(random, type, std::span(bytes).subspan(1));
  }

  /// The same with random factors in blocks of that size.
  StoredMatrix(Random& random, ElementType type, std::size_t n_row, std::size_t n_col,
               BlockScales scales)
      : StoredMatrix(random, type, n_row, n_col) {
    const auto count = [](std::size_t n, std::size_t block) {
      return block == 0 ? std::size_t{1} : (n + block - 1) / block;
    };
    const std::size_t size = info(scales.type).block_bytes;
    const std::size_t n = count(n_row, scales.block_rows) * count(matrix.n_col, scales.block_cols);
    factors.resize(1 + n * size);
    if (scales.type == ElementType::kE8M0)
      for (std::byte& b : factors) b = static_cast<std::byte>(120 + random.below(8));
    else
      fill_blocks(random, scales.type, std::span(factors).subspan(1));
    scales.data = factors.data() + 1;
    matrix.scales = scales;
  }
};

/// Every type that can be multiplied.
inline std::vector<ElementType> weight_types() {
  std::vector<ElementType> out;
  for (const ElementTypeInfo& row : element_types())
    if (row.is_weight) out.push_back(row.type);
  return out;
}

/// The ways in which checkpoints place factors beside their weights.
struct ScaledKind {
  ElementType type;
  BlockScales scales;
};
inline std::vector<ScaledKind> scaled_kinds() {
  using enum ElementType;
  return {{kF8E4M3, {nullptr, kF32, 0, 0}},    {kF8E4M3, {nullptr, kF32, 128, 128}},
          {kF8E4M3, {nullptr, kBF16, 32, 32}}, {kF8E5M2, {nullptr, kF32, 1, 0}},
          {kF8E5M2, {nullptr, kF16, 3, 5}},    {kF4E2M1, {nullptr, kE8M0, 1, 32}},
          {kF8E4M3, {nullptr, kE8M0, 1, 32}},  {kBF16, {nullptr, kF32, 0, 7}},
          {kF4E2M1, {nullptr, kF32, 0, 16}}};
}

}  // namespace moescope::kernels

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

/// Random weights of a stored type that begin at an odd address.
struct StoredMatrix {
  std::vector<std::byte> bytes;
  Matrix matrix;

  StoredMatrix(Random& random, ElementType type, std::size_t n_row, std::size_t n_col)
      : matrix{type, n_row, n_col, nullptr} {
    bytes.resize(1 + n_row * row_bytes(matrix));
    std::byte* at = bytes.data() + 1;
    matrix.data = at;
    for (std::size_t i = 0; i < n_row * n_col; ++i) {
      const auto value = static_cast<float>(random.uniform() * 2 - 1);
      const std::uint16_t half = type == ElementType::kF16 ? f32_to_f16(value) : f32_to_bf16(value);
      if (type == ElementType::kF32)
        std::memcpy(at + 4 * i, &value, 4);
      else
        std::memcpy(at + 2 * i, &half, 2);
    }
  }
};

inline constexpr ElementType kWeightTypes[] = {ElementType::kF32, ElementType::kF16,
                                               ElementType::kBF16};

}  // namespace moescope::kernels

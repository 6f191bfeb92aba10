#pragma once

#include <cstddef>

#include "core/base/element_type.hpp"

namespace moescope::kernels {

/// Factors of a weight matrix that are stored beside it, one for each block of rows × columns, as
/// 8-bit floats (a factor a tensor, or a block of 128 × 128) and 4-bit floats (a factor for 32
/// columns of a row) need them. An element's value is its own times its block's factor.
/// Shapes: data [ceil(n_row / block_rows), ceil(n_col / block_cols)], at any alignment.
struct BlockScales {
  const std::byte* data = nullptr;       ///< nullptr: there are none
  ElementType type = ElementType::kF32;  ///< f32, bf16, f16 or f8_e8m0
  std::size_t block_rows = 0;            ///< 0: all rows share one factor
  std::size_t block_cols = 0;            ///< 0: all columns share one factor
};

/// A weight matrix as it is stored: row-major, of any weight type, at any alignment.
struct Matrix {
  ElementType type = ElementType::kF32;
  std::size_t n_row = 0;
  std::size_t n_col = 0;
  const std::byte* data = nullptr;
  BlockScales scales = {};
};

/// Bytes that one stored row takes; n_col is a whole number of the type's blocks.
inline std::size_t row_bytes(const Matrix& w) {
  const ElementTypeInfo& row = info(w.type);
  return w.n_col / row.block_elems * row.block_bytes;
}

/// Columns from `col` on, at most `most`, that share one factor.
inline std::size_t scale_run(const Matrix& w, std::size_t col, std::size_t most) {
  const std::size_t width = w.scales.block_cols;
  const std::size_t left = width == 0 ? most : width - col % width;
  return left < most ? left : most;
}

/// The factor of one element; 1 where there are none.
float scale_at(const Matrix& w, std::size_t row, std::size_t col) noexcept;

/// The factors of neighbouring blocks of one row, from the one that holds column `col` on.
/// Errors: none; the matrix has factors, and block_cols is not 0.
void load_scales(const Matrix& w, std::size_t row, std::size_t col, std::size_t n,
                 float* out) noexcept;

}  // namespace moescope::kernels

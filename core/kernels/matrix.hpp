#pragma once

#include <cstddef>

#include "core/base/element_type.hpp"

namespace moescope::kernels {

/// A weight matrix as it is stored: row-major, of any weight type, at any alignment.
struct Matrix {
  ElementType type = ElementType::kF32;
  std::size_t n_row = 0;
  std::size_t n_col = 0;
  const std::byte* data = nullptr;
};

/// Bytes that one stored row takes; n_col is a whole number of the type's blocks.
inline std::size_t row_bytes(const Matrix& w) {
  const ElementTypeInfo& row = info(w.type);
  return w.n_col / row.block_elems * row.block_bytes;
}

}  // namespace moescope::kernels

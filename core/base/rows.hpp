#pragma once

#include <cstddef>
#include <span>
#include <type_traits>

namespace moescope {

/// A view of a row-major matrix: n_row rows of n_col values, `stride` values apart.
template <class T>
struct Rows {
  T* data = nullptr;
  std::size_t n_row = 0;
  std::size_t n_col = 0;
  std::size_t stride = 0;

  constexpr Rows() = default;
  constexpr Rows(T* first, std::size_t rows, std::size_t cols)
      : data(first), n_row(rows), n_col(cols), stride(cols) {}
  constexpr Rows(T* first, std::size_t rows, std::size_t cols, std::size_t row_stride)
      : data(first), n_row(rows), n_col(cols), stride(row_stride) {}

  constexpr std::span<T> row(std::size_t i) const { return {data + i * stride, n_col}; }
  constexpr T& at(std::size_t i, std::size_t j) const { return data[i * stride + j]; }
  constexpr Rows slice(std::size_t first, std::size_t count) const {
    return {data + first * stride, count, n_col, stride};
  }
  constexpr operator Rows<const T>() const requires(!std::is_const_v<T>) {
    return {data, n_row, n_col, stride};
  }
};

}  // namespace moescope

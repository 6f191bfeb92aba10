#pragma once

#include <cstddef>
#include <span>

#include "core/base/rows.hpp"
#include "core/kernels/matrix.hpp"

// Every reduction runs in one fixed order on every processor, so that bits depend on the inputs
// alone, never on the batch, the panel, the thread count or the instruction set. Sixteen f32 lanes
// start at +0; lane l takes k = l, l + 16, … in order by fused multiply-add; a last group that is
// not full is filled up with zeros; a tree folds the lanes: +8, +4, then (0 + 2) + (1 + 3).
namespace moescope::kernels {

/// Multiplies every row of x with the transposed weights: out[i][r] = sum over k of x[i][k]
/// w[r][k]. Shapes: w [n_out, n_in]; x [n_tok, n_in]; out [n_tok, n_out]. Errors: none; shapes are
/// preconditions, and w.type is a weight type.
void matmul(const Matrix& w, Rows<const float> x, Rows<float> out) noexcept;

/// The same for the rows first_row … first_row + n_row - 1 of w, on the calling thread alone.
/// Shapes: w [n_out, n_in]; x [n_tok, n_in]; out [n_tok, n_row].
/// Errors: none; takes up to 400 KiB of stack.
void matmul_rows(const Matrix& w, std::size_t first_row, std::size_t n_row, Rows<const float> x,
                 Rows<float> out) noexcept;

/// Decodes one stored row to f32, exactly.
/// Shapes: out [n_col].
void decode_row(const Matrix& w, std::size_t row, std::span<float> out) noexcept;

/// Sum of products in the fixed order.
/// Shapes: a, b [n]; n may be 0.
float dot(std::span<const float> a, std::span<const float> b) noexcept;

}  // namespace moescope::kernels

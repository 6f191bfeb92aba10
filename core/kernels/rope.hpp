#pragma once

#include <span>

namespace moescope::kernels {

/// Rotates the pairs (i, i + d/2) of one head by the angles of its position, in place.
/// Shapes: head [d], d even; cos, sin [≥ d/2].
/// Source: the rotate_half convention of Hugging Face; products and sums are rounded separately.
void rope_rotate_half(std::span<float> head, std::span<const float> cos,
                      std::span<const float> sin) noexcept;

}  // namespace moescope::kernels

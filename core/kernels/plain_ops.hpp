#pragma once

#include <span>

/// Operations of some families that take a vanishing part of the time: plain C++ on every machine,
/// so that they have no twins. Shapes are preconditions.
namespace moescope::kernels {

/// (x - mean) / sqrt(variance + eps) · weight + bias; the moments are summed in f64, in order.
/// Shapes: x, weight, bias, out [n]; out may be x.
void layer_norm(std::span<const float> x, std::span<const float> weight,
                std::span<const float> bias, float eps, std::span<float> out) noexcept;

/// Rotates the neighbouring pairs (2i, 2i + 1) of one head by the angles of its position, in place.
/// Shapes: head [d], d even; cos, sin [≥ d/2].
/// Source: the complex form of RoFormer (Su et al. 2021), as DeepSeek's models have it.
void rope_rotate_pairs(std::span<float> head, std::span<const float> cos,
                       std::span<const float> sin) noexcept;

/// gate · sigmoid(1.702 gate) · (up + 1), gate at most `limit`, up within ± limit.
/// Shapes: gate, up, out [n].
/// Source: the published code of gpt-oss.
void clamped_swiglu(std::span<const float> gate, std::span<const float> up, float limit,
                    std::span<float> out) noexcept;

/// 1 / (1 + exp(-x)).
float sigmoid(float x) noexcept;

/// x · factor in place.
void scale(std::span<float> x, float factor) noexcept;

}  // namespace moescope::kernels

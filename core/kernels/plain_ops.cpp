#include "core/kernels/plain_ops.hpp"

#include <algorithm>
#include <cmath>

#include "core/kernels/vector_ops.hpp"

namespace moescope::kernels {

void layer_norm(std::span<const float> x, std::span<const float> weight,
                std::span<const float> bias, float eps, std::span<float> out) noexcept {
  const auto n = static_cast<double>(x.size());
  double sum = 0;
  for (const float v : x) sum += static_cast<double>(v);
  const double mean = sum / n;
  double squares = 0;
  for (const float v : x) {
    const double d = static_cast<double>(v) - mean;
    squares += d * d;
  }
  const auto centre = static_cast<float>(mean);
  const auto factor = static_cast<float>(1.0 / std::sqrt(squares / n + static_cast<double>(eps)));
  for (std::size_t i = 0; i < x.size(); ++i)
    out[i] = (x[i] - centre) * factor * weight[i] + bias[i];
}

void rope_rotate_pairs(std::span<float> head, std::span<const float> cos,
                       std::span<const float> sin) noexcept {
  for (std::size_t i = 0; i < head.size() / 2; ++i) {
    const float a = head[2 * i];
    const float b = head[2 * i + 1];
    head[2 * i] = a * cos[i] - b * sin[i];
    head[2 * i + 1] = b * cos[i] + a * sin[i];
  }
}

void clamped_swiglu(std::span<const float> gate, std::span<const float> up, float limit,
                    std::span<float> out) noexcept {
  for (std::size_t i = 0; i < out.size(); ++i) {
    const float g = std::min(gate[i], limit);
    const float u = std::clamp(up[i], -limit, limit);
    out[i] = g * sigmoid(1.702f * g) * (u + 1.0f);
  }
}

float sigmoid(float x) noexcept {
  return 1.0f / (1.0f + exp_f32(-x));
}

void scale(std::span<float> x, float factor) noexcept {
  for (float& v : x) v *= factor;
}

}  // namespace moescope::kernels

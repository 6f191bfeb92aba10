#include "core/kernels/ref.hpp"

namespace moescope::kernels::ref {

void rope_rotate_half(std::span<float> head, std::span<const float> cos,
                      std::span<const float> sin) noexcept {
  const std::size_t half = head.size() / 2;
  for (std::size_t i = 0; i < half; ++i) {
    const float a = head[i];
    const float b = head[i + half];
    head[i] = a * cos[i] - b * sin[i];
    head[i + half] = b * cos[i] + a * sin[i];
  }
}

}  // namespace moescope::kernels::ref

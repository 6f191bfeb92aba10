#include <cmath>

#include "core/kernels/ref.hpp"

namespace moescope::kernels::ref {

float attend(std::span<const float> q, Rows<const float> k, Rows<const float> v, float scale,
             std::span<float> score_scratch, std::span<float> out) noexcept {
  const auto p = score_scratch.first(k.n_row);
  for (std::size_t j = 0; j < p.size(); ++j) p[j] = dot(q, k.row(j)) * scale;
  const float log_sum = softmax(p, p);
  for (std::size_t d = 0; d < out.size(); ++d) {
    float sum = 0.0f;
    for (std::size_t j = 0; j < p.size(); ++j) sum = std::fma(p[j], v.at(j, d), sum);
    out[d] = sum;
  }
  return log_sum;
}

}  // namespace moescope::kernels::ref

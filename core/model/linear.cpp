#include "core/model/linear.hpp"

#include "core/kernels/matmul.hpp"
#include "core/kernels/plain_ops.hpp"
#include "core/kernels/vector_ops.hpp"

namespace moescope::model {

void normalise(const NormWeights& weights, float eps, Rows<const float> x, Rows<float> out) {
  for (std::size_t i = 0; i < x.n_row; ++i)
    if (weights.bias.empty())
      kernels::rms_norm(x.row(i), weights.weight, eps, out.row(i));
    else
      kernels::layer_norm(x.row(i), weights.weight, weights.bias, eps, out.row(i));
}

void project(const Projection& projection, Rows<const float> x, Rows<float> out) {
  kernels::matmul(projection.w, x, out);
  if (projection.bias.empty()) return;
  for (std::size_t i = 0; i < out.n_row; ++i) kernels::add(projection.bias, out.row(i));
}

}  // namespace moescope::model

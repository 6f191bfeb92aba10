#pragma once

#include "core/base/rows.hpp"
#include "core/model/weights.hpp"

namespace moescope::model {

/// Normalises every row: layer norm where the weights have a bias, else root mean square.
/// Shapes: x, out [n, width of the norm]; out may be x.
void normalise(const NormWeights& weights, float eps, Rows<const float> x, Rows<float> out);

/// out = x wᵀ + bias. Shapes: x [n, n_in]; out [n, n_out].
void project(const Projection& projection, Rows<const float> x, Rows<float> out);

}  // namespace moescope::model

#pragma once

#include <span>

namespace moescope::kernels {

/// Scales x to root mean square 1, then by weight: out = x / sqrt(mean(x²) + eps) · weight.
/// Shapes: x, weight, out [n]; out may be x.
void rms_norm(std::span<const float> x, std::span<const float> weight, float eps,
              std::span<float> out) noexcept;

/// inout += a.
/// Shapes: a, inout [n].
void add(std::span<const float> a, std::span<float> inout) noexcept;

/// inout += s · a, with one rounding per element.
/// Shapes: a, inout [n].
void scale_add(float s, std::span<const float> a, std::span<float> inout) noexcept;

/// out = gate · sigmoid(gate) · up.
/// Shapes: gate, up, out [n]; out may be either input.
void silu_mul(std::span<const float> gate, std::span<const float> up,
              std::span<float> out) noexcept;

/// e to the x: within 1 ulp of the exact value; -inf gives 0, overflow inf, NaN stays NaN.
float exp_f32(float x) noexcept;

/// The largest value; -inf when x is empty.
float max(std::span<const float> x) noexcept;

/// Writes the softmax of x and returns log(sum(exp(x))).
/// Shapes: x, out [n], n > 0; out may be x; entries of -inf get 0, and at least one is finite.
float softmax(std::span<const float> x, std::span<float> out) noexcept;

/// What one tile of logits adds to the log-sum-exp and the entropy of its whole row.
struct LogSumExpPart {
  float max = 0;       ///< largest logit of the tile
  float sum = 0;       ///< sum of exp(x - max)
  float weighted = 0;  ///< sum of (x - max) · exp(x - max)
};

struct LogSumExp {
  double logsumexp = 0;
  double entropy = 0;  ///< of softmax(x), in nats
};

/// Shapes: x [n], n > 0. The result depends on where tiles begin, so callers fix the tile size.
LogSumExpPart tile_stats(std::span<const float> x) noexcept;

/// Joins the tiles of one row, in their order.
/// Shapes: parts [n], n > 0; at least one logit of the row is finite.
LogSumExp combine(std::span<const LogSumExpPart> parts) noexcept;

}  // namespace moescope::kernels

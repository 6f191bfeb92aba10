#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "core/kernels/exp_constants.hpp"
#include "core/kernels/lanes.hpp"
#include "core/kernels/math64.hpp"
#include "core/kernels/ref.hpp"

namespace moescope::kernels::ref {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();

/// 2 to the n, for the n of normal numbers.
float power_of_two(std::int32_t n) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(n + 127) << 23);
}

}  // namespace

float exp_f32(float x) noexcept {
  using namespace exp_constants;
  if (x < kZeroBelow) return 0.0f;
  if (x > kInfAbove) return kInf;
  if (std::isnan(x)) return x;
  const float shifted = std::fma(x, kLog2E, kRound);
  const float n = shifted - kRound;
  const float r = std::fma(n, -kLn2Low, std::fma(n, -kLn2High, x));
  float q = kQ[5];
  for (std::size_t i = 5; i-- > 0;) q = std::fma(q, r, kQ[i]);
  const float e = 1.0f + std::fma(r * r, q, r);
  const auto whole = static_cast<std::int32_t>(n);
  const std::int32_t half = whole >> 1;
  return e * power_of_two(half) * power_of_two(whole - half);
}

float max(std::span<const float> x) noexcept {
  float best = -kInf;
  for (const float value : x) best = std::max(best, value);
  return best + 0.0f;  // -0 and +0 are equal: give +0 for both
}

void rms_norm(std::span<const float> x, std::span<const float> weight, float eps,
              std::span<float> out) noexcept {
  const float mean = dot(x, x) / static_cast<float>(x.size());
  const float scale = 1.0f / std::sqrt(mean + eps);
  for (std::size_t i = 0; i < x.size(); ++i) out[i] = x[i] * scale * weight[i];
}

void add(std::span<const float> a, std::span<float> inout) noexcept {
  for (std::size_t i = 0; i < a.size(); ++i) inout[i] += a[i];
}

void scale_add(float s, std::span<const float> a, std::span<float> inout) noexcept {
  for (std::size_t i = 0; i < a.size(); ++i) inout[i] = std::fma(s, a[i], inout[i]);
}

void silu_mul(std::span<const float> gate, std::span<const float> up,
              std::span<float> out) noexcept {
  for (std::size_t i = 0; i < gate.size(); ++i)
    out[i] = gate[i] / (1.0f + exp_f32(-gate[i])) * up[i];
}

float softmax(std::span<const float> x, std::span<float> out) noexcept {
  const float top = max(x);
  Lanes lanes;
  for (std::size_t i = 0; i < x.size(); ++i) {
    out[i] = exp_f32(x[i] - top);
    lanes.sum[i % kLanes] += out[i];
  }
  const float sum = lanes.fold();
  for (float& value : out.first(x.size())) value /= sum;
  return log_sum(top, sum);
}

LogSumExpPart tile_stats(std::span<const float> x) noexcept {
  const float top = max(x);
  if (top == -kInf) return {top, 0.0f, 0.0f};
  Lanes sum;
  Lanes weighted;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const float below = x[i] - top;
    const float e = exp_f32(below);
    sum.sum[i % kLanes] += e;
    float& w = weighted.sum[i % kLanes];
    w = std::fma(e == 0.0f ? 0.0f : below, e, w);
  }
  return {top, sum.fold(), weighted.fold()};
}

}  // namespace moescope::kernels::ref

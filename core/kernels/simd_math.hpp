// exp, max and softmax on vectors, compiled once per instruction set.
#include "core/kernels/simd_lanes.hpp"

#if defined(MOESCOPE_CORE_KERNELS_SIMD_MATH_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef MOESCOPE_CORE_KERNELS_SIMD_MATH_HPP
#undef MOESCOPE_CORE_KERNELS_SIMD_MATH_HPP
#else
#define MOESCOPE_CORE_KERNELS_SIMD_MATH_HPP
#endif

#if MOESCOPE_HAVE_LANES
#include <algorithm>
#include <limits>
#include <span>

#include "core/kernels/exp_constants.hpp"
#include "core/kernels/math64.hpp"

HWY_BEFORE_NAMESPACE();
namespace moescope::kernels::HWY_NAMESPACE {

/// e to the x, step by step as the plain twin.
HWY_INLINE V exp(V x) {
  using namespace exp_constants;
  constexpr D d;
  const hn::RebindToSigned<D> whole_d;
  const V shifted = hn::MulAdd(x, hn::Set(d, kLog2E), hn::Set(d, kRound));
  const V n = hn::Sub(shifted, hn::Set(d, kRound));
  const V r = hn::MulAdd(n, hn::Set(d, -kLn2Low), hn::MulAdd(n, hn::Set(d, -kLn2High), x));
  V q = hn::Set(d, kQ[5]);
  HWY_UNROLL(5)
  for (std::size_t i = 5; i-- > 0;) q = hn::MulAdd(q, r, hn::Set(d, kQ[i]));
  const V e = hn::Add(hn::Set(d, 1.0f), hn::MulAdd(hn::Mul(r, r), q, r));
  const auto whole =
      hn::Sub(hn::BitCast(whole_d, shifted), hn::BitCast(whole_d, hn::Set(d, kRound)));
  const auto half = hn::ShiftRight<1>(whole);
  const auto bias = hn::Set(whole_d, 127);
  const V scale = hn::BitCast(d, hn::ShiftLeft<23>(hn::Add(half, bias)));
  const V rest = hn::BitCast(d, hn::ShiftLeft<23>(hn::Add(hn::Sub(whole, half), bias)));
  V result = hn::Mul(hn::Mul(e, scale), rest);
  result = hn::IfThenZeroElse(hn::Lt(x, hn::Set(d, kZeroBelow)), result);
  const V inf = hn::Set(d, std::numeric_limits<float>::infinity());
  result = hn::IfThenElse(hn::Gt(x, hn::Set(d, kInfAbove)), inf, result);
  return hn::IfThenElse(hn::Eq(x, x), result, x);
}

/// The group of sixteen at i, in place or, when the values end before, filled up with -inf in rest.
HWY_INLINE const float* full_group(std::span<const float> x, std::size_t i, float* rest) {
  if (i + kLanes <= x.size()) return x.data() + i;
  std::fill_n(rest, kLanes, -std::numeric_limits<float>::infinity());
  std::copy(x.data() + i, x.data() + x.size(), rest);
  return rest;
}

HWY_INLINE float max_of(std::span<const float> x) {
  constexpr D d;
  V best[kVectors];
  for (V& value : best) value = hn::Set(d, -std::numeric_limits<float>::infinity());
  alignas(64) float rest[kLanes];
  for (std::size_t i = 0; i < x.size(); i += kLanes) {
    const float* group = full_group(x, i, rest);
    HWY_UNROLL(4)
    for (std::size_t v = 0; v < kVectors; ++v)
      best[v] = hn::Max(best[v], hn::LoadU(d, group + v * kWidth));
  }
  for (std::size_t v = 1; v < kVectors; ++v) best[0] = hn::Max(best[0], best[v]);
  return hn::GetLane(hn::MaxOfLanes(d, best[0])) + 0.0f;
}

HWY_INLINE float softmax_of(std::span<const float> x, std::span<float> out) {
  constexpr D d;
  const V top = hn::Set(d, max_of(x));
  alignas(64) float sums[kLanes] = {};
  alignas(64) float rest[kLanes];
  alignas(64) float group_out[kLanes];
  for (std::size_t i = 0; i < x.size(); i += kLanes) {
    const std::size_t n = std::min(kLanes, x.size() - i);
    const float* group = full_group(x, i, rest);
    float* to = n == kLanes ? out.data() + i : group_out;
    for (std::size_t v = 0; v < kLanes; v += kWidth) {
      const V e = exp(hn::Sub(hn::LoadU(d, group + v), top));
      hn::Store(hn::Add(hn::Load(d, sums + v), e), d, sums + v);
      hn::StoreU(e, d, to + v);
    }
    if (n < kLanes) std::copy_n(group_out, n, out.data() + i);
  }
  const float sum = fold(sums);
  const std::size_t n = x.size() / kWidth * kWidth;
  for (std::size_t i = 0; i < n; i += kWidth)
    hn::StoreU(hn::Div(hn::LoadU(d, out.data() + i), hn::Set(d, sum)), d, out.data() + i);
  for (std::size_t i = n; i < x.size(); ++i) out[i] /= sum;
  return log_sum(hn::GetLane(top), sum);
}

}  // namespace moescope::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif  // MOESCOPE_HAVE_LANES

#endif  // per-target include guard

#include "core/kernels/vector_ops.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/kernels/exp_constants.hpp"
#include "core/kernels/math64.hpp"
#include "core/kernels/matmul.hpp"
#include "core/kernels/ref.hpp"
#include "core/kernels/rope.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/kernels/vector_ops_simd.cpp"
#include "core/kernels/simd_targets.hpp"
// after simd_targets.hpp
#include <hwy/foreach_target.h>

#include "core/kernels/simd_math.hpp"

HWY_BEFORE_NAMESPACE();
namespace moescope::kernels::HWY_NAMESPACE {

#if MOESCOPE_HAVE_LANES

void rms_norm(std::span<const float> x, std::span<const float> weight, float square, float eps,
              std::span<float> out) {
  constexpr D d;
  const float mean = square / static_cast<float>(x.size());
  const float scale = 1.0f / std::sqrt(mean + eps);
  const std::size_t n = x.size() / kWidth * kWidth;
  for (std::size_t i = 0; i < n; i += kWidth) {
    const V scaled = hn::Mul(hn::LoadU(d, x.data() + i), hn::Set(d, scale));
    hn::StoreU(hn::Mul(scaled, hn::LoadU(d, weight.data() + i)), d, out.data() + i);
  }
  for (std::size_t i = n; i < x.size(); ++i) out[i] = x[i] * scale * weight[i];
}

void add(std::span<const float> a, std::span<float> inout) {
  constexpr D d;
  const std::size_t n = a.size() / kWidth * kWidth;
  for (std::size_t i = 0; i < n; i += kWidth) {
    float* at = inout.data() + i;
    hn::StoreU(hn::Add(hn::LoadU(d, at), hn::LoadU(d, a.data() + i)), d, at);
  }
  ref::add(a.subspan(n), inout.subspan(n));
}

void scale_add(float s, std::span<const float> a, std::span<float> inout) {
  constexpr D d;
  const std::size_t n = a.size() / kWidth * kWidth;
  for (std::size_t i = 0; i < n; i += kWidth) {
    float* at = inout.data() + i;
    hn::StoreU(hn::MulAdd(hn::Set(d, s), hn::LoadU(d, a.data() + i), hn::LoadU(d, at)), d, at);
  }
  ref::scale_add(s, a.subspan(n), inout.subspan(n));
}

void silu_mul(std::span<const float> gate, std::span<const float> up, std::span<float> out) {
  constexpr D d;
  const std::size_t n = gate.size() / kWidth * kWidth;
  for (std::size_t i = 0; i < n; i += kWidth) {
    const V g = hn::LoadU(d, gate.data() + i);
    const V silu = hn::Div(g, hn::Add(hn::Set(d, 1.0f), exp(hn::Neg(g))));
    hn::StoreU(hn::Mul(silu, hn::LoadU(d, up.data() + i)), d, out.data() + i);
  }
  ref::silu_mul(gate.subspan(n), up.subspan(n), out.subspan(n));
}

float softmax(std::span<const float> x, std::span<float> out) {
  return softmax_of(x, out);
}

float max(std::span<const float> x) {
  return max_of(x);
}

LogSumExpPart tile_stats(std::span<const float> x) {
  constexpr D d;
  const float top = max_of(x);
  if (top == -std::numeric_limits<float>::infinity()) return {top, 0.0f, 0.0f};
  alignas(64) float sums[kLanes] = {};
  alignas(64) float weighted[kLanes] = {};
  alignas(64) float rest[kLanes];
  for (std::size_t i = 0; i < x.size(); i += kLanes) {
    const float* group = full_group(x, i, rest);
    for (std::size_t v = 0; v < kLanes; v += kWidth) {
      const V below = hn::Sub(hn::LoadU(d, group + v), hn::Set(d, top));
      const V e = exp(below);
      const V finite = hn::IfThenZeroElse(hn::Eq(e, hn::Zero(d)), below);
      hn::Store(hn::Add(hn::Load(d, sums + v), e), d, sums + v);
      hn::Store(hn::MulAdd(finite, e, hn::Load(d, weighted + v)), d, weighted + v);
    }
  }
  return {top, fold(sums), fold(weighted)};
}

void rope_rotate_half(std::span<float> head, std::span<const float> cos,
                      std::span<const float> sin) {
  constexpr D d;
  const std::size_t half = head.size() / 2;
  const std::size_t n = half / kWidth * kWidth;
  float* low = head.data();
  float* high = low + half;
  for (std::size_t i = 0; i < n; i += kWidth) {
    const V a = hn::LoadU(d, low + i);
    const V b = hn::LoadU(d, high + i);
    const V c = hn::LoadU(d, cos.data() + i);
    const V s = hn::LoadU(d, sin.data() + i);
    hn::StoreU(hn::Sub(hn::Mul(a, c), hn::Mul(b, s)), d, low + i);
    hn::StoreU(hn::Add(hn::Mul(b, c), hn::Mul(a, s)), d, high + i);
  }
  for (std::size_t i = n; i < half; ++i) {
    const float a = low[i];
    const float b = high[i];
    low[i] = a * cos[i] - b * sin[i];
    high[i] = b * cos[i] + a * sin[i];
  }
}

#else

void rms_norm(std::span<const float> x, std::span<const float> weight, float, float eps,
              std::span<float> out) {
  ref::rms_norm(x, weight, eps, out);
}
void add(std::span<const float> a, std::span<float> inout) {
  ref::add(a, inout);
}
void scale_add(float s, std::span<const float> a, std::span<float> inout) {
  ref::scale_add(s, a, inout);
}
void silu_mul(std::span<const float> gate, std::span<const float> up, std::span<float> out) {
  ref::silu_mul(gate, up, out);
}
float softmax(std::span<const float> x, std::span<float> out) {
  return ref::softmax(x, out);
}
float max(std::span<const float> x) {
  return ref::max(x);
}
LogSumExpPart tile_stats(std::span<const float> x) {
  return ref::tile_stats(x);
}
void rope_rotate_half(std::span<float> head, std::span<const float> cos,
                      std::span<const float> sin) {
  ref::rope_rotate_half(head, cos, sin);
}

#endif

}  // namespace moescope::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace moescope::kernels {
namespace {

HWY_EXPORT(rms_norm);
HWY_EXPORT(add);
HWY_EXPORT(scale_add);
HWY_EXPORT(silu_mul);
HWY_EXPORT(softmax);
HWY_EXPORT(max);
HWY_EXPORT(tile_stats);
HWY_EXPORT(rope_rotate_half);

}  // namespace

void rms_norm(std::span<const float> x, std::span<const float> weight, float eps,
              std::span<float> out) noexcept {
  HWY_DYNAMIC_DISPATCH(rms_norm)(x, weight, dot(x, x), eps, out);
}

void add(std::span<const float> a, std::span<float> inout) noexcept {
  HWY_DYNAMIC_DISPATCH(add)(a, inout);
}

void scale_add(float s, std::span<const float> a, std::span<float> inout) noexcept {
  HWY_DYNAMIC_DISPATCH(scale_add)(s, a, inout);
}

void silu_mul(std::span<const float> gate, std::span<const float> up,
              std::span<float> out) noexcept {
  HWY_DYNAMIC_DISPATCH(silu_mul)(gate, up, out);
}

float exp_f32(float x) noexcept {
  return ref::exp_f32(x);
}

float max(std::span<const float> x) noexcept {
  return HWY_DYNAMIC_DISPATCH(max)(x);
}

float softmax(std::span<const float> x, std::span<float> out) noexcept {
  return HWY_DYNAMIC_DISPATCH(softmax)(x, out);
}

LogSumExpPart tile_stats(std::span<const float> x) noexcept {
  return HWY_DYNAMIC_DISPATCH(tile_stats)(x);
}

void rope_rotate_half(std::span<float> head, std::span<const float> cos,
                      std::span<const float> sin) noexcept {
  HWY_DYNAMIC_DISPATCH(rope_rotate_half)(head, cos, sin);
}

}  // namespace moescope::kernels
#endif  // HWY_ONCE

#include "core/kernels/attention.hpp"

#include "core/kernels/ref.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/kernels/attention_simd.cpp"
#include "core/kernels/simd_targets.hpp"
// after simd_targets.hpp
#include <hwy/foreach_target.h>

#include "core/kernels/simd_math.hpp"
#include "core/kernels/simd_rows.hpp"

HWY_BEFORE_NAMESPACE();
namespace moescope::kernels::HWY_NAMESPACE {

#if MOESCOPE_HAVE_LANES
namespace {

/// kCount vectors of the weighted sum of values, keys in rising order.
template <std::size_t kCount>
HWY_INLINE void sum_values(std::span<const float> p, const float* v, std::size_t stride,
                           float* out) {
  constexpr D d;
  V sum[kCount];
  HWY_UNROLL(8)
  for (std::size_t i = 0; i < kCount; ++i) sum[i] = hn::Zero(d);
  HWY_UNROLL(1)
  for (const float weight : p) {
    const V w = hn::Set(d, weight);
    HWY_UNROLL(8)
    for (std::size_t i = 0; i < kCount; ++i)
      sum[i] = hn::MulAdd(w, hn::LoadU(d, v + i * kWidth), sum[i]);
    v += stride;
  }
  HWY_UNROLL(8)
  for (std::size_t i = 0; i < kCount; ++i) hn::StoreU(sum[i], d, out + i * kWidth);
}

}  // namespace

float attend(std::span<const float> q, Rows<const float> k, Rows<const float> v, float scale,
             std::span<float> score_scratch, std::span<float> out) {
  const auto p = score_scratch.first(k.n_row);
  const StoredRows keys{reinterpret_cast<const std::byte*>(k.data), k.stride * sizeof(float),
                        k.n_row, q.size()};
  multiply_in_place<LoadF32>(keys, Rows<const float>(q.data(), 1, q.size()),
                             Rows<float>(p.data(), 1, p.size()));
  for (float& score : p) score *= scale;
  const float log_sum = softmax_of(p, p);
  std::size_t i = 0;
  for (; i + 8 * kWidth <= out.size(); i += 8 * kWidth)
    sum_values<8>(p, v.data + i, v.stride, out.data() + i);
  for (; i + kWidth <= out.size(); i += kWidth)
    sum_values<1>(p, v.data + i, v.stride, out.data() + i);
  for (; i < out.size(); ++i) {
    float sum = 0.0f;
    for (std::size_t j = 0; j < p.size(); ++j) sum = std::fma(p[j], v.at(j, i), sum);
    out[i] = sum;
  }
  return log_sum;
}

#else

float attend(std::span<const float> q, Rows<const float> k, Rows<const float> v, float scale,
             std::span<float> score_scratch, std::span<float> out) {
  return ref::attend(q, k, v, scale, score_scratch, out);
}

#endif

}  // namespace moescope::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace moescope::kernels {
namespace {

HWY_EXPORT(attend);

}  // namespace

float attend(std::span<const float> q, Rows<const float> k, Rows<const float> v, float scale,
             std::span<float> score_scratch, std::span<float> out) noexcept {
  return HWY_DYNAMIC_DISPATCH(attend)(q, k, v, scale, score_scratch, out);
}

}  // namespace moescope::kernels
#endif  // HWY_ONCE

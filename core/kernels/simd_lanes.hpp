// The sixteen lanes on vectors, compiled once per instruction set (Highway includes this
// repeatedly).
#include "core/kernels/simd_targets.hpp"
// before Highway
#include <hwy/highway.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "core/kernels/lanes.hpp"

#if defined(MOESCOPE_CORE_KERNELS_SIMD_LANES_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef MOESCOPE_CORE_KERNELS_SIMD_LANES_HPP
#undef MOESCOPE_CORE_KERNELS_SIMD_LANES_HPP
#else
#define MOESCOPE_CORE_KERNELS_SIMD_LANES_HPP
#endif

// Targets whose multiply-add is fused; every other one runs the plain twins.
#undef MOESCOPE_HAVE_LANES
#if HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_AVX3 || (HWY_TARGET == HWY_NEON && HWY_ARCH_ARM_A64)
#define MOESCOPE_HAVE_LANES 1
#else
#define MOESCOPE_HAVE_LANES 0
#endif

#if MOESCOPE_HAVE_LANES
HWY_BEFORE_NAMESPACE();
namespace moescope::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using D = hn::CappedTag<float, kLanes>;
using V = hn::Vec<D>;
inline constexpr std::size_t kWidth = hn::MaxLanes(D());  ///< lanes of one vector
inline constexpr std::size_t kVectors = kLanes / kWidth;  ///< vectors of one logical row
inline constexpr std::size_t kSums = HWY_TARGET == HWY_AVX2 ? 12 : 24;  ///< registers for sums
inline constexpr std::size_t kTileRows = HWY_TARGET == HWY_AVX2 ? 3 : 6;
inline constexpr std::size_t kTileTokens = 4;

/// Loads kWidth stored elements from any address as f32.
struct LoadF32 {
  static constexpr std::size_t kBytes = 4;
  static HWY_INLINE V load(const std::byte* at) {
    const hn::Repartition<std::uint8_t, D> bytes;
    return hn::BitCast(D(), hn::LoadU(bytes, reinterpret_cast<const std::uint8_t*>(at)));
  }
};

struct LoadF16 {
  static constexpr std::size_t kBytes = 2;
  static HWY_INLINE V load(const std::byte* at) {
    const hn::Rebind<hwy::float16_t, D> half;
    const hn::Repartition<std::uint8_t, decltype(half)> bytes;
    const auto stored = hn::LoadU(bytes, reinterpret_cast<const std::uint8_t*>(at));
    return hn::PromoteTo(D(), hn::BitCast(half, stored));
  }
};

struct LoadBF16 {
  static constexpr std::size_t kBytes = 2;
  static HWY_INLINE V load(const std::byte* at) {
    const hn::Rebind<std::uint16_t, D> half;
    const hn::Repartition<std::uint8_t, decltype(half)> bytes;
    const hn::Repartition<std::uint32_t, D> word;
    const auto stored = hn::LoadU(bytes, reinterpret_cast<const std::uint8_t*>(at));
    return hn::BitCast(D(), hn::ShiftLeft<16>(hn::PromoteTo(word, hn::BitCast(half, stored))));
  }
};

/// Converts n stored elements to f32.
template <class Load>
HWY_INLINE void decode_elements(const std::byte* at, std::size_t n, float* out) {
  std::size_t i = 0;
  for (; i + kWidth <= n; i += kWidth) hn::StoreU(Load::load(at + i * Load::kBytes), D(), out + i);
  if (i == n) return;
  alignas(64) std::byte rest[kWidth * 4] = {};
  alignas(64) float values[kWidth];
  std::copy(at + i * Load::kBytes, at + n * Load::kBytes, rest);
  hn::Store(Load::load(rest), D(), values);
  std::copy(values, values + (n - i), out + i);
}

/// Adds the products of n_group full lane groups to tokens × rows × 16 sums in memory.
/// The lanes are independent, so a tile that needs too many registers takes them a few at a time.
/// Weights that are `ahead` bytes away are fetched into the cache meanwhile.
template <class Load, std::size_t kTokens, std::size_t kRows>
HWY_INLINE void accumulate(const float* const* x, const std::byte* const* w, std::size_t n_group,
                           std::size_t ahead, float* HWY_RESTRICT sums) {
  constexpr std::size_t kFit = kSums / (kTokens * kRows);
  constexpr std::size_t kPass = kFit >= kVectors ? kVectors : kFit >= 2 ? 2 : 1;
  constexpr D d;
  for (std::size_t first = 0; first < kLanes; first += kPass * kWidth) {
    V sum[kTokens][kRows][kPass];
    const float* xs[kTokens];
    const std::byte* ws[kRows];
    HWY_UNROLL(8)
    for (std::size_t t = 0; t < kTokens; ++t) {
      xs[t] = x[t] + first;
      HWY_UNROLL(8)
      for (std::size_t r = 0; r < kRows; ++r) HWY_UNROLL(8)
      for (std::size_t v = 0; v < kPass; ++v)
        sum[t][r][v] = hn::Load(d, sums + (t * kRows + r) * kLanes + first + v * kWidth);
    }
    HWY_UNROLL(8)
    for (std::size_t r = 0; r < kRows; ++r) ws[r] = w[r] + first * Load::kBytes;
    HWY_UNROLL(1)
    for (std::size_t k = 0; k < n_group * kLanes; k += kLanes) {
      HWY_UNROLL(8)
      for (std::size_t r = 0; r < kRows; ++r) __builtin_prefetch(ws[r] + k * Load::kBytes + ahead);
      HWY_UNROLL(8)
      for (std::size_t v = 0; v < kPass; ++v) {
        V weight[kRows];
        HWY_UNROLL(8)
        for (std::size_t r = 0; r < kRows; ++r)
          weight[r] = Load::load(ws[r] + (k + v * kWidth) * Load::kBytes);
        HWY_UNROLL(8)
        for (std::size_t t = 0; t < kTokens; ++t) {
          const V value = hn::LoadU(d, xs[t] + k + v * kWidth);
          HWY_UNROLL(8)
          for (std::size_t r = 0; r < kRows; ++r)
            sum[t][r][v] = hn::MulAdd(value, weight[r], sum[t][r][v]);
        }
      }
    }
    HWY_UNROLL(8)
    for (std::size_t t = 0; t < kTokens; ++t) HWY_UNROLL(8)
    for (std::size_t r = 0; r < kRows; ++r) HWY_UNROLL(8)
    for (std::size_t v = 0; v < kPass; ++v)
      hn::Store(sum[t][r][v], d, sums + (t * kRows + r) * kLanes + first + v * kWidth);
  }
}

/// Folds sixteen aligned sums by the fixed tree.
HWY_INLINE float fold(const float* sums) {
  const hn::Full128<float> d;
  const auto low = hn::Add(hn::Load(d, sums), hn::Load(d, sums + 8));
  const auto high = hn::Add(hn::Load(d, sums + 4), hn::Load(d, sums + 12));
  const auto four = hn::Add(low, high);
  const auto two = hn::Add(four, hn::Shuffle1032(four));
  return hn::GetLane(hn::Add(two, hn::Shuffle2301(two)));
}

/// Copies the n < 16 values of a last group and fills it up with zeros.
HWY_INLINE void pad_group(const float* values, std::size_t n, float* group) {
  for (std::size_t i = 0; i < kLanes; ++i) group[i] = i < n ? values[i] : 0.0f;
}

}  // namespace moescope::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif  // MOESCOPE_HAVE_LANES

#endif  // per-target include guard

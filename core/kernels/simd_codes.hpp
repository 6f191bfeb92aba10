// Small stored codes as f32, sixteen at a time, compiled once per instruction set. The f32 operations
// are those of the plain decoders, in their order.
#include "core/kernels/simd_lanes.hpp"

#if defined(MOESCOPE_CORE_KERNELS_SIMD_CODES_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef MOESCOPE_CORE_KERNELS_SIMD_CODES_HPP
#undef MOESCOPE_CORE_KERNELS_SIMD_CODES_HPP
#else
#define MOESCOPE_CORE_KERNELS_SIMD_CODES_HPP
#endif

#if MOESCOPE_HAVE_LANES
#include "core/kernels/stored.hpp"

HWY_BEFORE_NAMESPACE();
namespace moescope::kernels::HWY_NAMESPACE {

using Bytes = hn::Full128<std::uint8_t>;
using B = hn::Vec<Bytes>;  ///< sixteen codes
using SignedBytes = hn::Full128<std::int8_t>;

HWY_INLINE B load_codes(const std::byte* at) {
  return hn::LoadU(Bytes(), reinterpret_cast<const std::uint8_t*>(at));
}

HWY_INLINE B low_nibbles(B packed) {
  return hn::And(packed, hn::Set(Bytes(), 0x0f));
}

/// Each byte shifted right; the bits that come in from its neighbour are cut off.
template <int kBits>
HWY_INLINE B shift_right(B packed) {
  const hn::Full128<std::uint16_t> words;
  const auto shifted = hn::BitCast(Bytes(), hn::ShiftRight<kBits>(hn::BitCast(words, packed)));
  return hn::And(shifted, hn::Set(Bytes(), static_cast<std::uint8_t>(0xff >> kBits)));
}

HWY_INLINE B high_nibbles(B packed) {
  return shift_right<4>(packed);
}

/// `value` in every byte whose tested bit is set, else 0.
HWY_INLINE B where_bit(B bytes, B bit, std::uint8_t value) {
  return hn::And(hn::VecFromMask(hn::TestBit(bytes, bit)), hn::Set(Bytes(), value));
}

/// Vector number v of sixteen codes as f32.
template <std::size_t v, class Vec128>
HWY_INLINE V floats_at(Vec128 codes) {
  using Lane = hn::TFromV<Vec128>;
  const hn::RebindToSigned<D> words;
  const hn::Full128<Lane> whole;
  const auto from = [&]() HWY_ATTR {
    if constexpr (v == 0)
      return codes;
    else
      return hn::ShiftRightBytes<static_cast<int>(v * kWidth)>(whole, codes);
  }();
  if constexpr (kWidth == 16) {
    return hn::ConvertTo(D(), hn::PromoteTo(words, from));
  } else {
    const hn::Half<decltype(whole)> half;
    if constexpr (kWidth == 8)
      return hn::ConvertTo(D(), hn::PromoteTo(words, hn::LowerHalf(half, from)));
    else
      return hn::ConvertTo(D(), hn::PromoteTo(words, hn::LowerHalf(hn::Half<decltype(half)>(),
                                                                   hn::LowerHalf(half, from))));
  }
}

/// Calls put(v, floats) for each vector of sixteen codes.
template <class Vec128, class Put>
HWY_INLINE void each_vector(Vec128 codes, const Put& put) {
  put(0, floats_at<0>(codes));
  if constexpr (kVectors > 1) put(1, floats_at<1>(codes));
  if constexpr (kVectors > 2) {
    put(2, floats_at<2 % kVectors>(codes));
    put(3, floats_at<3 % kVectors>(codes));
  }
}

/// out = scale · code.
template <class Vec128>
HWY_INLINE void put_scaled(Vec128 codes, V scale, float* out) {
  each_vector(codes, [&](std::size_t v, V q)
                         HWY_ATTR { hn::StoreU(hn::Mul(scale, q), D(), out + v * kWidth); });
}

/// out = scale · code + offset, rounded twice.
template <class Vec128>
HWY_INLINE void put_scaled_plus(Vec128 codes, V scale, V offset, float* out) {
  each_vector(codes, [&](std::size_t v, V q) HWY_ATTR {
    hn::StoreU(hn::Add(hn::Mul(scale, q), offset), D(), out + v * kWidth);
  });
}

/// out = scale · code - offset, rounded twice.
template <class Vec128>
HWY_INLINE void put_scaled_less(Vec128 codes, V scale, V offset, float* out) {
  each_vector(codes, [&](std::size_t v, V q) HWY_ATTR {
    hn::StoreU(hn::Sub(hn::Mul(scale, q), offset), D(), out + v * kWidth);
  });
}

HWY_INLINE hn::Vec<SignedBytes> as_signed(B codes) {
  return hn::BitCast(SignedBytes(), codes);
}

/// Codes less a zero point.
HWY_INLINE hn::Vec<SignedBytes> less(B codes, int zero) {
  return as_signed(hn::Sub(codes, hn::Set(Bytes(), static_cast<std::uint8_t>(zero))));
}

/// A 16-bit float, exactly.
HWY_INLINE float load_half(const std::byte* at) {
  const hn::Full128<float> d;
  const hn::Rebind<std::uint16_t, decltype(d)> words;
  const hn::Rebind<hwy::float16_t, decltype(d)> half;
  return hn::GetLane(hn::PromoteTo(d, hn::BitCast(half, hn::Set(words, ref::u16(at)))));
}

HWY_INLINE V load_half_all(const std::byte* at) {
  return hn::Set(D(), load_half(at));
}

}  // namespace moescope::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif  // MOESCOPE_HAVE_LANES

#endif  // per-target include guard

// Decoders of the blocks of 32 elements, compiled once per instruction set; see blocks32_ref.cpp for
// what the bits mean.
#include "core/kernels/simd_codes.hpp"

#if defined(MOESCOPE_CORE_KERNELS_SIMD_BLOCKS32_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef MOESCOPE_CORE_KERNELS_SIMD_BLOCKS32_HPP
#undef MOESCOPE_CORE_KERNELS_SIMD_BLOCKS32_HPP
#else
#define MOESCOPE_CORE_KERNELS_SIMD_BLOCKS32_HPP
#endif

#if MOESCOPE_HAVE_LANES

HWY_BEFORE_NAMESPACE();
namespace moescope::kernels::HWY_NAMESPACE {

inline constexpr std::size_t kBlock32 = 32;

inline void decode_q8_0(const std::byte* at, std::size_t n, float* out) {
  for (std::size_t b = 0; b < n / kBlock32; ++b, at += 34, out += kBlock32) {
    const V d = load_half_all(at);
    put_scaled(as_signed(load_codes(at + 2)), d, out);
    put_scaled(as_signed(load_codes(at + 18)), d, out + 16);
  }
}

inline void decode_q4_0(const std::byte* at, std::size_t n, float* out) {
  for (std::size_t b = 0; b < n / kBlock32; ++b, at += 18, out += kBlock32) {
    const V d = load_half_all(at);
    const B packed = load_codes(at + 2);
    put_scaled(less(low_nibbles(packed), 8), d, out);
    put_scaled(less(high_nibbles(packed), 8), d, out + 16);
  }
}

inline void decode_q4_1(const std::byte* at, std::size_t n, float* out) {
  for (std::size_t b = 0; b < n / kBlock32; ++b, at += 20, out += kBlock32) {
    const V d = load_half_all(at);
    const V m = load_half_all(at + 2);
    const B packed = load_codes(at + 4);
    put_scaled_plus(low_nibbles(packed), d, m, out);
    put_scaled_plus(high_nibbles(packed), d, m, out + 16);
  }
}

/// The fifth bits of sixteen elements from `first` on, in their place.
template <std::size_t kFirst>
HWY_INLINE B fifth_bits(const std::byte* high) {
  constexpr std::uint8_t k = kFirst / 8;
  alignas(16) static constexpr std::uint8_t kByteOf[16] = {
      k, k, k, k, k, k, k, k, k + 1, k + 1, k + 1, k + 1, k + 1, k + 1, k + 1, k + 1};
  alignas(16) static constexpr std::uint8_t kBitOf[16] = {1, 2, 4, 8, 16, 32, 64, 128,
                                                          1, 2, 4, 8, 16, 32, 64, 128};
  const hn::Full128<std::uint32_t> words;
  const B all = hn::BitCast(Bytes(), hn::Set(words, ref::u32(high)));
  const B spread = hn::TableLookupBytes(all, hn::Load(Bytes(), kByteOf));
  return where_bit(spread, hn::Load(Bytes(), kBitOf), 16);
}

inline void decode_q5_0(const std::byte* at, std::size_t n, float* out) {
  for (std::size_t b = 0; b < n / kBlock32; ++b, at += 22, out += kBlock32) {
    const V d = load_half_all(at);
    const B packed = load_codes(at + 6);
    put_scaled(less(hn::Or(low_nibbles(packed), fifth_bits<0>(at + 2)), 16), d, out);
    put_scaled(less(hn::Or(high_nibbles(packed), fifth_bits<16>(at + 2)), 16), d, out + 16);
  }
}

inline void decode_q5_1(const std::byte* at, std::size_t n, float* out) {
  for (std::size_t b = 0; b < n / kBlock32; ++b, at += 24, out += kBlock32) {
    const V d = load_half_all(at);
    const V m = load_half_all(at + 2);
    const B packed = load_codes(at + 8);
    put_scaled_plus(hn::Or(low_nibbles(packed), fifth_bits<0>(at + 4)), d, m, out);
    put_scaled_plus(hn::Or(high_nibbles(packed), fifth_bits<16>(at + 4)), d, m, out + 16);
  }
}

/// Sixteen values by their codes.
HWY_INLINE hn::Vec<SignedBytes> look_up(const std::int8_t* values, B codes) {
  return hn::TableLookupBytes(hn::LoadU(SignedBytes(), values), as_signed(codes));
}

inline void decode_iq4_nl(const std::byte* at, std::size_t n, float* out) {
  for (std::size_t b = 0; b < n / kBlock32; ++b, at += 18, out += kBlock32) {
    const V d = load_half_all(at);
    const B packed = load_codes(at + 2);
    put_scaled(look_up(ref::kIq4Values, low_nibbles(packed)), d, out);
    put_scaled(look_up(ref::kIq4Values, high_nibbles(packed)), d, out + 16);
  }
}

inline void decode_mxfp4(const std::byte* at, std::size_t n, float* out) {
  for (std::size_t b = 0; b < n / kBlock32; ++b, at += 17, out += kBlock32) {
    const V d = hn::Set(D(), ref::mxfp4_half_scale(ref::u8(at)));
    const B packed = load_codes(at + 1);
    put_scaled(look_up(ref::kE2M1Doubled, low_nibbles(packed)), d, out);
    put_scaled(look_up(ref::kE2M1Doubled, high_nibbles(packed)), d, out + 16);
  }
}

}  // namespace moescope::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif  // MOESCOPE_HAVE_LANES

#endif  // per-target include guard

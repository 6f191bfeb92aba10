// Decoders of the blocks of 256 elements, compiled once per instruction set; see blocks256_ref.cpp
// for what the bits mean.
#include "core/kernels/simd_blocks32.hpp"

#if defined(MOESCOPE_CORE_KERNELS_SIMD_BLOCKS256_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef MOESCOPE_CORE_KERNELS_SIMD_BLOCKS256_HPP
#undef MOESCOPE_CORE_KERNELS_SIMD_BLOCKS256_HPP
#else
#define MOESCOPE_CORE_KERNELS_SIMD_BLOCKS256_HPP
#endif

#if MOESCOPE_HAVE_LANES
#include <cstring>

HWY_BEFORE_NAMESPACE();
namespace moescope::kernels::HWY_NAMESPACE {

/// Sixteen small whole numbers times f32 factors, for the blocks' own scales.
struct Scales {
  alignas(64) float value[16];

  template <class Vec128>
  HWY_INLINE void set(Vec128 codes, V factor) {
    put_scaled(codes, factor, value);
  }
  HWY_INLINE V all(std::size_t i) const { return hn::Set(D(), value[i]); }
};

/// The eight scales and eight minima that q4_k and q5_k pack at six bits each, multiplied.
struct ScalesAndMins {
  alignas(64) float scale[16];
  alignas(64) float min[16];

  HWY_INLINE void unpack(const std::byte* block) {
    constexpr std::uint32_t kSix = 0x3f3f3f3f;
    constexpr std::uint32_t kFour = 0x0f0f0f0f;
    constexpr std::uint32_t kTwoHigh = 0x30303030;
    const std::uint32_t a = ref::u32(block + 4);
    const std::uint32_t b = ref::u32(block + 8);
    const std::uint32_t c = ref::u32(block + 12);
    alignas(16) std::uint32_t scales[4] = {a & kSix, (c & kFour) | (a >> 2 & kTwoHigh), 0, 0};
    alignas(16) std::uint32_t mins[4] = {b & kSix, (c >> 4 & kFour) | (b >> 2 & kTwoHigh), 0, 0};
    put_scaled(load_codes(reinterpret_cast<const std::byte*>(scales)), load_half_all(block), scale);
    put_scaled(load_codes(reinterpret_cast<const std::byte*>(mins)), load_half_all(block + 2), min);
  }
};

inline void decode_q4_k(const std::byte* at, std::size_t n, float* out) {
  for (std::size_t b = 0; b < n / ref::kSuperBlock; ++b, at += 144) {
    ScalesAndMins s;
    s.unpack(at);
    for (std::size_t j = 0; j < 8; j += 2, out += 64) {
      const V scale[2] = {hn::Set(D(), s.scale[j]), hn::Set(D(), s.scale[j + 1])};
      const V min[2] = {hn::Set(D(), s.min[j]), hn::Set(D(), s.min[j + 1])};
      for (std::size_t i = 0; i < 32; i += 16) {
        const B packed = load_codes(at + 16 + j * 16 + i);
        put_scaled_less(low_nibbles(packed), scale[0], min[0], out + i);
        put_scaled_less(high_nibbles(packed), scale[1], min[1], out + 32 + i);
      }
    }
  }
}

inline void decode_q5_k(const std::byte* at, std::size_t n, float* out) {
  for (std::size_t b = 0; b < n / ref::kSuperBlock; ++b, at += 176) {
    ScalesAndMins s;
    s.unpack(at);
    for (std::size_t j = 0; j < 8; j += 2, out += 64) {
      const V scale[2] = {hn::Set(D(), s.scale[j]), hn::Set(D(), s.scale[j + 1])};
      const V min[2] = {hn::Set(D(), s.min[j]), hn::Set(D(), s.min[j + 1])};
      const B bit[2] = {hn::Set(Bytes(), static_cast<std::uint8_t>(1u << j)),
                        hn::Set(Bytes(), static_cast<std::uint8_t>(2u << j))};
      for (std::size_t i = 0; i < 32; i += 16) {
        const B packed = load_codes(at + 48 + j * 16 + i);
        const B high = load_codes(at + 16 + i);
        put_scaled_less(hn::Or(low_nibbles(packed), where_bit(high, bit[0], 16)), scale[0], min[0],
                        out + i);
        put_scaled_less(hn::Or(high_nibbles(packed), where_bit(high, bit[1], 16)), scale[1], min[1],
                        out + 32 + i);
      }
    }
  }
}

/// Two bits of each byte, from bit 2 · kRun on.
template <int kRun>
HWY_INLINE B two_bits(B packed) {
  if constexpr (kRun == 0)
    return hn::And(packed, hn::Set(Bytes(), 3));
  else
    return hn::And(shift_right<2 * kRun>(packed), hn::Set(Bytes(), 3));
}

inline void decode_q6_k(const std::byte* at, std::size_t n, float* out) {
  for (std::size_t b = 0; b < n / ref::kSuperBlock; ++b, at += 210) {
    Scales s;
    s.set(as_signed(load_codes(at + 192)), load_half_all(at + 208));
    for (std::size_t half = 0; half < 2; ++half, out += 128) {
      for (std::size_t i = 0; i < 2; ++i) {
        const B first = load_codes(at + half * 64 + i * 16);
        const B second = load_codes(at + half * 64 + 32 + i * 16);
        const B high = load_codes(at + 128 + half * 32 + i * 16);
        const auto put = [&](std::size_t run, B low, B two) HWY_ATTR {
          const B code = hn::Or(low, hn::BitCast(Bytes(), hn::ShiftLeft<4>(hn::BitCast(
                                                              hn::Full128<std::uint16_t>(), two))));
          put_scaled(less(code, 32), s.all(half * 8 + run * 2 + i), out + run * 32 + i * 16);
        };
        put(0, low_nibbles(first), two_bits<0>(high));
        put(1, low_nibbles(second), two_bits<1>(high));
        put(2, high_nibbles(first), two_bits<2>(high));
        put(3, high_nibbles(second), two_bits<3>(high));
      }
    }
  }
}

inline void decode_q2_k(const std::byte* at, std::size_t n, float* out) {
  for (std::size_t b = 0; b < n / ref::kSuperBlock; ++b, at += 84) {
    const B packed_scales = load_codes(at);
    Scales scale;
    Scales min;
    scale.set(low_nibbles(packed_scales), load_half_all(at + 80));
    min.set(high_nibbles(packed_scales), load_half_all(at + 82));
    for (std::size_t half = 0; half < 2; ++half, out += 128) {
      for (std::size_t i = 0; i < 2; ++i) {
        const B packed = load_codes(at + 16 + half * 32 + i * 16);
        const auto put = [&](std::size_t run, B codes) HWY_ATTR {
          const std::size_t k = half * 8 + run * 2 + i;
          put_scaled_less(codes, scale.all(k), min.all(k), out + run * 32 + i * 16);
        };
        put(0, two_bits<0>(packed));
        put(1, two_bits<1>(packed));
        put(2, two_bits<2>(packed));
        put(3, two_bits<3>(packed));
      }
    }
  }
}

/// The sixteen scales that q3_k packs at six bits each.
HWY_INLINE B q3_k_scales(const std::byte* packed) {
  constexpr std::uint32_t kFour = 0x0f0f0f0f;
  constexpr std::uint32_t kTwo = 0x03030303;
  const std::uint32_t a = ref::u32(packed);
  const std::uint32_t b = ref::u32(packed + 4);
  const std::uint32_t c = ref::u32(packed + 8);
  alignas(16) const std::uint32_t out[4] = {
      (a & kFour) | (c & kTwo) << 4, (b & kFour) | (c >> 2 & kTwo) << 4,
      (a >> 4 & kFour) | (c >> 4 & kTwo) << 4, (b >> 4 & kFour) | (c >> 6 & kTwo) << 4};
  return load_codes(reinterpret_cast<const std::byte*>(out));
}

inline void decode_q3_k(const std::byte* at, std::size_t n, float* out) {
  for (std::size_t b = 0; b < n / ref::kSuperBlock; ++b, at += 110) {
    Scales s;
    s.set(less(q3_k_scales(at + 96), 32), load_half_all(at + 108));
    for (std::size_t half = 0; half < 2; ++half, out += 128) {
      for (std::size_t i = 0; i < 2; ++i) {
        const B packed = load_codes(at + 32 + half * 32 + i * 16);
        const B high = load_codes(at + i * 16);
        const auto put = [&](std::size_t run, B low) HWY_ATTR {
          const B bit = hn::Set(Bytes(), static_cast<std::uint8_t>(1u << (half * 4 + run)));
          const B code = hn::Or(low, where_bit(high, bit, 4));
          put_scaled(less(code, 4), s.all(half * 8 + run * 2 + i), out + run * 32 + i * 16);
        };
        put(0, two_bits<0>(packed));
        put(1, two_bits<1>(packed));
        put(2, two_bits<2>(packed));
        put(3, two_bits<3>(packed));
      }
    }
  }
}

inline void decode_iq4_xs(const std::byte* at, std::size_t n, float* out) {
  for (std::size_t b = 0; b < n / ref::kSuperBlock; ++b, at += 136) {
    const float d = load_half(at);
    for (std::size_t i = 0; i < 8; ++i, out += 32) {
      const V scale = hn::Set(D(), d * ref::iq4_xs_scale(ref::u16(at + 2), at + 4, i));
      const B packed = load_codes(at + 8 + i * 16);
      put_scaled(look_up(ref::kIq4Values, low_nibbles(packed)), scale, out);
      put_scaled(look_up(ref::kIq4Values, high_nibbles(packed)), scale, out + 16);
    }
  }
}

}  // namespace moescope::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif  // MOESCOPE_HAVE_LANES

#endif  // per-target include guard

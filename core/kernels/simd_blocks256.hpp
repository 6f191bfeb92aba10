// Codecs of the blocks of 256 elements, compiled once per instruction set; see blocks256_ref.cpp for
// what the bits mean and simd_blocks32.hpp for what a codec is.
#include "core/kernels/simd_blocks32.hpp"

#if defined(MOESCOPE_CORE_KERNELS_SIMD_BLOCKS256_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef MOESCOPE_CORE_KERNELS_SIMD_BLOCKS256_HPP
#undef MOESCOPE_CORE_KERNELS_SIMD_BLOCKS256_HPP
#else
#define MOESCOPE_CORE_KERNELS_SIMD_BLOCKS256_HPP
#endif

#if MOESCOPE_HAVE_LANES

HWY_BEFORE_NAMESPACE();
namespace moescope::kernels::HWY_NAMESPACE {

/// Sixteen small whole numbers times an f32 factor: the scales of a block's parts.
struct Scales {
  alignas(64) float value[16];

  template <class Vec128>
  HWY_INLINE Scales(Vec128 codes, V factor) {
    StoreSink sink{value};
    put_scaled(codes, factor, 0, sink);
  }
  HWY_INLINE V all(std::size_t i) const { return hn::Set(D(), value[i]); }
};

/// Sixteen codes, byte by byte in two words; no way through memory, which would stall.
HWY_INLINE B codes_of(std::uint64_t first, std::uint64_t second) {
  const hn::Full128<std::uint64_t> words;
  const hn::Half<decltype(words)> half;
  return hn::BitCast(Bytes(), hn::Combine(words, hn::Set(half, second), hn::Set(half, first)));
}

/// Four bytes behind four others.
HWY_INLINE std::uint64_t join(std::uint32_t first, std::uint32_t second) {
  return first | static_cast<std::uint64_t>(second) << 32;
}

/// The eight scales, then the eight minima that q4_k and q5_k pack at six bits each.
HWY_INLINE B k_scales_and_mins(const std::byte* packed) {
  constexpr std::uint32_t kSix = 0x3f3f3f3f;
  constexpr std::uint32_t kFour = 0x0f0f0f0f;
  constexpr std::uint32_t kTwoHigh = 0x30303030;
  const std::uint32_t a = ref::u32(packed);
  const std::uint32_t b = ref::u32(packed + 4);
  const std::uint32_t c = ref::u32(packed + 8);
  return codes_of(join(a & kSix, (c & kFour) | (a >> 2 & kTwoHigh)),
                  join(b & kSix, (c >> 4 & kFour) | (b >> 2 & kTwoHigh)));
}

/// What scales and minima come to.
struct ScalesAndMins {
  Scales scales;
  Scales mins;  ///< from element 8 on

  HWY_INLINE explicit ScalesAndMins(const std::byte* block)
      : scales(k_scales_and_mins(block + 4), load_half_all(block)),
        mins(k_scales_and_mins(block + 4), load_half_all(block + 2)) {}
  HWY_INLINE V scale(std::size_t i) const { return scales.all(i); }
  HWY_INLINE V min(std::size_t i) const { return mins.all(8 + i); }
};

struct CodecQ4K {
  static constexpr std::size_t kElements = 256;
  static constexpr std::size_t kBytes = 144;
  template <class Sink>
  static HWY_INLINE void block(const std::byte* at, std::size_t i, Sink& sink) {
    const ScalesAndMins of(at);
    at += 16;
    HWY_UNROLL(4)
    for (std::size_t j = 0; j < 8; j += 2, at += 32, i += 64) {
      const Nibbles<Lowered> low(Lowered{of.scale(j), of.min(j)});
      const Nibbles<Lowered> high(Lowered{of.scale(j + 1), of.min(j + 1)});
      const B first = load_codes(at);
      const B second = load_codes(at + 16);
      low.put_low(first, i, sink);
      low.put_low(second, i + 16, sink);
      high.put_high(first, i + 32, sink);
      high.put_high(second, i + 48, sink);
    }
  }
};

struct CodecQ5K {
  static constexpr std::size_t kElements = 256;
  static constexpr std::size_t kBytes = 176;
  template <class Sink>
  static HWY_INLINE void block(const std::byte* at, std::size_t i, Sink& sink) {
    const ScalesAndMins of(at);
    const B fifth[2] = {load_codes(at + 16), load_codes(at + 32)};
    at += 48;
    for (std::size_t j = 0; j < 8; j += 2, at += 32, i += 64) {
      const B packed[2] = {load_codes(at), load_codes(at + 16)};
      const auto put = [&](std::size_t part, B low, std::size_t h) HWY_ATTR {
        const B bit = hn::Set(Bytes(), static_cast<std::uint8_t>(1u << part));
        put_scaled_less(hn::Or(low, where_bit(fifth[h], bit, 16)), of.scale(part), of.min(part),
                        i + part % 2 * 32 + h * 16, sink);
      };
      put(j, low_nibbles(packed[0]), 0);
      put(j, low_nibbles(packed[1]), 1);
      put(j + 1, high_nibbles(packed[0]), 0);
      put(j + 1, high_nibbles(packed[1]), 1);
    }
  }
};

/// Two bits of each byte, from bit 2 · kRun on.
template <int kRun>
HWY_INLINE B two_bits(B packed) {
  if constexpr (kRun == 0)
    return hn::And(packed, hn::Set(Bytes(), 3));
  else
    return hn::And(shift_right<2 * kRun>(packed), hn::Set(Bytes(), 3));
}

/// Each byte, below 16, shifted left by four.
HWY_INLINE B up_four(B codes) {
  const hn::Full128<std::uint16_t> words;
  return hn::BitCast(Bytes(), hn::ShiftLeft<4>(hn::BitCast(words, codes)));
}

struct CodecQ6K {
  static constexpr std::size_t kElements = 256;
  static constexpr std::size_t kBytes = 210;
  template <class Sink>
  static HWY_INLINE void block(const std::byte* at, std::size_t i, Sink& sink) {
    const Scales scale(as_signed(load_codes(at + 192)), load_half_all(at + 208));
    for (std::size_t half = 0; half < 2; ++half, i += 128) {
      const auto put = [&](std::size_t run, std::size_t h, B low, B two) HWY_ATTR {
        put_scaled(less(hn::Or(low, up_four(two)), 32), scale.all(half * 8 + run * 2 + h),
                   i + run * 32 + h * 16, sink);
      };
      const std::byte* low = at + half * 64;
      const B first[2] = {load_codes(low), load_codes(low + 16)};
      const B second[2] = {load_codes(low + 32), load_codes(low + 48)};
      const B high[2] = {load_codes(at + 128 + half * 32), load_codes(at + 144 + half * 32)};
      for (std::size_t h = 0; h < 2; ++h) put(0, h, low_nibbles(first[h]), two_bits<0>(high[h]));
      for (std::size_t h = 0; h < 2; ++h) put(1, h, low_nibbles(second[h]), two_bits<1>(high[h]));
      for (std::size_t h = 0; h < 2; ++h) put(2, h, high_nibbles(first[h]), two_bits<2>(high[h]));
      for (std::size_t h = 0; h < 2; ++h) put(3, h, high_nibbles(second[h]), two_bits<3>(high[h]));
    }
  }
};

struct CodecQ2K {
  static constexpr std::size_t kElements = 256;
  static constexpr std::size_t kBytes = 84;
  template <class Sink>
  static HWY_INLINE void block(const std::byte* at, std::size_t i, Sink& sink) {
    const B packed_scales = load_codes(at);
    const Scales scale(low_nibbles(packed_scales), load_half_all(at + 80));
    const Scales min(high_nibbles(packed_scales), load_half_all(at + 82));
    for (std::size_t half = 0; half < 2; ++half, i += 128) {
      const auto put = [&](std::size_t run, std::size_t h, B codes) HWY_ATTR {
        const std::size_t k = half * 8 + run * 2 + h;
        put_scaled_less(codes, scale.all(k), min.all(k), i + run * 32 + h * 16, sink);
      };
      const B packed[2] = {load_codes(at + 16 + half * 32), load_codes(at + 32 + half * 32)};
      for (std::size_t h = 0; h < 2; ++h) put(0, h, two_bits<0>(packed[h]));
      for (std::size_t h = 0; h < 2; ++h) put(1, h, two_bits<1>(packed[h]));
      for (std::size_t h = 0; h < 2; ++h) put(2, h, two_bits<2>(packed[h]));
      for (std::size_t h = 0; h < 2; ++h) put(3, h, two_bits<3>(packed[h]));
    }
  }
};

/// The sixteen scales that q3_k packs at six bits each.
HWY_INLINE B q3_k_scales(const std::byte* packed) {
  constexpr std::uint32_t kFour = 0x0f0f0f0f;
  constexpr std::uint32_t kTwo = 0x03030303;
  const std::uint32_t a = ref::u32(packed);
  const std::uint32_t b = ref::u32(packed + 4);
  const std::uint32_t c = ref::u32(packed + 8);
  return codes_of(
      join((a & kFour) | (c & kTwo) << 4, (b & kFour) | (c >> 2 & kTwo) << 4),
      join((a >> 4 & kFour) | (c >> 4 & kTwo) << 4, (b >> 4 & kFour) | (c >> 6 & kTwo) << 4));
}

struct CodecQ3K {
  static constexpr std::size_t kElements = 256;
  static constexpr std::size_t kBytes = 110;
  template <class Sink>
  static HWY_INLINE void block(const std::byte* at, std::size_t i, Sink& sink) {
    const Scales scale(less(q3_k_scales(at + 96), 32), load_half_all(at + 108));
    const B high[2] = {load_codes(at), load_codes(at + 16)};
    for (std::size_t half = 0; half < 2; ++half, i += 128) {
      const auto put = [&](std::size_t run, std::size_t h, B low) HWY_ATTR {
        const B bit = hn::Set(Bytes(), static_cast<std::uint8_t>(1u << (half * 4 + run)));
        put_scaled(less(hn::Or(low, where_bit(high[h], bit, 4)), 4),
                   scale.all(half * 8 + run * 2 + h), i + run * 32 + h * 16, sink);
      };
      const B packed[2] = {load_codes(at + 32 + half * 32), load_codes(at + 48 + half * 32)};
      for (std::size_t h = 0; h < 2; ++h) put(0, h, two_bits<0>(packed[h]));
      for (std::size_t h = 0; h < 2; ++h) put(1, h, two_bits<1>(packed[h]));
      for (std::size_t h = 0; h < 2; ++h) put(2, h, two_bits<2>(packed[h]));
      for (std::size_t h = 0; h < 2; ++h) put(3, h, two_bits<3>(packed[h]));
    }
  }
};

struct CodecIq4Xs {
  static constexpr std::size_t kElements = 256;
  static constexpr std::size_t kBytes = 136;
  template <class Sink>
  static HWY_INLINE void block(const std::byte* at, std::size_t i, Sink& sink) {
    const float d = load_half(at);
    for (std::size_t k = 0; k < 8; ++k, i += 32) {
      const float scale = d * ref::iq4_xs_scale(ref::u16(at + 2), at + 4, k);
      put_nibble_block(at + 8 + k * 16, LookedUp{ref::kIq4Values, hn::Set(D(), scale)}, i, sink);
    }
  }
};

}  // namespace moescope::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif  // MOESCOPE_HAVE_LANES

#endif  // per-target include guard

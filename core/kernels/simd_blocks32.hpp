// Codecs of the blocks of 32 elements, compiled once per instruction set; see blocks32_ref.cpp for
// what the bits mean. A codec's block() gives the block at `at`, whose first element is number i of
// its row, to a sink; in rising order, since a sum depends on it.
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

struct CodecQ8_0 {
  static constexpr std::size_t kElements = 32;
  static constexpr std::size_t kBytes = 34;
  template <class Sink>
  static HWY_INLINE void block(const std::byte* at, std::size_t i, Sink& sink) {
    const V d = load_half_all(at);
    put_scaled(as_signed(load_codes(at + 2)), d, i, sink);
    put_scaled(as_signed(load_codes(at + 18)), d, i + 16, sink);
  }
};

/// 32 elements whose codes lie in the low, then in the high nibbles of sixteen bytes.
template <class Value, class Sink>
HWY_INLINE void put_nibble_block(const std::byte* at, const Value& value, std::size_t i,
                                 Sink& sink) {
  const Nibbles<Value> nibbles(value);
  const B packed = load_codes(at);
  nibbles.put_low(packed, i, sink);
  nibbles.put_high(packed, i + 16, sink);
}

struct CodecQ4_0 {
  static constexpr std::size_t kElements = 32;
  static constexpr std::size_t kBytes = 18;
  template <class Sink>
  static HWY_INLINE void block(const std::byte* at, std::size_t i, Sink& sink) {
    put_nibble_block(at + 2, Centred<8>{load_half_all(at)}, i, sink);
  }
};

struct CodecQ4_1 {
  static constexpr std::size_t kElements = 32;
  static constexpr std::size_t kBytes = 20;
  template <class Sink>
  static HWY_INLINE void block(const std::byte* at, std::size_t i, Sink& sink) {
    put_nibble_block(at + 4, Raised{load_half_all(at), load_half_all(at + 2)}, i, sink);
  }
};

struct CodecIq4Nl {
  static constexpr std::size_t kElements = 32;
  static constexpr std::size_t kBytes = 18;
  template <class Sink>
  static HWY_INLINE void block(const std::byte* at, std::size_t i, Sink& sink) {
    put_nibble_block(at + 2, LookedUp{ref::kIq4Values, load_half_all(at)}, i, sink);
  }
};

struct CodecMxfp4 {
  static constexpr std::size_t kElements = 32;
  static constexpr std::size_t kBytes = 17;
  template <class Sink>
  static HWY_INLINE void block(const std::byte* at, std::size_t i, Sink& sink) {
    const V half_scale = hn::Set(D(), ref::mxfp4_half_scale(ref::u8(at)));
    put_nibble_block(at + 1, LookedUp{ref::kE2M1Doubled, half_scale}, i, sink);
  }
};

/// The fifth bits of sixteen elements from `kFirst` on, in their place.
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

struct CodecQ5_0 {
  static constexpr std::size_t kElements = 32;
  static constexpr std::size_t kBytes = 22;
  template <class Sink>
  static HWY_INLINE void block(const std::byte* at, std::size_t i, Sink& sink) {
    const V d = load_half_all(at);
    const B packed = load_codes(at + 6);
    const B low = hn::Or(low_nibbles(packed), fifth_bits<0>(at + 2));
    const B high = hn::Or(high_nibbles(packed), fifth_bits<16>(at + 2));
    put_scaled(less(low, 16), d, i, sink);
    put_scaled(less(high, 16), d, i + 16, sink);
  }
};

struct CodecQ5_1 {
  static constexpr std::size_t kElements = 32;
  static constexpr std::size_t kBytes = 24;
  template <class Sink>
  static HWY_INLINE void block(const std::byte* at, std::size_t i, Sink& sink) {
    const V d = load_half_all(at);
    const V m = load_half_all(at + 2);
    const B packed = load_codes(at + 8);
    put_scaled_plus(hn::Or(low_nibbles(packed), fifth_bits<0>(at + 4)), d, m, i, sink);
    put_scaled_plus(hn::Or(high_nibbles(packed), fifth_bits<16>(at + 4)), d, m, i + 16, sink);
  }
};

}  // namespace moescope::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif  // MOESCOPE_HAVE_LANES

#endif  // per-target include guard

// Codecs of 8-bit and 4-bit floats, compiled once per instruction set; see simd_blocks32.hpp for what
// a codec is.
#include "core/kernels/simd_codes.hpp"

#if defined(MOESCOPE_CORE_KERNELS_SIMD_FLOATS8_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef MOESCOPE_CORE_KERNELS_SIMD_FLOATS8_HPP
#undef MOESCOPE_CORE_KERNELS_SIMD_FLOATS8_HPP
#else
#define MOESCOPE_CORE_KERNELS_SIMD_FLOATS8_HPP
#endif

#if MOESCOPE_HAVE_LANES

HWY_BEFORE_NAMESPACE();
namespace moescope::kernels::HWY_NAMESPACE {

/// Four bits of exponent: seen as 16-bit floats they are 2 to the -8 smaller, and the one NaN, all
/// bits set, becomes one by the carry of an addition. (Seen as f32, small ones would be subnormal,
/// which some processors multiply slowly.)
struct CodecF8E4M3 {
  static constexpr std::size_t kElements = 16;
  static constexpr std::size_t kBytes = 16;
  template <std::size_t v>
  static HWY_INLINE V load(const std::byte* at) {
    const hn::Rebind<std::int8_t, D> bytes;
    const hn::Rebind<std::int16_t, D> words;
    const hn::Rebind<hwy::float16_t, D> half;
    const auto* codes = reinterpret_cast<const std::int8_t*>(at) + v * kWidth;
    const auto spread = hn::ShiftLeft<7>(hn::PromoteTo(words, hn::LoadU(bytes, codes)));
    const auto bits = hn::And(spread, hn::Set(words, static_cast<std::int16_t>(0xbf80)));
    const auto carry = hn::And(hn::Add(bits, hn::Set(words, 0x80)), hn::Set(words, 0x4000));
    const V small = hn::PromoteTo(D(), hn::BitCast(half, hn::Or(bits, carry)));
    return hn::Mul(small, hn::Set(D(), 256.0f));
  }
  template <class Sink, std::size_t v = 0>
  static HWY_INLINE void block(const std::byte* at, std::size_t i, Sink& sink) {
    sink.template put<v>(i, load<v>(at));
    if constexpr (v + 1 < kVectors) block<Sink, v + 1>(at, i, sink);
  }
};

/// The upper half of a 16-bit float.
struct CodecF8E5M2 {
  static constexpr std::size_t kElements = 16;
  static constexpr std::size_t kBytes = 16;
  template <class Sink, std::size_t v = 0>
  static HWY_INLINE void block(const std::byte* at, std::size_t i, Sink& sink) {
    const hn::Rebind<std::uint8_t, D> bytes;
    const hn::Rebind<std::uint16_t, D> words;
    const hn::Rebind<hwy::float16_t, D> half;
    const auto* codes = reinterpret_cast<const std::uint8_t*>(at) + v * kWidth;
    const auto bits = hn::ShiftLeft<8>(hn::PromoteTo(words, hn::LoadU(bytes, codes)));
    sink.template put<v>(i, hn::PromoteTo(D(), hn::BitCast(half, bits)));
    if constexpr (v + 1 < kVectors) block<Sink, v + 1>(at, i, sink);
  }
};

/// Four-bit floats, the low half of each byte first.
struct CodecF4E2M1 {
  static constexpr std::size_t kElements = 32;
  static constexpr std::size_t kBytes = 16;
  template <class Sink>
  static HWY_INLINE void block(const std::byte* at, std::size_t i, Sink& sink) {
    const Bytes d;
    const B packed = load_codes(at);
    const B low = low_nibbles(packed);
    const B high = high_nibbles(packed);
    const Nibbles<LookedUp> nibbles(LookedUp{ref::kE2M1Doubled, hn::Set(D(), 0.5f)});
    nibbles.put_low(hn::InterleaveLower(d, low, high), i, sink);
    nibbles.put_low(hn::InterleaveUpper(d, low, high), i + 16, sink);
  }
};

}  // namespace moescope::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif  // MOESCOPE_HAVE_LANES

#endif  // per-target include guard

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

/// Sixteen bits each: the codes of vector number v of sixteen bytes, for the types whose codes are
/// 16-bit floats but for a shift.
template <std::size_t v>
HWY_INLINE auto half_codes_at(const std::byte* at) {
  const hn::Rebind<std::uint8_t, D> bytes;
  const hn::Rebind<std::uint16_t, D> words;
  return hn::PromoteTo(words,
                       hn::LoadU(bytes, reinterpret_cast<const std::uint8_t*>(at) + v * kWidth));
}

template <class Vec>
HWY_INLINE V from_half_bits(Vec bits) {
  const hn::Rebind<hwy::float16_t, D> half;
  return hn::PromoteTo(D(), hn::BitCast(half, bits));
}

/// Four bits of exponent: as 16-bit floats they are 2 to the -8 smaller, and the one NaN becomes
/// one.
struct CodecF8E4M3 {
  static constexpr std::size_t kElements = 16;
  static constexpr std::size_t kBytes = 16;
  template <std::size_t v>
  static HWY_INLINE V load(const std::byte* at) {
    const hn::Rebind<std::uint16_t, D> words;
    const auto code = half_codes_at<v>(at);
    const auto magnitude = hn::And(code, hn::Set(words, 0x7f));
    const auto sign = hn::ShiftLeft<8>(hn::Xor(code, magnitude));
    const auto nan = hn::And(hn::Add(magnitude, hn::Set(words, 1)), hn::Set(words, 0x80));
    const auto bits = hn::Or(sign, hn::ShiftLeft<7>(hn::Or(magnitude, nan)));
    return hn::Mul(from_half_bits(bits), hn::Set(D(), 256.0f));
  }
  template <class Sink, std::size_t v = 0>
  static HWY_INLINE void block(const std::byte* at, std::size_t i, Sink& sink) {
    sink.template put<v>(i, load<v>(at));
    if constexpr (v + 1 < kVectors) block<Sink, v + 1>(at, i, sink);
  }
};

struct CodecF8E5M2 {
  static constexpr std::size_t kElements = 16;
  static constexpr std::size_t kBytes = 16;
  template <class Sink, std::size_t v = 0>
  static HWY_INLINE void block(const std::byte* at, std::size_t i, Sink& sink) {
    sink.template put<v>(i, from_half_bits(hn::ShiftLeft<8>(half_codes_at<v>(at))));
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

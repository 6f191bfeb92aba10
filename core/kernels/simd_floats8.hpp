// Decoders of 8-bit and 4-bit floats, compiled once per instruction set.
#include "core/kernels/simd_blocks32.hpp"

#if defined(MOESCOPE_CORE_KERNELS_SIMD_FLOATS8_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef MOESCOPE_CORE_KERNELS_SIMD_FLOATS8_HPP
#undef MOESCOPE_CORE_KERNELS_SIMD_FLOATS8_HPP
#else
#define MOESCOPE_CORE_KERNELS_SIMD_FLOATS8_HPP
#endif

#if MOESCOPE_HAVE_LANES

HWY_BEFORE_NAMESPACE();
namespace moescope::kernels::HWY_NAMESPACE {

/// Loads kWidth 8-bit floats with four bits of exponent: as 16-bit floats they are 2 to the -8
/// smaller, and the one NaN becomes one.
struct LoadF8E4M3 {
  static constexpr std::size_t kBytes = 1;
  static HWY_INLINE V load(const std::byte* at) {
    const hn::Rebind<std::uint8_t, D> bytes;
    const hn::Rebind<std::uint16_t, D> words;
    const hn::Rebind<hwy::float16_t, D> half;
    const auto code =
        hn::PromoteTo(words, hn::LoadU(bytes, reinterpret_cast<const std::uint8_t*>(at)));
    const auto magnitude = hn::And(code, hn::Set(words, 0x7f));
    const auto sign = hn::ShiftLeft<8>(hn::Xor(code, magnitude));
    const auto nan = hn::And(hn::Add(magnitude, hn::Set(words, 1)), hn::Set(words, 0x80));
    const auto bits = hn::Or(sign, hn::ShiftLeft<7>(hn::Or(magnitude, nan)));
    return hn::Mul(hn::PromoteTo(D(), hn::BitCast(half, bits)), hn::Set(D(), 256.0f));
  }
};

struct LoadF8E5M2 {
  static constexpr std::size_t kBytes = 1;
  static HWY_INLINE V load(const std::byte* at) {
    const hn::Rebind<std::uint8_t, D> bytes;
    const hn::Rebind<std::uint16_t, D> words;
    const hn::Rebind<hwy::float16_t, D> half;
    const auto code =
        hn::PromoteTo(words, hn::LoadU(bytes, reinterpret_cast<const std::uint8_t*>(at)));
    return hn::PromoteTo(D(), hn::BitCast(half, hn::ShiftLeft<8>(code)));
  }
};

/// 32 four-bit floats times twice the factor: the low half of each byte first.
HWY_INLINE void put_f4(const std::byte* at, V half_factor, float* out) {
  const B packed = load_codes(at);
  const B low = low_nibbles(packed);
  const B high = high_nibbles(packed);
  const Bytes d;
  put_scaled(look_up(ref::kE2M1Doubled, hn::InterleaveLower(d, low, high)), half_factor, out);
  put_scaled(look_up(ref::kE2M1Doubled, hn::InterleaveUpper(d, low, high)), half_factor, out + 16);
}

inline void decode_f4_e2m1(const std::byte* at, std::size_t n, float* out) {
  const V half = hn::Set(D(), 0.5f);
  std::size_t i = 0;
  for (; i + 32 <= n; i += 32) put_f4(at + i / 2, half, out + i);
  if (i < n) ref::decoder(ElementType::kF4E2M1)(at + i / 2, n - i, out + i);
}

}  // namespace moescope::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif  // MOESCOPE_HAVE_LANES

#endif  // per-target include guard

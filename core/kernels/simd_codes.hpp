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
using S = hn::Vec<SignedBytes>;

/// Takes decoded values into memory. A sink gets vector number v of the sixteen elements from i on.
struct StoreSink {
  float* out;

  template <std::size_t v>
  HWY_INLINE void put(std::size_t i, V value) const {
    hn::StoreU(value, D(), out + i + v * kWidth);
  }
};

/// Adds their products with x to the sixteen lanes.
struct DotSink {
  const float* x;
  V sum[kVectors];

  template <std::size_t v>
  HWY_INLINE void put(std::size_t i, V value) {
    sum[v] = hn::MulAdd(hn::LoadU(D(), x + i + v * kWidth), value, sum[v]);
  }
};

/// Multiplies them by a factor first.
template <class Sink>
struct ScaledSink {
  Sink* sink;
  V factor;

  template <std::size_t v>
  HWY_INLINE void put(std::size_t i, V value) const {
    sink->template put<v>(i, hn::Mul(value, factor));
  }
};

HWY_INLINE B load_codes(const std::byte* at) {
  return hn::LoadU(Bytes(), reinterpret_cast<const std::uint8_t*>(at));
}

HWY_INLINE S as_signed(B codes) {
  return hn::BitCast(SignedBytes(), codes);
}

/// Codes less a zero point.
HWY_INLINE S less(B codes, int zero) {
  return as_signed(hn::Sub(codes, hn::Set(Bytes(), static_cast<std::uint8_t>(zero))));
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

/// Sixteen values by their codes.
HWY_INLINE S look_up(const std::int8_t* values, B codes) {
  return hn::TableLookupBytes(hn::LoadU(SignedBytes(), values), as_signed(codes));
}

/// Vector number v of sixteen codes, widened to 32 bits.
template <std::size_t v, class Vec128>
HWY_INLINE auto words_at(Vec128 codes) {
  const hn::RebindToSigned<D> words;
  const hn::Full128<hn::TFromV<Vec128>> whole;
  const auto from = [&]() HWY_ATTR {
    if constexpr (v == 0)
      return codes;
    else
      return hn::ShiftRightBytes<static_cast<int>(v * kWidth)>(whole, codes);
  }();
  if constexpr (kWidth == 16) {
    return hn::PromoteTo(words, from);
  } else {
    const hn::Half<decltype(whole)> half;
    if constexpr (kWidth == 8)
      return hn::PromoteTo(words, hn::LowerHalf(half, from));
    else
      return hn::PromoteTo(words,
                           hn::LowerHalf(hn::Half<decltype(half)>(), hn::LowerHalf(half, from)));
  }
}

template <std::size_t v, class Vec128, class Sink, class Op>
HWY_INLINE void put_from(Vec128 codes, std::size_t i, Sink& sink, const Op& op) {
  sink.template put<v>(i, op(hn::ConvertTo(D(), words_at<v>(codes))));
  if constexpr (v + 1 < kVectors) put_from<v + 1>(codes, i, sink, op);
}

/// Elements i … i + 15: scale · code.
template <class Vec128, class Sink>
HWY_INLINE void put_scaled(Vec128 codes, V scale, std::size_t i, Sink& sink) {
  put_from<0>(codes, i, sink, [&](V q) HWY_ATTR { return hn::Mul(scale, q); });
}

/// Elements i … i + 15: scale · code + offset, rounded twice.
template <class Vec128, class Sink>
HWY_INLINE void put_scaled_plus(Vec128 codes, V scale, V offset, std::size_t i, Sink& sink) {
  put_from<0>(codes, i, sink, [&](V q) HWY_ATTR { return hn::Add(hn::Mul(scale, q), offset); });
}

/// Elements i … i + 15: scale · code - offset, rounded twice.
template <class Vec128, class Sink>
HWY_INLINE void put_scaled_less(Vec128 codes, V scale, V offset, std::size_t i, Sink& sink) {
  put_from<0>(codes, i, sink, [&](V q) HWY_ATTR { return hn::Sub(hn::Mul(scale, q), offset); });
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

/// What the sixteen codes of a nibble stand for: value(c) as f32 for a vector of codes c.
/// With sixteen lanes all values are worked out once and looked up; the operations, hence the bits,
/// are the same.
template <class Value>
class Nibbles {
 public:
  HWY_INLINE explicit Nibbles(const Value& value) : value_(value) {
    if constexpr (kWidth == 16) table_ = value.from(hn::Iota(Bytes(), 0));
  }

  /// Elements i … i + 15 from codes in the low nibbles; the high ones are ignored.
  template <class Sink>
  HWY_INLINE void put_low(B packed, std::size_t i, Sink& sink) const {
#if HWY_TARGET == HWY_AVX3
    sink.template put<0>(i, at(words_at<0>(packed)));
#else
    value_.put(low_nibbles(packed), i, sink);
#endif
  }
  /// Elements i … i + 15 from codes in the high nibbles.
  template <class Sink>
  HWY_INLINE void put_high(B packed, std::size_t i, Sink& sink) const {
#if HWY_TARGET == HWY_AVX3
    sink.template put<0>(i, at(hn::ShiftRight<4>(words_at<0>(packed))));
#else
    value_.put(high_nibbles(packed), i, sink);
#endif
  }

 private:
#if HWY_TARGET == HWY_AVX3
  /// The instruction takes the low four bits of each index.
  HWY_INLINE V at(hn::Vec<hn::RebindToSigned<D>> codes) const {
    return hn::TableLookupLanes(table_, hn::Indices512<float>{codes.raw});
  }
#endif

  Value value_;
  V table_;
};

/// scale · values[c]
struct LookedUp {
  const std::int8_t* values;
  V scale;

  HWY_INLINE V from(B codes) const {
    return hn::Mul(scale, hn::ConvertTo(D(), words_at<0>(look_up(values, codes))));
  }
  template <class Sink>
  HWY_INLINE void put(B codes, std::size_t i, Sink& sink) const {
    put_scaled(look_up(values, codes), scale, i, sink);
  }
};

/// scale · (c - zero)
template <int kZero>
struct Centred {
  V scale;

  HWY_INLINE V from(B codes) const {
    return hn::Mul(scale, hn::ConvertTo(D(), words_at<0>(less(codes, kZero))));
  }
  template <class Sink>
  HWY_INLINE void put(B codes, std::size_t i, Sink& sink) const {
    put_scaled(less(codes, kZero), scale, i, sink);
  }
};

/// scale · c + offset
struct Raised {
  V scale;
  V offset;

  HWY_INLINE V from(B codes) const {
    return hn::Add(hn::Mul(scale, hn::ConvertTo(D(), words_at<0>(codes))), offset);
  }
  template <class Sink>
  HWY_INLINE void put(B codes, std::size_t i, Sink& sink) const {
    put_scaled_plus(codes, scale, offset, i, sink);
  }
};

/// scale · c - offset
struct Lowered {
  V scale;
  V offset;

  HWY_INLINE V from(B codes) const {
    return hn::Sub(hn::Mul(scale, hn::ConvertTo(D(), words_at<0>(codes))), offset);
  }
  template <class Sink>
  HWY_INLINE void put(B codes, std::size_t i, Sink& sink) const {
    put_scaled_less(codes, scale, offset, i, sink);
  }
};

}  // namespace moescope::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif  // MOESCOPE_HAVE_LANES

#endif  // per-target include guard

#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "core/base/element_type.hpp"
#include "core/kernels/matrix.hpp"

// Plain decoders of the stored types: what the bits of a block mean, and the f32 operations, in
// their order, that every vector decoder repeats. Each takes n elements, whole blocks, that lie one
// behind the other at any alignment.
// Source of the block types: ggml's type definitions as the gguf Python package documents them in
// gguf/quants.py (dequantize_blocks of each type), whose values these equal bit for bit.
namespace moescope::kernels::ref {

using Decode = void (*)(const std::byte* at, std::size_t n, float* out);

/// The decoder of a type; for a type that is no weight, one that gives NaN.
Decode decoder(ElementType type) noexcept;

/// Decodes elements first … first + out.size() - 1 of one row, factors applied.
/// Errors: none; first and out.size() are whole numbers of blocks.
void decode_part(const Matrix& w, std::size_t row, std::size_t first,
                 std::span<float> out) noexcept;

void decode_q4_0(const std::byte* at, std::size_t n, float* out);
void decode_q4_1(const std::byte* at, std::size_t n, float* out);
void decode_q5_0(const std::byte* at, std::size_t n, float* out);
void decode_q5_1(const std::byte* at, std::size_t n, float* out);
void decode_q8_0(const std::byte* at, std::size_t n, float* out);
void decode_iq4_nl(const std::byte* at, std::size_t n, float* out);
void decode_mxfp4(const std::byte* at, std::size_t n, float* out);

void decode_q2_k(const std::byte* at, std::size_t n, float* out);
void decode_q3_k(const std::byte* at, std::size_t n, float* out);
void decode_q4_k(const std::byte* at, std::size_t n, float* out);
void decode_q5_k(const std::byte* at, std::size_t n, float* out);
void decode_q6_k(const std::byte* at, std::size_t n, float* out);
void decode_iq4_xs(const std::byte* at, std::size_t n, float* out);
void decode_tq1_0(const std::byte* at, std::size_t n, float* out);
void decode_tq2_0(const std::byte* at, std::size_t n, float* out);

void decode_iq1_s(const std::byte* at, std::size_t n, float* out);
void decode_iq1_m(const std::byte* at, std::size_t n, float* out);
void decode_iq2_xxs(const std::byte* at, std::size_t n, float* out);
void decode_iq2_xs(const std::byte* at, std::size_t n, float* out);
void decode_iq2_s(const std::byte* at, std::size_t n, float* out);
void decode_iq3_xxs(const std::byte* at, std::size_t n, float* out);
void decode_iq3_s(const std::byte* at, std::size_t n, float* out);

/// Elements of the types whose name ends in _k, and of most others without a plain block of 32.
inline constexpr std::size_t kSuperBlock = 256;

/// The 16 values of iq4_nl and iq4_xs.
inline constexpr std::int8_t kIq4Values[16] = {-127, -104, -83, -65, -49, -35, -22, -10,
                                               1,    13,   25,  38,  53,  69,  89,  113};
/// The 16 values of a 4-bit float, doubled. Minus zero is zero: no sum that starts at +0 tells.
inline constexpr std::int8_t kE2M1Doubled[16] = {0, 1,  2,  3,  4,  6,  8,  12,
                                                 0, -1, -2, -3, -4, -6, -8, -12};

inline unsigned u8(const std::byte* at) {
  return std::to_integer<unsigned>(*at);
}
inline std::uint16_t u16(const std::byte* at) {
  std::uint16_t out = 0;
  std::memcpy(&out, at, sizeof out);
  return out;
}
inline std::uint32_t u32(const std::byte* at) {
  std::uint32_t out = 0;
  std::memcpy(&out, at, sizeof out);
  return out;
}
inline float f16(const std::byte* at) {
  return f16_to_f32(u16(at));
}
inline float i8(const std::byte* at) {
  return static_cast<float>(static_cast<std::int8_t>(*at));
}

/// Half of the power of two that an mxfp4 block carries, down to subnormals.
inline float mxfp4_half_scale(unsigned exponent) {
  const std::uint32_t bits = exponent < 2 ? 0x00200000u << exponent : (exponent - 1) << 23;
  float out = 0;
  std::memcpy(&out, &bits, sizeof out);
  return out;
}

/// Scale or minimum number i of the eight that q4_k and q5_k pack in 12 bytes at six bits each.
struct ScaleMin {
  float scale = 0;
  float min = 0;
};
inline ScaleMin k_scale_min(const std::byte* packed, std::size_t i) {
  if (i < 4)
    return {static_cast<float>(u8(packed + i) & 63), static_cast<float>(u8(packed + i + 4) & 63)};
  const unsigned low = u8(packed + i + 4);
  return {static_cast<float>((low & 15) | (u8(packed + i - 4) >> 6 << 4)),
          static_cast<float>((low >> 4) | (u8(packed + i) >> 6 << 4))};
}

/// Scale number i of the sixteen that q3_k packs in 12 bytes at six bits each.
inline float q3_k_scale(const std::byte* packed, std::size_t i) {
  const unsigned low = u8(packed + i % 8) >> (i / 8 * 4) & 15;
  const unsigned high = u8(packed + 8 + i % 4) >> (i / 4 * 2) & 3;
  return static_cast<float>(static_cast<int>(low | high << 4) - 32);
}

/// Scale number i of the eight of an iq4_xs block: low bits behind the high ones.
inline float iq4_xs_scale(unsigned high, const std::byte* low, std::size_t i) {
  const unsigned bits = (u8(low + i / 2) >> (i % 2 * 4) & 15) | (high >> (2 * i) & 3) << 4;
  return static_cast<float>(static_cast<int>(bits) - 32);
}

}  // namespace moescope::kernels::ref

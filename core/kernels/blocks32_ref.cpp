// Blocks of 32 elements: a scale, perhaps a minimum, and 4, 5 or 8 bits an element.
// Source: gguf/quants.py, see stored.hpp. Element i of 32 takes the low half of byte i from i = 0
// on, and the high half of byte i - 16 from i = 16 on.
#include "core/kernels/stored.hpp"

namespace moescope::kernels::ref {
namespace {

constexpr std::size_t kBlock = 32;

unsigned nibble(const std::byte* packed, std::size_t i) {
  return u8(packed + i % 16) >> (i / 16 * 4) & 15;
}

unsigned five_bits(const std::byte* packed, std::uint32_t high, std::size_t i) {
  return nibble(packed, i) | (high >> i & 1) << 4;
}

float less(unsigned value, int zero) {
  return static_cast<float>(static_cast<int>(value) - zero);
}

}  // namespace

void decode_q4_0(const std::byte* at, std::size_t n, float* out) {
  for (std::size_t b = 0; b < n / kBlock; ++b, at += 18, out += kBlock) {
    const float d = f16(at);
    for (std::size_t i = 0; i < kBlock; ++i) out[i] = d * less(nibble(at + 2, i), 8);
  }
}

void decode_q4_1(const std::byte* at, std::size_t n, float* out) {
  for (std::size_t b = 0; b < n / kBlock; ++b, at += 20, out += kBlock) {
    const float d = f16(at);
    const float m = f16(at + 2);
    for (std::size_t i = 0; i < kBlock; ++i) out[i] = d * static_cast<float>(nibble(at + 4, i)) + m;
  }
}

void decode_q5_0(const std::byte* at, std::size_t n, float* out) {
  for (std::size_t b = 0; b < n / kBlock; ++b, at += 22, out += kBlock) {
    const float d = f16(at);
    const std::uint32_t high = u32(at + 2);
    for (std::size_t i = 0; i < kBlock; ++i) out[i] = d * less(five_bits(at + 6, high, i), 16);
  }
}

void decode_q5_1(const std::byte* at, std::size_t n, float* out) {
  for (std::size_t b = 0; b < n / kBlock; ++b, at += 24, out += kBlock) {
    const float d = f16(at);
    const float m = f16(at + 2);
    const std::uint32_t high = u32(at + 4);
    for (std::size_t i = 0; i < kBlock; ++i)
      out[i] = d * static_cast<float>(five_bits(at + 8, high, i)) + m;
  }
}

void decode_q8_0(const std::byte* at, std::size_t n, float* out) {
  for (std::size_t b = 0; b < n / kBlock; ++b, at += 34, out += kBlock) {
    const float d = f16(at);
    for (std::size_t i = 0; i < kBlock; ++i) out[i] = d * i8(at + 2 + i);
  }
}

void decode_iq4_nl(const std::byte* at, std::size_t n, float* out) {
  for (std::size_t b = 0; b < n / kBlock; ++b, at += 18, out += kBlock) {
    const float d = f16(at);
    for (std::size_t i = 0; i < kBlock; ++i)
      out[i] = d * static_cast<float>(kIq4Values[nibble(at + 2, i)]);
  }
}

void decode_mxfp4(const std::byte* at, std::size_t n, float* out) {
  for (std::size_t b = 0; b < n / kBlock; ++b, at += 17, out += kBlock) {
    const float d = mxfp4_half_scale(u8(at));
    for (std::size_t i = 0; i < kBlock; ++i)
      out[i] = d * static_cast<float>(kE2M1Doubled[nibble(at + 1, i)]);
  }
}

}  // namespace moescope::kernels::ref

// Types whose codes choose a group of values from a codebook, most with signs of their own.
// Source: gguf/quants.py, see stored.hpp.
#include <bit>

#include "core/kernels/codebooks.hpp"
#include "core/kernels/stored.hpp"

namespace moescope::kernels::ref {
namespace {

constexpr float kIq1Delta = 0.125f;

/// Eight signs as bits, of which seven are stored: their parity is even.
unsigned eight_signs(unsigned seven) {
  return seven | (static_cast<unsigned>(std::popcount(seven)) & 1) << 7;
}

float sign(unsigned bits, std::size_t i) {
  return (bits >> i & 1) != 0 ? -1.0f : 1.0f;
}

void put_iq2(float d, unsigned code, unsigned signs, float* out) {
  for (std::size_t i = 0; i < 8; ++i) out[i] = d * kIq2Values[code >> (2 * i) & 3] * sign(signs, i);
}

void put_iq1(float d, unsigned code, float delta, float* out) {
  for (std::size_t i = 0; i < 8; ++i)
    out[i] = d * (static_cast<float>(static_cast<int>(code >> (2 * i) & 3) - 1) + delta);
}

unsigned nibble(const std::byte* packed, std::size_t i) {
  return u8(packed + i / 2) >> (i % 2 * 4) & 15;
}

/// Scale of an iq2 block: a whole number and a half, quartered.
float iq2_scale(float d, unsigned bits) {
  return d * (0.5f + static_cast<float>(bits)) * 0.25f;
}

}  // namespace

void decode_iq2_xxs(const std::byte* at, std::size_t n, float* out) {
  for (std::size_t b = 0; b < n / kSuperBlock; ++b, at += 66, out += kSuperBlock) {
    for (std::size_t g = 0; g < 32; ++g) {
      const std::byte* part = at + 2 + g / 4 * 8;
      const std::uint32_t rest = u32(part + 4);
      put_iq2(iq2_scale(f16(at), rest >> 28), kIq2XxsCodebook[u8(part + g % 4)],
              eight_signs(rest >> (g % 4 * 7) & 127), out + 8 * g);
    }
  }
}

void decode_iq2_xs(const std::byte* at, std::size_t n, float* out) {
  for (std::size_t b = 0; b < n / kSuperBlock; ++b, at += 74, out += kSuperBlock) {
    for (std::size_t g = 0; g < 32; ++g) {
      const unsigned code = u16(at + 2 + 2 * g);
      put_iq2(iq2_scale(f16(at), nibble(at + 66, g / 2)), kIq2XsCodebook[code & 511],
              eight_signs(code >> 9), out + 8 * g);
    }
  }
}

void decode_iq2_s(const std::byte* at, std::size_t n, float* out) {
  for (std::size_t b = 0; b < n / kSuperBlock; ++b, at += 82, out += kSuperBlock) {
    for (std::size_t g = 0; g < 32; ++g) {
      const unsigned high = u8(at + 66 + g / 4) >> (g % 4 * 2) & 3;
      put_iq2(iq2_scale(f16(at), nibble(at + 74, g / 2)), kIq2SCodebook[u8(at + 2 + g) | high << 8],
              u8(at + 34 + g), out + 8 * g);
    }
  }
}

void decode_iq3_xxs(const std::byte* at, std::size_t n, float* out) {
  for (std::size_t b = 0; b < n / kSuperBlock; ++b, at += 98, out += kSuperBlock) {
    for (std::size_t i = 0; i < kSuperBlock; ++i) {
      const std::uint32_t rest = u32(at + 66 + i / 32 * 4);
      const float d = f16(at) * (0.5f + static_cast<float>(rest >> 28)) * 0.5f;
      const unsigned code = kIq3XxsCodebook[u8(at + 2 + i / 4)] >> (i % 4 * 3) & 7;
      const unsigned signs = eight_signs(rest >> (i / 8 % 4 * 7) & 127);
      out[i] = d * kIq3XxsValues[code] * sign(signs, i % 8);
    }
  }
}

void decode_iq3_s(const std::byte* at, std::size_t n, float* out) {
  for (std::size_t b = 0; b < n / kSuperBlock; ++b, at += 110, out += kSuperBlock) {
    for (std::size_t i = 0; i < kSuperBlock; ++i) {
      const float d = f16(at) * static_cast<float>(1 + 2 * nibble(at + 106, i / 32));
      const unsigned high = u8(at + 66 + i / 32) >> (i / 4 % 8) & 1;
      const unsigned code = kIq3SCodebook[u8(at + 2 + i / 4) | high << 8] >> (i % 4 * 3) & 7;
      out[i] = d * static_cast<float>(2 * code + 1) * sign(u8(at + 74 + i / 8), i % 8);
    }
  }
}

void decode_iq1_s(const std::byte* at, std::size_t n, float* out) {
  for (std::size_t b = 0; b < n / kSuperBlock; ++b, at += 50, out += kSuperBlock) {
    for (std::size_t g = 0; g < 32; ++g) {
      const unsigned rest = u16(at + 34 + g / 4 * 2);
      const float d = f16(at) * static_cast<float>(2 * (rest >> 12 & 7) + 1);
      const unsigned high = rest >> (g % 4 * 3) & 7;
      put_iq1(d, kIq1Codebook[u8(at + 2 + g) | high << 8],
              (rest & 0x8000) != 0 ? -kIq1Delta : kIq1Delta, out + 8 * g);
    }
  }
}

void decode_iq1_m(const std::byte* at, std::size_t n, float* out) {
  for (std::size_t b = 0; b < n / kSuperBlock; ++b, at += 56, out += kSuperBlock) {
    const std::byte* scales = at + 48;
    unsigned d_bits = 0;  // the block's scale lies in the highest bits of the others
    for (std::size_t i = 0; i < 4; ++i)
      d_bits |= static_cast<unsigned>(u16(scales + 2 * i) >> 12) << (4 * i);
    const float d = f16_to_f32(static_cast<std::uint16_t>(d_bits));
    for (std::size_t g = 0; g < 32; ++g) {
      const unsigned scale = u16(scales + g / 8 * 2) >> (g / 2 % 4 * 3) & 7;
      const unsigned rest = nibble(at + 32, g);
      put_iq1(d * static_cast<float>(2 * scale + 1), kIq1Codebook[u8(at + g) | (rest & 7) << 8],
              (rest & 8) != 0 ? -kIq1Delta : kIq1Delta, out + 8 * g);
    }
  }
}

}  // namespace moescope::kernels::ref

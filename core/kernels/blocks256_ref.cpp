// Blocks of 256 elements: scales of smaller runs, themselves quantised, and 2 to 6 bits an element.
// Source: gguf/quants.py, see stored.hpp.
#include "core/kernels/stored.hpp"

namespace moescope::kernels::ref {
namespace {

/// Two bits of element i: runs of 32 share 32 bytes, four runs to the same bytes.
unsigned two_bits(const std::byte* packed, std::size_t i) {
  return u8(packed + i / 128 * 32 + i % 32) >> (i / 32 % 4 * 2) & 3;
}

/// Four bits of element i: runs of 32, two to the same 32 bytes.
unsigned four_bits(const std::byte* packed, std::size_t i) {
  return u8(packed + i / 64 * 32 + i % 32) >> (i / 32 % 2 * 4) & 15;
}

float less(unsigned value, int zero) {
  return static_cast<float>(static_cast<int>(value) - zero);
}

}  // namespace

void decode_q2_k(const std::byte* at, std::size_t n, float* out) {
  for (std::size_t b = 0; b < n / kSuperBlock; ++b, at += 84, out += kSuperBlock) {
    const float d = f16(at + 80);
    const float min = f16(at + 82);
    for (std::size_t i = 0; i < kSuperBlock; ++i) {
      const unsigned scale = u8(at + i / 16);
      out[i] = d * static_cast<float>(scale & 15) * static_cast<float>(two_bits(at + 16, i)) -
               min * static_cast<float>(scale >> 4);
    }
  }
}

void decode_q3_k(const std::byte* at, std::size_t n, float* out) {
  for (std::size_t b = 0; b < n / kSuperBlock; ++b, at += 110, out += kSuperBlock) {
    const float d = f16(at + 108);
    for (std::size_t i = 0; i < kSuperBlock; ++i) {
      const bool high = (u8(at + i % 32) >> (i / 32) & 1) != 0;
      out[i] = d * q3_k_scale(at + 96, i / 16) * less(two_bits(at + 32, i), high ? 0 : 4);
    }
  }
}

void decode_q4_k(const std::byte* at, std::size_t n, float* out) {
  for (std::size_t b = 0; b < n / kSuperBlock; ++b, at += 144, out += kSuperBlock) {
    const float d = f16(at);
    const float min = f16(at + 2);
    for (std::size_t i = 0; i < kSuperBlock; ++i) {
      const ScaleMin s = k_scale_min(at + 4, i / 32);
      out[i] = d * s.scale * static_cast<float>(four_bits(at + 16, i)) - min * s.min;
    }
  }
}

void decode_q5_k(const std::byte* at, std::size_t n, float* out) {
  for (std::size_t b = 0; b < n / kSuperBlock; ++b, at += 176, out += kSuperBlock) {
    const float d = f16(at);
    const float min = f16(at + 2);
    for (std::size_t i = 0; i < kSuperBlock; ++i) {
      const ScaleMin s = k_scale_min(at + 4, i / 32);
      const unsigned high = u8(at + 16 + i % 32) >> (i / 32) & 1;
      out[i] = d * s.scale * static_cast<float>(four_bits(at + 48, i) | high << 4) - min * s.min;
    }
  }
}

void decode_q6_k(const std::byte* at, std::size_t n, float* out) {
  for (std::size_t b = 0; b < n / kSuperBlock; ++b, at += 210, out += kSuperBlock) {
    const float d = f16(at + 208);
    for (std::size_t i = 0; i < kSuperBlock; ++i) {
      const unsigned low = u8(at + i / 128 * 64 + i % 64) >> (i / 64 % 2 * 4) & 15;
      out[i] = d * i8(at + 192 + i / 16) * less(low | two_bits(at + 128, i) << 4, 32);
    }
  }
}

void decode_iq4_xs(const std::byte* at, std::size_t n, float* out) {
  for (std::size_t b = 0; b < n / kSuperBlock; ++b, at += 136, out += kSuperBlock) {
    const float d = f16(at);
    for (std::size_t i = 0; i < kSuperBlock; ++i) {
      const unsigned code = u8(at + 8 + i / 32 * 16 + i % 16) >> (i / 16 % 2 * 4) & 15;
      out[i] = d * iq4_xs_scale(u16(at + 2), at + 4, i / 32) * static_cast<float>(kIq4Values[code]);
    }
  }
}

void decode_tq1_0(const std::byte* at, std::size_t n, float* out) {
  constexpr unsigned kPower[5] = {1, 3, 9, 27, 81};
  for (std::size_t b = 0; b < n / kSuperBlock; ++b, at += 54) {
    const float d = f16(at + 52);
    // Each byte holds five digits of base 3 as a fraction, and the last four bytes four each.
    const auto run = [&](std::size_t first, std::size_t n_byte, std::size_t n_digit) {
      for (std::size_t k = 0; k < n_digit; ++k)
        for (std::size_t i = 0; i < n_byte; ++i)
          *out++ = d * less((u8(at + first + i) * kPower[k] & 255) * 3 >> 8, 1);
    };
    run(0, 32, 5);
    run(32, 16, 5);
    run(48, 4, 4);
  }
}

void decode_tq2_0(const std::byte* at, std::size_t n, float* out) {
  for (std::size_t b = 0; b < n / kSuperBlock; ++b, at += 66, out += kSuperBlock) {
    const float d = f16(at + 64);
    for (std::size_t i = 0; i < kSuperBlock; ++i) out[i] = d * less(two_bits(at, i), 1);
  }
}

}  // namespace moescope::kernels::ref

#pragma once

#include <array>
#include <cstdint>

// The codebooks of the iq types: which values a code stands for, element 0 in the lowest bits.
// Source: the grids of the gguf Python package (gguf/quants.py, IQ*.grid_hex), packed anew.
namespace moescope::kernels::ref {

/// Eight elements of two bits, digits of -1, 0, 1: iq1_s and iq1_m.
extern const std::array<std::uint16_t, 2048> kIq1Codebook;
/// Eight elements of two bits, indices into kIq2Values.
extern const std::array<std::uint16_t, 256> kIq2XxsCodebook;
extern const std::array<std::uint16_t, 512> kIq2XsCodebook;
extern const std::array<std::uint16_t, 1024> kIq2SCodebook;
/// Four elements of three bits, indices into kIq3XxsValues; for iq3_s, i stands for 2 i + 1.
extern const std::array<std::uint16_t, 256> kIq3XxsCodebook;
extern const std::array<std::uint16_t, 512> kIq3SCodebook;

inline constexpr std::array<float, 3> kIq2Values{8, 25, 43};
inline constexpr std::array<float, 8> kIq3XxsValues{4, 12, 20, 28, 36, 44, 52, 62};

}  // namespace moescope::kernels::ref

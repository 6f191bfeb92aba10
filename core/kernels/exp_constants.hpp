#pragma once

#include <array>

// exp(x) = 2^n · exp(r), n = round(x / ln 2), r = x - n ln 2, exp(r) = 1 + (r + r² q(r)).
// The coefficients of q are our own minimax fit on |r| ≤ ln 2 / 2, rounded to f32 one by one.
namespace moescope::kernels::exp_constants {

inline constexpr float kLog2E = 0x1.715476p+0f;
inline constexpr float kLn2High = 0x1.62e43p-1f;
inline constexpr float kLn2Low = -0x1.05c61p-29f;
inline constexpr float kRound =
    0x1.8p+23f;  ///< added, it leaves the nearest whole number in the low bits
inline constexpr float kZeroBelow = -104.0f;
inline constexpr float kInfAbove = 89.0f;
inline constexpr std::array<float, 6> kQ{0x1.0p-1f,     0x1.555554p-3f,  0x1.5554e8p-5f,
                                         0x1.11131p-7f, 0x1.6d4cdap-10f, 0x1.9df7f6p-13f};

}  // namespace moescope::kernels::exp_constants

#pragma once

#include <array>
#include <cmath>
#include <cstddef>

namespace moescope::kernels {

inline constexpr std::size_t kLanes = 16;

/// Elements that are decoded at a time; a whole number of lane groups, of cache lines, and of the
/// blocks of every stored type.
inline constexpr std::size_t kDecodeBlock = 256;

namespace ref {

/// The sixteen accumulators of one reduction, in plain C++.
struct Lanes {
  std::array<float, kLanes> sum{};

  /// Adds n products; all calls but the last take a whole number of groups.
  void multiply_add(const float* a, const float* b, std::size_t n) {
    for (std::size_t k = 0; k < n; k += kLanes)
      for (std::size_t l = 0; l < kLanes; ++l)
        sum[l] = k + l < n ? std::fma(a[k + l], b[k + l], sum[l]) : sum[l] + 0.0f;
  }

  float fold() const {
    std::array<float, 8> s{};
    for (std::size_t l = 0; l < 8; ++l) s[l] = sum[l] + sum[l + 8];
    for (std::size_t l = 0; l < 4; ++l) s[l] += s[l + 4];
    return (s[0] + s[2]) + (s[1] + s[3]);
  }
};

}  // namespace ref
}  // namespace moescope::kernels

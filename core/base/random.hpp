#pragma once

#include <array>
#include <cstdint>

namespace moescope {

/// A seeded generator, passed in wherever chance enters and recorded with the result.
/// Source: xoshiro256++ of Blackman and Vigna, seeded by splitmix64 as they advise.
class Random {
 public:
  explicit Random(std::uint64_t seed) noexcept;
  std::uint64_t next() noexcept;
  /// Uniform in [0, 1), a multiple of 2⁻⁵³.
  double uniform() noexcept;
  /// Uniform in [0, bound); bound > 0. Unbiased by rejection.
  std::uint64_t below(std::uint64_t bound) noexcept;

 private:
  std::array<std::uint64_t, 4> state_;
};

}  // namespace moescope

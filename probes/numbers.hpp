#pragma once

#include <cstddef>
#include <span>
#include <vector>

/// Arithmetic that several probes share.
namespace moescope::probes {

/// Logarithm of the sum of exponentials, computed from the largest value.
/// Units:  nats; minus infinity of nothing.
double log_sum_exp(std::span<const double> values);

/// Each value less log_sum_exp: logarithms of shares that sum to 1.
std::vector<double> log_shares(std::span<const double> values);

/// The largest value's index, and whether another one equals it.
struct Best {
  std::size_t index = 0;
  bool tied = false;
  bool operator==(const Best&) const = default;
};

/// Errors: precondition: at least one value.
Best best_of(std::span<const double> values);

/// Errors: precondition: at least one value.
double mean(std::span<const double> values);

}  // namespace moescope::probes

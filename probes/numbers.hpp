#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "core/stats/assessed.hpp"

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

/// How two series go together.
struct Correlation {
  double r = 0;      ///< Pearson's
  double slope = 0;  ///< of y on x, by least squares
  std::size_t n = 0;
  bool operator==(const Correlation&) const = default;
};

/// Errors: not assessable with fewer than 3 pairs or where a series does not vary; precondition:
/// one length.
stats::Assessed<Correlation> correlation(std::span<const double> x, std::span<const double> y);

}  // namespace moescope::probes

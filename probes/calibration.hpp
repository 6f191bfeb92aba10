#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "core/stats/assessed.hpp"

/// Whether the probability that a model gives its answers says how often they are right, and what
/// abstaining below a threshold gains.
namespace moescope::probes {

/// One answered item.
struct ConfidenceRow {
  double confidence = 0;  ///< 0 to 1
  bool right = false;
  bool operator==(const ConfidenceRow&) const = default;
};

/// A group of rows of similar confidence.
struct ConfidenceBin {
  std::size_t n = 0;
  double confidence = 0;  ///< mean
  double accuracy = 0;
  bool operator==(const ConfidenceBin&) const = default;
};

/// Bins of equal size by ascending confidence; rows of equal confidence stay together, so that there
/// may be fewer bins than asked for.
/// Errors: precondition: n_bin > 0.
std::vector<ConfidenceBin> confidence_bins(std::span<const ConfidenceRow> rows, std::size_t n_bin);

struct Calibration {
  double error =
      0;  ///< ECE: mean over rows of |accuracy - confidence| of their bin; biased upwards
  /// What ECE would be on average, in bins of these sizes, were every confidence right: the level by
  /// chance.
  double error_by_chance = 0;
  /// ECE less its bias, estimated bin by bin from the normal distribution of the accuracy around
  /// the one observed. Where every confidence is right that takes off four tenths of it only (20
  /// answers a bin, simulated); squared_error_debiased has none.
  double error_debiased = 0;
  double squared_error_debiased = 0;  ///< mean squared difference, unbiased; may be below 0
  double brier = 0;                   ///< mean of (confidence - right)²
  double mean_confidence = 0;
  double accuracy = 0;
  std::vector<ConfidenceBin> bin;
  bool operator==(const Calibration&) const = default;
};

/// Errors: not assessable with fewer than 2 rows in a bin; precondition: n_bin > 0.
/// Source: Guo et al., "On calibration of modern neural networks", 2017 (ECE); Kumar et al.,
/// "Verified uncertainty calibration", 2019, section 5 (debiased); Nguyen and O'Connor 2015 (equal
/// sizes); Brier 1950.
stats::Assessed<Calibration> calibration(std::span<const ConfidenceRow> rows,
                                         std::size_t n_bin = 15);

/// What is left wrong when only the most confident answers are given.
struct RiskPoint {
  double threshold = 0;  ///< answers of at least this confidence are given
  double coverage = 0;   ///< share of items answered
  double risk = 0;       ///< share of these that are wrong
  bool operator==(const RiskPoint&) const = default;
};

struct RiskCoverage {
  std::vector<RiskPoint> point;  ///< by falling threshold, one a distinct confidence
  double area = 0;    ///< AURC: mean over k of the risk of the k most confident; rows of equal
                      ///< confidence share their errors evenly
  double excess = 0;  ///< area less that of the order that puts every right answer first
  bool operator==(const RiskCoverage&) const = default;
};

/// Errors: not assessable without rows.
/// Source: El-Yaniv and Wiener, "On the foundations of noise-free selective classification", 2010;
/// Geifman et al. 2019 for area and excess.
stats::Assessed<RiskCoverage> risk_coverage(std::span<const ConfidenceRow> rows);

}  // namespace moescope::probes

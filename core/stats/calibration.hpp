#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/stats/assessed.hpp"

namespace moescope::stats {

/// Mean of (probability - outcome)^2; nothing without items.
/// Shapes: probability, outcome [n_item]; outcome 0 or 1.
/// Source: Brier, "Verification of forecasts expressed in terms of probability", 1950.
std::optional<double> brier_score(std::span<const double> probability,
                                  std::span<const std::uint8_t> outcome);

struct CalibrationError {
  double plug_in =
      0;  ///< expected calibration error: mean over items of |bin's gap|; biased upwards
  double squared = 0;   ///< debiased mean of squared gaps; may lie below 0
  double debiased = 0;  ///< its square root, 0 where it lies below 0
  std::size_t n_bin = 0;
};

/// Calibration error over bins of equal numbers of items. Items of one probability share a bin, so
/// that the order of items changes nothing; bins that this would leave with fewer than two items
/// join the one before.
///   squared = sum_b n_b/n ((s_b - y_b)^2 - y_b (1 - y_b) / (n_b - 1)), s_b the mean probability, y_b
///   the share of outcomes.
/// Errors: not assessable with fewer than 10 items a bin.
/// Source: Guo et al., "On calibration of modern neural networks", 2017 (plug-in); Kumar, Liang and
/// Ma, "Verified uncertainty calibration", 2019 (debiased).
Assessed<CalibrationError> calibration_error(std::span<const double> probability,
                                             std::span<const std::uint8_t> outcome,
                                             std::size_t n_bin = 15);

/// Answering only where confidence is at least `threshold`.
struct RiskPoint {
  double threshold = 0;
  double coverage = 0;  ///< share of items answered
  double risk = 0;      ///< share of these that are wrong
  bool operator==(const RiskPoint&) const = default;
};

struct RiskCoverage {
  std::vector<RiskPoint>
      point;        ///< by falling confidence; items of one confidence come in together
  double area = 0;  ///< mean risk over coverages 1/n … 1; in ties the mean over their orders
};

/// Selective risk against coverage; nothing without items.
/// Shapes: confidence, is_wrong [n_item].
/// Source: El-Yaniv and Wiener 2010; Geifman, Uziel and El-Yaniv, "Bias-reduced uncertainty
/// estimation for deep neural classifiers", 2019 (area).
std::optional<RiskCoverage> risk_coverage(std::span<const double> confidence,
                                          std::span<const std::uint8_t> is_wrong);

}  // namespace moescope::stats

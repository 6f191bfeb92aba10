#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/stats/assessed.hpp"

namespace moescope::stats {

struct PowerOptions {
  double alpha = 0.05;       ///< two-sided, of the family
  std::size_t n_family = 1;  ///< hypotheses that share alpha (the first step of Holm)
  double power = 0.8;
};

/// The smallest effect that a two-sided t test finds with this power:
/// (t(1 - a/2, df) + t(power, df)) se with a = alpha / n_family.
/// Units:  those of se.
/// Errors: not assessable without a standard error or degrees of freedom.
/// Source: Bloom, "Minimum detectable effects", 1995; for clusters: Donner and Klar, "Design and
/// analysis of cluster randomization trials", 2000, ch. 5.
Assessed<double> minimum_detectable_effect(double se, double df, const PowerOptions& options = {});

/// How much larger the variance of a mean is than that of as many independent items:
/// 1 + icc (sum n_c^2 / n - 1).
/// Shapes: n_item [n_cluster].
/// Source: Kish, "Survey sampling", 1965.
double design_effect(std::span<const double> n_item, double icc);

/// Standard error of a mean of items of standard deviation sd in these clusters:
/// sd sqrt(design effect / n). For a share p: sd = sqrt(p (1 - p)).
/// Errors: not assessable without items.
Assessed<double> planned_se(double sd, std::span<const double> n_item, double icc);

/// Intra-cluster correlation by analysis of variance, (MSB - MSW) / (MSB + (n0 - 1) MSW) with
/// n0 = (n - sum n_c^2 / n) / (C - 1). Below 0 where clusters differ less than chance has it.
/// Shapes: value, cluster [n_item].
/// Errors: not assessable with fewer than two clusters, with one item in each, or without spread.
/// Source: Donner, "A review of inference procedures for the intraclass correlation coefficient in
/// the one-way random effects model", 1986.
Assessed<double> intra_cluster_correlation(std::span<const double> value,
                                           std::span<const std::uint32_t> cluster);

}  // namespace moescope::stats

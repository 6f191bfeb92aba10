#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "core/base/random.hpp"
#include "core/stats/assessed.hpp"
#include "core/stats/bootstrap.hpp"
#include "core/stats/cluster_robust.hpp"

namespace moescope::stats {

enum class WildWeights {
  kWebb,             ///< +-sqrt(1/2), +-1, +-sqrt(3/2), each with probability 1/6
  kRademacher,       ///< +-1, drawn
  kRademacherExact,  ///< all 2^clusters sign vectors
};

struct WildOptions {
  double null = 0;
  std::size_t n_draw = 9'999;
  std::size_t min_cluster = 6;
  std::size_t min_rademacher = 12;  ///< fewer clusters: Webb's weights
  std::size_t max_exact = 16;       ///< most clusters of which all sign vectors are taken
};

/// A test whose distribution was drawn or enumerated.
struct WildTest {
  double estimate = 0;
  double t = 0;
  double p = 1;           ///< two-sided
  double smallest_p = 1;  ///< attainable with these draws
  std::size_t n_cluster = 0;
  std::size_t n_draw = 0;
  std::size_t n_no_spread = 0;  ///< draws without standard error; they count as extreme
  WildWeights weights = WildWeights::kWebb;
};

/// Restricted wild cluster bootstrap-t: p of "this combination of coefficients is `null`".
/// Residuals of the fit under the null, times one weight a cluster, make each draw's y; t* is the
/// draw's contrast less `null` over its CR1 standard error. p = (b + 1)/(m + 1), b the draws with
/// |t*| >= |t|; with all sign vectors, of which the data are one, p = b / 2^clusters.
/// With Rademacher weights p cannot lie below 2^(1-clusters).
/// Shapes: contrast [n_parameter].
/// Errors: not assessable with fewer than min_cluster clusters, a singular design or residuals
/// without spread.
/// Source: Cameron, Gelbach and Miller, "Bootstrap-based improvements for inference with clustered
/// errors", 2008; Webb, "Reworking wild bootstrap based inference for clustered errors", 2014;
/// computed on X_g'X_g and scores as in Roodman et al., "Fast and wild", 2019.
Assessed<WildTest> wild_test(const ClusterMoments& moments, std::span<const double> contrast,
                             Random& random, const WildOptions& options = {});

/// Of a mean or a ratio of sums (ratio_moments).
Assessed<WildTest> wild_ratio(const ClusterSums& sums, Random& random,
                              const WildOptions& options = {});
/// Of the difference of two groups (difference_moments).
Assessed<WildTest> wild_difference(const ClusterSums& sums, Random& random,
                                   const WildOptions& options = {});

/// A p-value that is not rejected by one method alone.
struct ClusterTest {
  double p = 1;                  ///< the larger of the two below
  double p_interval = 1;         ///< cluster_bootstrap's, which agrees with its interval
  std::optional<WildTest> wild;  ///< nothing where the interval switched and clusters hardly differ
  ClusterInterval interval;
};

/// The larger p of an interval's and a wild bootstrap's test of the same null, whatever the units of
/// either. Where the interval switched and clusters hardly differ, the interval's alone.
/// Errors: not assessable where the interval is not.
Assessed<ClusterTest> combined_test(const Assessed<ClusterInterval>& interval,
                                    const Assessed<WildTest>& wild);

/// Tests "the ratio is options.null" by the interval and by the wild bootstrap, and takes the larger
/// p. Wild weights are symmetric: with clusters as skewed as shares near 0 or 1 are, they reject a
/// true null of 0.9 in up to 18 % of cases at 5 %, which bootstrap-t does not; with few clusters
/// around a symmetric null it is the other way round. docs/statistics.md has the sizes.
/// Errors: not assessable where cluster_bootstrap is not.
Assessed<ClusterTest> cluster_test_ratio(const ClusterSums& sums, Random& random,
                                         const BootstrapOptions& options = {});
/// The same of a difference of two groups (two_group_sums), by group_difference; options.range is
/// that of one group's ratio.
Assessed<ClusterTest> cluster_test_difference(const ClusterSums& sums, Random& random,
                                              const BootstrapOptions& options = {});

}  // namespace moescope::stats

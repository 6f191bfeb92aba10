#pragma once

#include "core/base/random.hpp"
#include "core/stats/assessed.hpp"
#include "core/stats/bootstrap.hpp"
#include "core/stats/clusters.hpp"

namespace moescope::stats {

/// Interval of the difference of two groups' ratios (two_group_sums).
/// Groups that share clusters: cluster_bootstrap of difference_statistic. Groups apart: each group's
/// own cluster_bootstrap interval (l, u) around its value r, joined:
///   lower = d - sqrt((r1 - l1)^2 + (u2 - r2)^2), upper = d + sqrt((u1 - r1)^2 + (r2 - l2)^2),
/// because where two groups are skewed alike their difference hides it: bootstrap-t of the difference
/// covered 83 to 91 % at shares of 0.9 and 0.99. p takes the variance that the limit on the side of
/// `null` implies, so that it agrees with the interval at this level.
/// options.range is that of one group's ratio.
/// Errors: not assessable where a group's interval is not (fewer than min_cluster clusters in it).
/// Source: Zou and Donner, "Construction of confidence limits about effect measures: a general
/// approach", 2008 (MOVER), after Newcombe 1998.
Assessed<ClusterInterval> group_difference(const ClusterSums& sums, Random& random,
                                           const BootstrapOptions& options = {});

/// Interval of the first group's ratio over the second's, the same on the log scale. options.null
/// is the ratio (0: 1); options.range is that of one group's ratio, both not below 0.
/// Errors: as group_difference; where a group's ratio is 0, or the second's lower limit is.
/// Source: Donner and Zou, "Closed-form confidence intervals for functions of the normal mean and
/// standard deviation", 2012 (MOVER on logarithms).
Assessed<ClusterInterval> group_ratio(const ClusterSums& sums, Random& random,
                                      const BootstrapOptions& options = {});

}  // namespace moescope::stats

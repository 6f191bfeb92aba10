#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/base/rows.hpp"
#include "core/stats/assessed.hpp"
#include "core/stats/clusters.hpp"

namespace moescope::stats {

/// What least squares and its cluster-robust variances need of the items: X'X and X'y of each
/// cluster.
struct ClusterMoments {
  std::size_t n_parameter = 0;
  std::size_t n_item = 0;
  std::vector<double> gram;    ///< [n_cluster, n_parameter, n_parameter]
  std::vector<double> moment;  ///< [n_cluster, n_parameter]

  std::size_t n_cluster() const noexcept { return n_parameter ? moment.size() / n_parameter : 0; }
};

/// Shapes: design [n_item, n_parameter]; y, cluster [n_item].
ClusterMoments regression_moments(Rows<const double> design, std::span<const double> y,
                                  std::span<const std::uint32_t> cluster);
/// Of sums of numerator and denominator: y on the denominator, one parameter, the ratio. Where the
/// denominators are 0 or 1 this is the mean of the items whose denominator is 1.
ClusterMoments ratio_moments(const ClusterSums& sums);
/// Of two_group_sums: two parameters, the ratios of the groups; contrast (1, -1).
ClusterMoments difference_moments(const ClusterSums& sums);

/// Least-squares coefficients [n_parameter]; nothing where the design is singular.
std::optional<std::vector<double>> coefficients(const ClusterMoments& moments);

struct RobustOptions {
  double level = 0.95;
  std::size_t min_cluster = 6;
  double null = 0;  ///< the value that p is for
};

struct RobustEstimate {
  Estimate estimate;
  double p = 1;  ///< two-sided, of the contrast equal to `null`, by Student's t with estimate.df
};

/// A linear combination of coefficients with the bias-reduced cluster variance CR2 and
/// Bell–McCaffrey degrees of freedom, both for a working model of independent equal errors.
/// With M = (X'X)^-1, H = X M X', residuals e, A_g = (I - H_gg)^(-1/2) (Moore–Penrose where singular)
/// and a_g = A_g X_g M c:
///   se^2 = sum_g (a_g' e_g)^2;
///   df = (sum_g p_gg)^2 / sum_gh p_gh^2 with p_gh = [g = h] |a_g|^2 - a_g' X_g M X_h' a_h.
/// Below about 4 degrees of freedom t is a rough approximation: print df.
/// Shapes: contrast [n_parameter].
/// Errors: not assessable with fewer than min_cluster clusters, a singular design, or residuals
/// without spread.
/// Source: Bell and McCaffrey, "Bias reduction in standard errors for linear regression with
/// multi-stage samples", 2002; Pustejovsky and Tipton, "Small-sample methods for cluster-robust
/// variance estimation and hypothesis testing in fixed effects models", 2018.
Assessed<RobustEstimate> cr2_estimate(const ClusterMoments& moments,
                                      std::span<const double> contrast,
                                      const RobustOptions& options = {});

/// Mean or ratio of sums (ratio_moments) with CR2.
Assessed<RobustEstimate> cr2_ratio(const ClusterSums& sums, const RobustOptions& options = {});
/// Difference of two groups (difference_moments) with CR2.
Assessed<RobustEstimate> cr2_difference(const ClusterSums& sums, const RobustOptions& options = {});

/// Any statistic with CR2 of its linearisation: each cluster's u_c as residuals of n_c items around
/// the mean of its stratum. For a mean this is cr2_ratio; for a ratio it takes a cluster's share of
/// items for its share of the denominator.
/// Errors: as cr2_estimate, and where the statistic is undefined.
Assessed<RobustEstimate> cr2_statistic(const ClusterSums& sums, const Statistic& statistic,
                                       const RobustOptions& options = {});

struct TwoWayEstimate {
  Estimate estimate;  ///< df: the fewer clusters of the two ways, less 1; n_cluster likewise
  double p = 1;
  std::size_t n_first = 0;
  std::size_t n_second = 0;
  double se_first = 0;   ///< clustered the first way alone
  double se_second = 0;  ///< clustered the second way alone
  /// The two-way variance was not positive (semi-)definite: negative eigenvalues (in units in
  /// which every column has length 1) were set to 0, and the SE is no smaller than either one-way SE.
  bool repaired = false;
};

/// A linear combination of coefficients whose items share clusters in two ways (writer and term).
/// V = V_first + V_second - V_both, each CR1 with the factor G/(G-1) (n-1)/(n-p); t with
/// min(G) - 1 degrees of freedom.
/// Shapes: design [n_item, n_parameter]; y, first, second [n_item]; contrast [n_parameter].
/// Errors: as cr2_estimate, by the way with fewer clusters.
/// Source: Cameron, Gelbach and Miller, "Robust inference with multiway clustering", 2011; larger
/// SE after a repair: MacKinnon, Nielsen and Webb, "Cluster-robust inference: a guide to empirical
/// practice", 2023, who advise the largest of the three.
Assessed<TwoWayEstimate> two_way_estimate(Rows<const double> design, std::span<const double> y,
                                          std::span<const std::uint32_t> first,
                                          std::span<const std::uint32_t> second,
                                          std::span<const double> contrast,
                                          const RobustOptions& options = {});

}  // namespace moescope::stats

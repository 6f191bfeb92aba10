#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/base/random.hpp"
#include "core/stats/assessed.hpp"

namespace moescope::stats {

/// Two yes/no outcomes of the same items in one cluster (two models, precisions, languages).
struct PairedCounts {
  double n_item = 0;
  double only_first = 0;   ///< yes in the first, no in the second
  double only_second = 0;  ///< no in the first, yes in the second
  bool operator==(const PairedCounts&) const = default;
};

/// Counts of each cluster, in ascending order of keys.
/// Shapes: first, second, cluster [n_item].
std::vector<PairedCounts> pair_counts(std::span<const std::uint8_t> first,
                                      std::span<const std::uint8_t> second,
                                      std::span<const std::uint32_t> cluster);

enum class McNemarMethod { kExact, kDurkalski, kModifiedObuchowski };
std::string_view name_of(McNemarMethod method) noexcept;

struct McNemar {
  McNemarMethod method = McNemarMethod::kExact;
  double difference = 0;   ///< share of yes in the first less that in the second, over items
  double chi_squared = 0;  ///< 1 degree of freedom; 0 for the exact test
  double p = 1;            ///< two-sided
  std::size_t n_cluster = 0;
};

/// Durkalski's statistic: (sum d_k)^2 / sum d_k^2 with d_k = (b_k - c_k) / n_k. Clusters weigh alike.
/// Errors: nothing where every d_k is 0.
/// Source: Durkalski et al., "Analysis of clustered matched-pair data", 2003.
std::optional<double> durkalski(std::span<const PairedCounts> clusters);

/// Modified Obuchowski statistic: (K-1)/K (sum d_k)^2 / (1/2 sum(d_k^2 + (d_k - n_k D)^2)) with
/// d_k = b_k - c_k and D = sum d_k / sum n_k. Items weigh alike.
/// Errors: nothing where every d_k is 0.
/// Source: Yang, Sun and Hardin, "A note on the tests for clustered matched-pair binary data", 2010.
std::optional<double> modified_obuchowski(std::span<const PairedCounts> clusters);

/// McNemar's test by clusters: exact where every cluster is one item; else Durkalski's with fewer
/// than 50 clusters or clusters of unequal size, modified Obuchowski's above.
/// Errors: not assessable with fewer than min_cluster clusters. Without discordant pairs p is 1.
Assessed<McNemar> cluster_mcnemar(std::span<const PairedCounts> clusters,
                                  std::size_t min_cluster = 6);

struct SignFlip {
  double observed = 0;    ///< sum over clusters
  double p = 1;           ///< two-sided
  double smallest_p = 1;  ///< attainable
  std::size_t n_cluster = 0;
  std::size_t n_draw = 0;
  bool is_exact = false;  ///< all 2^clusters flips: p = count / 2^clusters, else (b + 1)/(m + 1)
};

struct SignFlipOptions {
  std::size_t n_draw = 9'999;
  std::size_t max_exact = 16;
  std::size_t min_cluster = 6;
};

/// Test of "differences are symmetric around 0" that turns whole clusters' signs.
/// Shapes: difference, cluster [n_item]; the statistic is the sum of the clusters' sums.
/// Errors: not assessable with fewer than min_cluster clusters whose sum is not 0 (they are all
/// that a flip can move).
/// Source: Fisher's randomisation test; by clusters: Gail et al., "On design considerations and
/// randomization-based inference for community intervention trials", 1996.
Assessed<SignFlip> cluster_sign_flip(std::span<const double> difference,
                                     std::span<const std::uint32_t> cluster, Random& random,
                                     const SignFlipOptions& options = {});

struct SignedRank {
  double t = 0;
  double variance = 0;
  double z = 0;
  double p = 1;               ///< two-sided, by the normal distribution
  std::size_t n_item = 0;     ///< without zeros
  std::size_t n_cluster = 0;  ///< with an item that is not 0
  bool is_balanced = true;
};

/// Clustered signed rank test. Ranks of |difference| over all items that are not 0, ties by their
/// mean. Clusters of equal size: T = sum of signed ranks, Var T = sum of squares of the clusters'
/// sums. Else T = sum w_c mean_c and Var T = sum w_c^2 mean_c^2 with weights
/// w = n_c / (v (1 + (n_c - 1) rho)), v the variance of the signed ranks and rho their intra-cluster
/// correlation by analysis of variance, corrected: rho (1 + (1 - rho^2) / (C - 2.5)), in 0 … 1.
/// Errors: not assessable with fewer than min_cluster clusters.
/// Source: Rosner, Glynn and Lee, "The Wilcoxon signed rank test for paired comparisons of clustered
/// data", 2006; correction of rho as in Jiang et al., "Wilcoxon rank-based tests for clustered data
/// with R package clusrank", 2020.
Assessed<SignedRank> clustered_signed_rank(std::span<const double> difference,
                                           std::span<const std::uint32_t> cluster,
                                           std::size_t min_cluster = 6);

/// Mean ranks 1 … n, ties by their mean.
std::vector<double> mean_ranks(std::span<const double> value);

struct Welch {
  Estimate estimate;  ///< mean of the first less mean of the second; n_cluster: values of both
  double t = 0;
  double p = 1;  ///< two-sided
};

/// Welch's t test of two independent samples, for means of few units (7 + 9 stereotypes).
/// Errors: not assessable with fewer than two values a side or without any spread.
/// Source: Welch, "The generalization of 'Student's' problem", 1947.
Assessed<Welch> welch(std::span<const double> first, std::span<const double> second,
                      double level = 0.95);

}  // namespace moescope::stats

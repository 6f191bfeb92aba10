#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "core/base/rows.hpp"
#include "core/stats/assessed.hpp"

namespace moescope::stats {

/// How unevenly items lie in clusters; printed beside every interval.
struct ClusterShape {
  std::size_t n_item = 0;
  std::size_t n_cluster = 0;
  double effective = 0;  ///< n^2 / sum of n_c^2: clusters of equal size that would weigh as much
  double largest_share = 0;  ///< items of the largest cluster / items
  bool operator==(const ClusterShape&) const = default;
};

/// Shape of these cluster sizes; zeros where there is no item.
ClusterShape cluster_shape(std::span<const double> n_item);

/// Clusters renumbered 0 … n - 1 in ascending order of their keys.
struct ClusterIndex {
  std::vector<std::size_t> of_item;  ///< [n_item]
  std::size_t n_cluster = 0;
};
ClusterIndex index_clusters(std::span<const std::uint32_t> cluster);

/// Sums of several quantities, kept apart by cluster: all that a statistic of totals and its
/// resampling need of the items.
struct ClusterSums {
  std::size_t n_component = 0;
  std::vector<double> sum;           ///< [n_cluster, n_component]
  std::vector<double> n_item;        ///< [n_cluster]
  std::vector<std::size_t> stratum;  ///< [n_cluster]; empty: one stratum

  std::size_t n_cluster() const noexcept { return n_item.size(); }
  Rows<const double> rows() const { return {sum.data(), n_cluster(), n_component}; }
  std::vector<double> totals() const;
  /// The clusters of each stratum.
  std::vector<std::vector<std::size_t>> strata() const;
  bool operator==(const ClusterSums&) const = default;
};

/// Adds items up by cluster; clusters in ascending order of their keys, so that the order in which
/// items arrive changes no more than the last bits.
/// Shapes: component [n_item, n_component], cluster [n_item].
ClusterSums sum_clusters(Rows<const double> component, std::span<const std::uint32_t> cluster);

/// Components value and 1, for mean_statistic.
/// Shapes: value, cluster [n_item].
ClusterSums mean_sums(std::span<const double> value, std::span<const std::uint32_t> cluster);

/// Components numerator and denominator, for ratio_statistic.
/// Shapes: numerator, denominator, cluster [n_item].
ClusterSums ratio_sums(std::span<const double> numerator, std::span<const double> denominator,
                       std::span<const std::uint32_t> cluster);

/// Components numerator and denominator of group 0, then of group 1, for difference_statistic. A
/// cluster may hold items of both groups. Where none does, the groups are strata.
/// Shapes: numerator, denominator, cluster [n_item]; group [n_item], 0 or 1.
ClusterSums two_group_sums(std::span<const double> numerator, std::span<const double> denominator,
                           std::span<const std::uint8_t> group,
                           std::span<const std::uint32_t> cluster);

/// A smooth function of totals.
struct Statistic {
  /// Nothing where it is undefined, as a ratio with an empty denominator is.
  std::function<std::optional<double>(std::span<const double> total)> value;
  /// Its partial derivatives at `total`, where value is defined. Empty: central differences.
  std::function<void(std::span<const double> total, std::span<double> gradient)> gradient;
};

/// total[0] / total[1]: a mean, or a ratio of sums.
Statistic ratio_statistic();
/// total[0] / total[1] - total[2] / total[3].
Statistic difference_statistic();
/// log(total[0] / total[1]) - log(total[2] / total[3]); undefined where a total is not above 0.
Statistic log_ratio_statistic();

/// The statistic's gradient, by central differences where it brings none.
/// Errors: nothing where the statistic is undefined at or beside `total`.
std::optional<std::vector<double>> gradient_of(const Statistic& statistic,
                                               std::span<const double> total);

/// What each cluster adds to the statistic, to first order: u_c = gradient . sums of c, less the
/// mean of u over its stratum. Nothing where the statistic is undefined.
std::optional<std::vector<double>> cluster_influence(const ClusterSums& sums,
                                                     const Statistic& statistic);

/// Memory that linearisations of sums of one shape share.
class Linearisation {
 public:
  /// The strata of these sums hold for all that follow.
  Linearisation(const ClusterSums& sums, const Statistic& statistic);
  /// The statistic at the sums' totals; nothing where it is undefined.
  std::optional<double> value(const ClusterSums& sums);
  /// Its standard error; call value first. Nothing where a gradient is undefined or a stratum has
  /// one cluster only.
  std::optional<double> se(const ClusterSums& sums);
  /// Whether in the last call of se the clusters of every stratum differed.
  bool has_spread() const noexcept { return has_spread_; }
  /// u_c of the last call of se: [n_cluster].
  std::span<const double> influence() const { return influence_; }

 private:
  bool differentiate();
  const Statistic* statistic_;
  std::vector<std::vector<std::size_t>> strata_;
  std::vector<double> total_;
  std::vector<double> gradient_;
  std::vector<double> influence_;
  bool has_spread_ = false;
};

/// Linearised standard error: the square root of sum over strata of C/(C - 1) sum u_c^2. For a mean
/// that is SE^2 = C/(C-1) n^-2 sum_c (sum_{i in c} (s_i - mean))^2.
/// Errors: nothing where the statistic is undefined or a stratum has one cluster only.
/// Source: Woodruff, "A simple method for approximating the variance of a complicated estimate",
/// 1971; Liang and Zeger 1986, with the factor C/(C-1) ("CR1").
std::optional<double> linearised_se(const ClusterSums& sums, const Statistic& statistic);

struct EstimateOptions {
  double level = 0.95;
  std::size_t min_cluster = 6;  ///< fewer in all, or fewer than two in a stratum: not assessable
};

/// Value, linearised SE and t limits with (clusters - strata) degrees of freedom. Covers too little
/// with few or unequal clusters: print bootstrap or CR2 limits, this for plans and comparison.
Assessed<Estimate> linearised_estimate(const ClusterSums& sums, const Statistic& statistic,
                                       const EstimateOptions& options = {});

/// Why clusters do not suffice; empty where they do.
std::string too_few_clusters(const ClusterSums& sums, std::size_t min_cluster);

}  // namespace moescope::stats

#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/random.hpp"
#include "core/stats/assessed.hpp"
#include "core/stats/clusters.hpp"

namespace moescope::stats {

enum class IntervalMethod {
  kBootstrapT,
  kBca,
  kPercentile,
  kTwoGroups,       ///< of two_groups.hpp
  kClopperPearson,  ///< what the others switch to where clusters hardly differ
};
std::string_view name_of(IntervalMethod method) noexcept;

struct BootstrapOptions {
  IntervalMethod method = IntervalMethod::kBootstrapT;
  double level = 0.95;
  std::size_t n_draw = 9'999;
  std::size_t min_cluster = 6;
  double min_effective = 40;  ///< effective clusters below which BCa and percentile are refused
  double max_skew = 0.03;     ///< |acceleration| above which they are, too
  double min_from_end = 0.2;  ///< part of the range; values nearer to an end: refused likewise
  /// Effective clusters below which bootstrap-t limits are widened to those of CR2 where these lie
  /// farther out.
  double wider_below = 20;
  /// Of the statistic where it has one (a share: 0 and 1; BBQ's s: -1 and 1). Limits are cut to it,
  /// and it is what makes Clopper–Pearson possible.
  std::optional<Limits> range;
  double null = 0;  ///< the value that `p` is for
};

/// An interval with all that must be printed beside it.
struct ClusterInterval {
  Estimate estimate;  ///< df: clusters less strata
  /// Two-sided, of "the statistic is null"; agrees with the interval, which excludes null where p is
  /// below 1 - level. Nothing for BCa and percentile.
  std::optional<double> p;
  ClusterShape shape;
  std::optional<Estimate> cr2;                          ///< cr2_statistic, to be printed beside it
  IntervalMethod method = IntervalMethod::kBootstrapT;  ///< the one used in the end
  std::size_t n_draw = 0;
  std::size_t n_undefined = 0;  ///< draws in which the statistic is undefined
  std::size_t n_no_spread = 0;  ///< draws in which the clusters of a stratum do not differ
  std::string note;             ///< why not plainly the method asked for; empty otherwise
};

/// Interval of a statistic by drawing whole clusters with replacement, within strata.
/// Bootstrap-t: t* = (theta* - theta) / se*, se* the linearised standard error of the draw; limits
/// are theta - t*(1-a/2) se and theta - t*(a/2) se. A draw without spread counts as an infinite t*
/// on its side (0 where theta* = theta), one without a value, or without spread in one of several
/// strata, as infinite on both sides, so that none can narrow the interval.
/// With few effective clusters, and with strata, the limits are the wider of bootstrap-t and CR2, on each side: alone,
/// bootstrap-t covers 91 to 93 % where a few large clusters hold most items.
/// Where all clusters agree at an end of the range, or where such draws decide a limit, and there
/// is one stratum: Clopper–Pearson of the value's place in the range, n = clusters at the end,
/// effective clusters (rounded down, at least 1) elsewhere. No statistic of clusters within the
/// range varies more than that.
/// docs/statistics.md has the coverage of each method.
/// Errors: not assessable with fewer than min_cluster clusters or one in a stratum; where the
/// statistic is undefined; BCa and percentile below min_effective, above max_skew or near
/// an end of the range; where clusters do not differ or
/// draws decide a limit, and there is no range or are strata.
/// Source: Efron, "Nonparametric standard errors and confidence intervals", 1981 (bootstrap-t);
/// Efron, "Better bootstrap confidence intervals", 1987; clusters: Davison and Hinkley, "Bootstrap
/// methods and their application", 1997, ch. 3 and 5.
Assessed<ClusterInterval> cluster_bootstrap(const ClusterSums& sums, const Statistic& statistic,
                                            Random& random, const BootstrapOptions& options = {});

/// The quantile of a sorted sample at rank (n + 1) p, between two ranks by interpolation, beyond
/// the ends the end.
double rank_quantile(std::span<const double> sorted, double p);

/// Skewness of a statistic's jackknife values, sum d^3 / (6 (sum d^2)^1.5) with d the mean less each
/// value; 0 where they do not differ.
/// Shapes: left_out [n_unit]: the statistic without one unit.
/// Source: Efron and Tibshirani 1993, eq. 14.15.
double acceleration(std::span<const double> left_out);

/// BCa limits of bootstrap draws. The median bias counts draws equal to the value by half.
/// Shapes: draw [n_draw], ascending.
/// Errors: nothing where all draws lie on one side of the value.
/// Source: Efron 1987.
std::optional<Limits> bca_limits(std::span<const double> draw, double acceleration, double value,
                                 double level);

/// Of bootstrap draws, see cluster_bootstrap. Limits may be infinite.
/// Shapes: t [n], ascending, infinities allowed; n_undefined more draws have no value.
Limits studentised_limits(std::span<const double> t, std::size_t n_undefined, double value,
                          double se, double level);

/// The p that belongs to studentised_limits: 2 (b + 1)/(n + 1), b the draws as far out as `t` is on
/// the side where there are fewer; draws without a value count as far out.
double studentised_p(std::span<const double> t_draw, std::size_t n_undefined, double t);

}  // namespace moescope::stats

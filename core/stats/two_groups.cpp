#include "core/stats/two_groups.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "core/stats/quantile.hpp"

namespace moescope::stats {
namespace {

using Result = Assessed<ClusterInterval>;

bool is_apart(const ClusterSums& sums) {
  return sums.strata().size() == 2;
}

/// Numerator and denominator of one stratum.
ClusterSums group_of(const ClusterSums& sums, std::size_t group) {
  ClusterSums result{.n_component = 2};
  const auto strata = sums.strata();
  for (const std::size_t c : strata[group]) {
    const double* from = &sums.sum[4 * c + 2 * group];
    result.sum.insert(result.sum.end(), from, from + 2);
    result.n_item.push_back(sums.n_item[c]);
  }
  return result;
}

/// Value and limits of one group, on the scale on which the groups are joined.
struct Side {
  double value = 0;
  double lower = 0;
  double upper = 0;
};

/// Joins first less second; p by the variance that the limit towards `null` implies.
void join(ClusterInterval& result, const Side& first, const Side& second, double null) {
  Estimate& e = result.estimate;
  e.value = first.value - second.value;
  e.lower = e.value - std::hypot(first.value - first.lower, second.upper - second.value);
  e.upper = e.value + std::hypot(first.upper - first.value, second.value - second.lower);
  const double half = null < e.value ? e.value - e.lower : e.upper - e.value;
  const double quantile = normal_quantile(0.5 + e.level / 2);
  result.p = half > 0 ? 2 * normal_cdf(-std::fabs(e.value - null) / half * quantile) : 1;
}

struct Groups {
  std::array<ClusterInterval, 2> interval;
  ClusterInterval joined;  ///< all but value, limits and p
};

/// Each group's own interval.
Assessed<Groups> each_group(const ClusterSums& sums, Random& random,
                            const BootstrapOptions& options) {
  Groups groups;
  for (std::size_t g = 0; g < 2; ++g) {
    const auto interval = cluster_bootstrap(group_of(sums, g), ratio_statistic(), random, options);
    if (!interval)
      return Assessed<Groups>::not_assessable(
          fmt::format("{} group: {}", g == 0 ? "first" : "second", interval.why()));
    groups.interval[g] = *interval;
  }
  const auto& [first, second] = groups.interval;
  ClusterInterval& joined = groups.joined;
  joined.shape = cluster_shape(sums.n_item);
  joined.method = IntervalMethod::kTwoGroups;
  joined.n_draw = options.n_draw;
  joined.n_undefined = first.n_undefined + second.n_undefined;
  joined.n_no_spread = first.n_no_spread + second.n_no_spread;
  joined.estimate.level = options.level;
  joined.estimate.n_cluster = sums.n_cluster();
  joined.estimate.df = static_cast<double>(sums.n_cluster() - 2);
  for (const ClusterInterval* one : {&first, &second})
    if (!one->note.empty())
      joined.note += fmt::format("{}{} group: {}", joined.note.empty() ? "" : "; ",
                                 one == &first ? "first" : "second", one->note);
  return groups;
}

Side logarithm(const Estimate& e) {
  return {std::log(e.value), std::log(e.lower), std::log(e.upper)};
}

}  // namespace

Assessed<ClusterInterval> group_difference(const ClusterSums& sums, Random& random,
                                           const BootstrapOptions& options) {
  if (!is_apart(sums)) {
    BootstrapOptions within = options;
    if (options.range) {
      const double width = options.range->upper - options.range->lower;
      within.range = Limits{-width, width};
    }
    return cluster_bootstrap(sums, difference_statistic(), random, within);
  }
  auto groups = each_group(sums, random, options);
  if (!groups) return Result::not_assessable(groups.why());
  ClusterInterval result = groups->joined;
  const Estimate& first = groups->interval[0].estimate;
  const Estimate& second = groups->interval[1].estimate;
  result.estimate.se = std::hypot(first.se, second.se);
  join(result, {first.value, first.lower, first.upper}, {second.value, second.lower, second.upper},
       options.null);
  return result;
}

Assessed<ClusterInterval> group_ratio(const ClusterSums& sums, Random& random,
                                      const BootstrapOptions& options) {
  const double log_null = options.null > 0 ? std::log(options.null) : 0;
  ClusterInterval result;
  if (is_apart(sums)) {
    auto groups = each_group(sums, random, options);
    if (!groups) return Result::not_assessable(groups.why());
    result = groups->joined;
    const Estimate& first = groups->interval[0].estimate;
    const Estimate& second = groups->interval[1].estimate;
    if (!(first.value > 0) || !(second.value > 0))
      return Result::not_assessable("a group's ratio is 0");
    if (!(second.lower > 0))
      return Result::not_assessable("the second group's ratio may be 0: there is no upper limit");
    result.estimate.se = std::hypot(first.se / first.value, second.se / second.value);
    join(result, logarithm(first), logarithm(second), log_null);
  } else {
    BootstrapOptions within = options;
    within.range.reset();
    within.null = log_null;
    auto logs = cluster_bootstrap(sums, log_ratio_statistic(), random, within);
    if (!logs) return logs;
    result = *logs;
    result.cr2.reset();  // it is of the logarithm
  }
  Estimate& e = result.estimate;
  e.value = std::exp(e.value);
  e.se *= e.value;
  e.lower = std::exp(e.lower);
  e.upper = std::exp(e.upper);
  return result;
}

}  // namespace moescope::stats

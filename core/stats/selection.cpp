#include "core/stats/selection.hpp"

#include <cmath>
#include <vector>

namespace moescope::stats {

Statistic log_odds_ratio_statistic() {
  return {.value = [](std::span<const double> t) -> std::optional<double> {
            if (!(t[0] > 0) || !(t[1] > t[0]) || !(t[2] > 0) || !(t[3] > t[2])) return std::nullopt;
            return std::log(t[0] / (t[1] - t[0])) - std::log(t[2] / (t[3] - t[2]));
          },
          .gradient =
              [](std::span<const double> t, std::span<double> g) {
                g[0] = 1 / t[0] + 1 / (t[1] - t[0]);
                g[1] = -1 / (t[1] - t[0]);
                g[2] = -1 / t[2] - 1 / (t[3] - t[2]);
                g[3] = 1 / (t[3] - t[2]);
              }};
}

ClusterInterval exponentiated(ClusterInterval interval) {
  Estimate& e = interval.estimate;
  e.value = std::exp(e.value);
  e.se *= e.value;
  e.lower = std::exp(e.lower);
  e.upper = std::exp(e.upper);
  return interval;
}

SelectionContrast selection_contrast(std::span<const std::uint8_t> selected,
                                     std::span<const std::uint8_t> group,
                                     std::span<const std::uint32_t> cluster, Random& random,
                                     const BootstrapOptions& options) {
  const std::vector<double> yes(selected.begin(), selected.end());
  const std::vector<double> one(selected.size(), 1.0);
  const ClusterSums sums = two_group_sums(yes, one, group, cluster);
  const auto total = sums.totals();
  SelectionContrast result;
  if (total[1] > 0) result.rate_first = total[0] / total[1];
  if (total[3] > 0) result.rate_second = total[2] / total[3];
  BootstrapOptions of_difference = options;
  of_difference.range = Limits{-1, 1};
  result.difference = cluster_bootstrap(sums, difference_statistic(), random, of_difference);
  BootstrapOptions of_log = options;
  of_log.range.reset();
  result.impact_ratio = cluster_bootstrap(sums, log_ratio_statistic(), random, of_log);
  if (result.impact_ratio) result.impact_ratio = exponentiated(*result.impact_ratio);
  return result;
}

}  // namespace moescope::stats

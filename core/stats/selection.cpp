#include "core/stats/selection.hpp"

#include <cmath>
#include <vector>

#include "core/stats/two_groups.hpp"

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
  BootstrapOptions of_shares = options;
  of_shares.range = Limits{0, 1};
  of_shares.null = 0;  // no difference, and a ratio of 1
  result.difference = group_difference(sums, random, of_shares);
  result.impact_ratio = group_ratio(sums, random, of_shares);
  return result;
}

}  // namespace moescope::stats

#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "core/base/random.hpp"
#include "core/stats/assessed.hpp"
#include "core/stats/bootstrap.hpp"
#include "core/stats/clusters.hpp"

namespace moescope::stats {

/// log odds of total[0] of total[1] less that of total[2] of total[3] (two_group_sums).
Statistic log_odds_ratio_statistic();

/// Shares selected in two groups, with cluster intervals.
struct SelectionContrast {
  std::optional<double> rate_first;   ///< of group 0; nothing without items
  std::optional<double> rate_second;  ///< of group 1, the reference
  /// group_difference.
  Assessed<ClusterInterval> difference = Assessed<ClusterInterval>::not_assessable("not computed");
  /// rate_first / rate_second, group_ratio.
  Assessed<ClusterInterval> impact_ratio =
      Assessed<ClusterInterval>::not_assessable("not computed");
};

/// Selection-rate difference and impact ratio ("four-fifths rule" compares the latter with 0.8;
/// never without its interval). options.range and options.null are ignored.
/// Shapes: selected, cluster [n_item]; group [n_item], 0 or 1.
SelectionContrast selection_contrast(std::span<const std::uint8_t> selected,
                                     std::span<const std::uint8_t> group,
                                     std::span<const std::uint32_t> cluster, Random& random,
                                     const BootstrapOptions& options = {});

}  // namespace moescope::stats

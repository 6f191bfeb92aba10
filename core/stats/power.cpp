#include "core/stats/power.hpp"

#include <cmath>

#include "core/stats/clusters.hpp"
#include "core/stats/quantile.hpp"

namespace moescope::stats {

Assessed<double> minimum_detectable_effect(double se, double df, const PowerOptions& options) {
  if (!(se > 0) || !(df > 0) || options.n_family == 0)
    return Assessed<double>::not_assessable("there is no standard error");
  const double alpha = options.alpha / static_cast<double>(options.n_family);
  return (student_t_quantile(1 - alpha / 2, df) + student_t_quantile(options.power, df)) * se;
}

double design_effect(std::span<const double> n_item, double icc) {
  double n = 0;
  double squares = 0;
  for (const double size : n_item) {
    n += size;
    squares += size * size;
  }
  return n > 0 ? 1 + icc * (squares / n - 1) : 1;
}

Assessed<double> planned_se(double sd, std::span<const double> n_item, double icc) {
  double n = 0;
  for (const double size : n_item) n += size;
  if (!(n > 0)) return Assessed<double>::not_assessable("there are no items");
  return sd * std::sqrt(design_effect(n_item, icc) / n);
}

Assessed<double> intra_cluster_correlation(std::span<const double> value,
                                           std::span<const std::uint32_t> cluster) {
  using Result = Assessed<double>;
  const ClusterSums sums = mean_sums(value, cluster);
  const auto n_cluster = static_cast<double>(sums.n_cluster());
  const auto n = static_cast<double>(value.size());
  if (sums.n_cluster() < 2) return Result::not_assessable("there are fewer than two clusters");
  if (sums.n_cluster() == value.size())
    return Result::not_assessable("every cluster is a single item");
  const double mean = sums.totals()[0] / n;
  double total = 0;
  for (const double v : value) total += (v - mean) * (v - mean);
  double between = 0;
  double squares = 0;
  for (std::size_t c = 0; c < sums.n_cluster(); ++c) {
    const double size = sums.n_item[c];
    const double deviation = sums.sum[2 * c] / size - mean;
    between += size * deviation * deviation;
    squares += size * size;
  }
  const double n0 = (n - squares / n) / (n_cluster - 1);
  const double msb = between / (n_cluster - 1);
  const double msw = (total - between) / (n - n_cluster);
  if (!(total > 1e-24 * n * (1 + mean * mean)))
    return Result::not_assessable("the values do not differ");
  return (msb - msw) / (msb + (n0 - 1) * msw);
}

}  // namespace moescope::stats

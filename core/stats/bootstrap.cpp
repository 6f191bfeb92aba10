#include "core/stats/bootstrap.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/stats/cluster_robust.hpp"
#include "core/stats/proportions.hpp"
#include "core/stats/quantile.hpp"

namespace moescope::stats {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

Assessed<ClusterInterval> refused(std::string why) {
  return Assessed<ClusterInterval>::not_assessable(std::move(why));
}

/// Sums of clusters drawn with replacement within strata, in the place of the old ones.
class Resampler {
 public:
  explicit Resampler(const ClusterSums& sums) : sums_(sums), strata_(sums.strata()), drawn_(sums) {}

  const ClusterSums& draw(Random& random) {
    const std::size_t n = sums_.n_component;
    for (const auto& clusters : strata_)
      for (const std::size_t to : clusters) {
        const std::size_t from = clusters[static_cast<std::size_t>(random.below(clusters.size()))];
        for (std::size_t k = 0; k < n; ++k) drawn_.sum[to * n + k] = sums_.sum[from * n + k];
      }
    return drawn_;
  }

 private:
  const ClusterSums& sums_;
  std::vector<std::vector<std::size_t>> strata_;
  ClusterSums drawn_;
};

struct Draws {
  std::vector<double> value;  ///< ascending: statistics, or t where studentised
  std::size_t n_undefined = 0;
  std::size_t n_no_spread = 0;
  std::size_t n_unknown = 0;  ///< draws that count as infinitely far out on both sides
};

double studentised(double deviation, double se) {
  if (se > 0) return deviation / se;
  if (deviation == 0) return 0;
  return deviation > 0 ? kInfinity : -kInfinity;
}

Draws make_draws(const ClusterSums& sums, const Statistic& statistic, double value, Random& random,
                 const BootstrapOptions& options) {
  const bool with_se = options.method == IntervalMethod::kBootstrapT;
  Resampler resampler(sums);
  Linearisation linear(sums, statistic);
  Draws draws;
  const std::size_t n_stratum = sums.strata().size();
  draws.value.reserve(options.n_draw);
  for (std::size_t b = 0; b < options.n_draw; ++b) {
    const ClusterSums& sample = resampler.draw(random);
    const auto drawn = linear.value(sample);
    if (!drawn) {
      ++draws.n_undefined;
      ++draws.n_unknown;
      continue;
    }
    if (!with_se) {
      draws.value.push_back(*drawn);
      continue;
    }
    const double se = linear.se(sample).value_or(0);
    if (!linear.has_spread()) {
      ++draws.n_no_spread;
      // With several strata the others' spread would pass for that of all.
      if (n_stratum > 1) {
        ++draws.n_unknown;
        continue;
      }
    }
    const double deviation = *drawn - value;
    const bool same = std::fabs(deviation) <= 1e-12 * std::fabs(value);
    draws.value.push_back(studentised(same ? 0 : deviation, se));
  }
  std::sort(draws.value.begin(), draws.value.end());
  return draws;
}

/// The statistic without each cluster that its stratum can spare.
std::vector<double> leave_one_out(const ClusterSums& sums, const Statistic& statistic) {
  const auto total = sums.totals();
  std::vector<double> result;
  std::vector<double> rest(total.size());
  for (std::size_t c = 0; c < sums.n_cluster(); ++c) {
    for (std::size_t k = 0; k < rest.size(); ++k)
      rest[k] = total[k] - sums.sum[c * sums.n_component + k];
    if (const auto value = statistic.value(rest)) result.push_back(*value);
  }
  return result;
}

/// Clopper–Pearson of the value's place in its range.
Assessed<ClusterInterval> by_clopper_pearson(ClusterInterval result, bool one_stratum, bool at_end,
                                             const BootstrapOptions& options, std::string why) {
  if (!options.range || !one_stratum) return refused(std::move(why));
  const auto [lower, upper] = *options.range;
  const double share = std::clamp((result.estimate.value - lower) / (upper - lower), 0.0, 1.0);
  const double n = at_end ? static_cast<double>(result.shape.n_cluster)
                          : std::max(1.0, std::floor(result.shape.effective));
  const auto limits = clopper_pearson(share * n, n, options.level);
  result.estimate.lower = lower + limits->lower * (upper - lower);
  result.estimate.upper = lower + limits->upper * (upper - lower);
  const double null = std::clamp((options.null - lower) / (upper - lower), 0.0, 1.0);
  result.p = clopper_pearson_p(share * n, n, null);
  result.method = IntervalMethod::kClopperPearson;
  result.note = fmt::format("{}: Clopper-Pearson with n = {:.0f} clusters", why, n);
  return result;
}

bool is_at_end(double value, const std::optional<Limits>& range) {
  if (!range) return false;
  const double near = 1e-12 * (range->upper - range->lower);
  return std::fabs(value - range->lower) < near || std::fabs(value - range->upper) < near;
}

std::optional<Limits> limits_of(const Draws& draws, double skew, const Estimate& estimate,
                                const BootstrapOptions& options) {
  if (draws.value.empty()) return std::nullopt;
  if (options.method == IntervalMethod::kBootstrapT)
    return studentised_limits(draws.value, draws.n_unknown, estimate.value, estimate.se,
                              options.level);
  if (options.method == IntervalMethod::kBca)
    return bca_limits(draws.value, skew, estimate.value, options.level);
  const double tail = 0.5 - options.level / 2;
  return Limits{rank_quantile(draws.value, tail), rank_quantile(draws.value, 1 - tail)};
}

/// Why BCa and percentile do not hold; empty where they do.
std::string unfit(const ClusterShape& shape, double value, double skew,
                  const BootstrapOptions& options) {
  if (options.method == IntervalMethod::kBootstrapT) return {};
  if (shape.effective < options.min_effective)
    return fmt::format("{:.1f} effective clusters, fewer than the {:.0f} that {} needs",
                       shape.effective, options.min_effective, name_of(options.method));
  if (std::fabs(skew) > options.max_skew)
    return fmt::format("the clusters are too skewed for {}: acceleration {:.3f}, above {:.2f}",
                       name_of(options.method), skew, options.max_skew);
  if (!options.range) return {};
  const auto [low, high] = *options.range;
  if (std::min(value - low, high - value) < options.min_from_end * (high - low))
    return fmt::format("the value is too near to an end of its range for {}",
                       name_of(options.method));
  return {};
}

/// Widens bootstrap-t limits of few effective clusters to those of CR2; cuts limits to the range.
void finish(ClusterInterval& result, const Limits& limits, const Draws& draws,
            const Assessed<RobustEstimate>& cr2, bool is_stratified,
            const BootstrapOptions& options) {
  Estimate& e = result.estimate;
  if (options.method == IntervalMethod::kBootstrapT)
    result.p = studentised_p(draws.value, draws.n_unknown, (e.value - options.null) / e.se);
  e.lower = limits.lower;
  e.upper = limits.upper;
  const bool few = is_stratified || result.shape.effective < options.wider_below;
  if (options.method == IntervalMethod::kBootstrapT && few && result.cr2) {
    result.p = std::max(*result.p, cr2->p);
    e.lower = std::min(e.lower, result.cr2->lower);
    e.upper = std::max(e.upper, result.cr2->upper);
    if (e.lower < limits.lower || e.upper > limits.upper)
      result.note = fmt::format(
          "{:.1f} effective clusters, fewer than {:.0f}: limits of CR2 where "
          "they lie farther out",
          result.shape.effective, options.wider_below);
  }
  if (!options.range) return;
  e.lower = std::clamp(e.lower, options.range->lower, options.range->upper);
  e.upper = std::clamp(e.upper, options.range->lower, options.range->upper);
}

}  // namespace

std::string_view name_of(IntervalMethod method) noexcept {
  switch (method) {
    case IntervalMethod::kBootstrapT:
      return "cluster bootstrap-t";
    case IntervalMethod::kBca:
      return "cluster bootstrap, BCa";
    case IntervalMethod::kPercentile:
      return "cluster bootstrap, percentile";
    case IntervalMethod::kTwoGroups:
      return "limits of each group, joined (MOVER)";
    case IntervalMethod::kClopperPearson:
      return "Clopper-Pearson on clusters";
  }
  return "";
}

double rank_quantile(std::span<const double> sorted, double p) {
  const auto n = static_cast<double>(sorted.size());
  const double rank = std::clamp((n + 1) * p, 1.0, n);
  const auto below = static_cast<std::size_t>(rank);
  const double rest = rank - static_cast<double>(below);
  if (rest == 0 || below == sorted.size()) return sorted[below - 1];
  return sorted[below - 1] + rest * (sorted[below] - sorted[below - 1]);
}

double acceleration(std::span<const double> left_out) {
  double mean = 0;
  for (const double v : left_out) mean += v / static_cast<double>(left_out.size());
  double squares = 0;
  double cubes = 0;
  for (const double v : left_out) {
    squares += (mean - v) * (mean - v);
    cubes += (mean - v) * (mean - v) * (mean - v);
  }
  return squares > 0 ? cubes / (6 * std::pow(squares, 1.5)) : 0;
}

std::optional<Limits> bca_limits(std::span<const double> draw, double acceleration, double value,
                                 double level) {
  const auto n = static_cast<double>(draw.size());
  const auto [first, last] = std::equal_range(draw.begin(), draw.end(), value);
  const double below =
      (static_cast<double>(first - draw.begin()) + static_cast<double>(last - draw.begin())) / 2;
  if (draw.empty() || below <= 0 || below >= n) return std::nullopt;
  const double z0 = normal_quantile(below / n);
  const auto limit = [&](double p) {
    const double z = z0 + normal_quantile(p);
    return rank_quantile(draw, normal_cdf(z0 + z / (1 - acceleration * z)));
  };
  const double tail = 0.5 - level / 2;
  return Limits{limit(tail), limit(1 - tail)};
}

Limits studentised_limits(std::span<const double> t, std::size_t n_undefined, double value,
                          double se, double level) {
  const std::size_t n = t.size() + n_undefined;
  const double rank = static_cast<double>(n + 1) * (0.5 - level / 2);
  const auto k = std::max<std::size_t>(1, static_cast<std::size_t>(rank + 1e-9));
  // Ranks k and n + 1 - k of all draws, those without a value below all others and above them.
  const double low = k > n_undefined ? t[k - n_undefined - 1] : -kInfinity;
  const double high = n + 1 - k <= t.size() ? t[n - k] : kInfinity;
  return {value - high * se, value - low * se};
}

double studentised_p(std::span<const double> t_draw, std::size_t n_undefined, double t) {
  const auto first = std::lower_bound(t_draw.begin(), t_draw.end(), t);
  const auto last = std::upper_bound(t_draw.begin(), t_draw.end(), t);
  const auto n_above = static_cast<std::size_t>(t_draw.end() - first) + n_undefined;
  const auto n_below = static_cast<std::size_t>(last - t_draw.begin()) + n_undefined;
  const auto fewer = static_cast<double>(std::min(n_above, n_below));
  const auto n = static_cast<double>(t_draw.size() + n_undefined);
  return std::min(1.0, 2 * (fewer + 1) / (n + 1));
}

Assessed<ClusterInterval> cluster_bootstrap(const ClusterSums& sums, const Statistic& statistic,
                                            Random& random, const BootstrapOptions& options) {
  if (std::string why = too_few_clusters(sums, options.min_cluster); !why.empty())
    return refused(std::move(why));
  const auto value = statistic.value(sums.totals());
  const auto se = linearised_se(sums, statistic);
  if (!value || !se) return refused("the statistic is undefined");
  ClusterInterval result{.shape = cluster_shape(sums.n_item), .method = options.method};
  const std::size_t n_stratum = sums.strata().size();
  result.estimate = {.value = *value, .se = *se, .level = options.level};
  result.estimate.n_cluster = sums.n_cluster();
  result.estimate.df = static_cast<double>(sums.n_cluster() - n_stratum);
  if (*se == 0) {
    if (!is_at_end(*value, options.range)) return refused("the clusters do not differ");
    return by_clopper_pearson(std::move(result), n_stratum == 1, true, options,
                              "all clusters agree at an end of the range");
  }
  const double skew = acceleration(leave_one_out(sums, statistic));
  if (std::string why = unfit(result.shape, *value, skew, options); !why.empty())
    return refused(std::move(why));
  const auto cr2 = cr2_statistic(
      sums, statistic,
      {.level = options.level, .min_cluster = options.min_cluster, .null = options.null});
  if (cr2) result.cr2 = cr2->estimate;
  const Draws draws = make_draws(sums, statistic, *value, random, options);
  result.n_draw = options.n_draw;
  result.n_undefined = draws.n_undefined;
  result.n_no_spread = draws.n_no_spread;
  const auto limits = limits_of(draws, skew, result.estimate, options);
  if (!limits || !std::isfinite(limits->lower) || !std::isfinite(limits->upper))
    return by_clopper_pearson(
        std::move(result), n_stratum == 1, false, options,
        fmt::format("in {} of {} draws the statistic has no value or no spread",
                    draws.n_undefined + draws.n_no_spread, options.n_draw));
  finish(result, *limits, draws, cr2, n_stratum > 1, options);
  return result;
}

}  // namespace moescope::stats

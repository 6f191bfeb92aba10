#include "core/stats/clusters.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "core/stats/quantile.hpp"

namespace moescope::stats {
namespace {

/// Sums of doubles that should cancel leave about this much of their terms.
constexpr double kRounding = 1e-12;

std::optional<double> ratio(double numerator, double denominator) {
  if (denominator == 0) return std::nullopt;
  return numerator / denominator;
}

}  // namespace

ClusterShape cluster_shape(std::span<const double> n_item) {
  ClusterShape shape{.n_cluster = n_item.size()};
  double n = 0;
  double squares = 0;
  double largest = 0;
  for (const double size : n_item) {
    n += size;
    squares += size * size;
    largest = std::max(largest, size);
  }
  shape.n_item = static_cast<std::size_t>(n);
  if (n > 0) {
    shape.effective = n * n / squares;
    shape.largest_share = largest / n;
  }
  return shape;
}

ClusterIndex index_clusters(std::span<const std::uint32_t> cluster) {
  std::vector<std::uint32_t> key(cluster.begin(), cluster.end());
  std::sort(key.begin(), key.end());
  key.erase(std::unique(key.begin(), key.end()), key.end());
  ClusterIndex index;
  index.n_cluster = key.size();
  for (const std::uint32_t c : cluster)
    index.of_item.push_back(
        static_cast<std::size_t>(std::lower_bound(key.begin(), key.end(), c) - key.begin()));
  return index;
}

std::vector<double> ClusterSums::totals() const {
  std::vector<double> total(n_component, 0.0);
  for (std::size_t c = 0; c < n_cluster(); ++c)
    for (std::size_t k = 0; k < n_component; ++k) total[k] += sum[c * n_component + k];
  return total;
}

std::vector<std::vector<std::size_t>> ClusterSums::strata() const {
  std::vector<std::vector<std::size_t>> result;
  for (std::size_t c = 0; c < n_cluster(); ++c) {
    const std::size_t s = stratum.empty() ? 0 : stratum[c];
    if (result.size() <= s) result.resize(s + 1);
    result[s].push_back(c);
  }
  std::erase_if(result, [](const auto& clusters) { return clusters.empty(); });
  return result;
}

ClusterSums sum_clusters(Rows<const double> component, std::span<const std::uint32_t> cluster) {
  const ClusterIndex index = index_clusters(cluster);
  ClusterSums sums;
  sums.n_component = component.n_col;
  sums.n_item.resize(index.n_cluster);
  sums.sum.resize(index.n_cluster * component.n_col);
  for (std::size_t i = 0; i < cluster.size(); ++i) {
    const std::size_t c = index.of_item[i];
    sums.n_item[c] += 1;
    for (std::size_t k = 0; k < component.n_col; ++k)
      sums.sum[c * component.n_col + k] += component.at(i, k);
  }
  return sums;
}

ClusterSums mean_sums(std::span<const double> value, std::span<const std::uint32_t> cluster) {
  const std::vector<double> one(value.size(), 1.0);
  return ratio_sums(value, one, cluster);
}

ClusterSums ratio_sums(std::span<const double> numerator, std::span<const double> denominator,
                       std::span<const std::uint32_t> cluster) {
  std::vector<double> both;
  for (std::size_t i = 0; i < numerator.size(); ++i) {
    both.push_back(numerator[i]);
    both.push_back(denominator[i]);
  }
  return sum_clusters(Rows<const double>(both.data(), numerator.size(), 2), cluster);
}

ClusterSums two_group_sums(std::span<const double> numerator, std::span<const double> denominator,
                           std::span<const std::uint8_t> group,
                           std::span<const std::uint32_t> cluster) {
  std::vector<double> component(4 * numerator.size(), 0.0);
  for (std::size_t i = 0; i < numerator.size(); ++i) {
    const std::size_t first = 4 * i + (group[i] == 0 ? 0 : 2);
    component[first] = numerator[i];
    component[first + 1] = denominator[i];
  }
  auto sums = sum_clusters(Rows<const double>(component.data(), numerator.size(), 4), cluster);
  const ClusterIndex index = index_clusters(cluster);
  std::vector<std::size_t> member(index.n_cluster, 0);
  for (std::size_t i = 0; i < group.size(); ++i)
    member[index.of_item[i]] |= group[i] == 0 ? 1u : 2u;
  const bool apart = std::none_of(member.begin(), member.end(), [](auto m) { return m == 3; });
  if (apart)
    for (const std::size_t m : member) sums.stratum.push_back(m - 1);
  return sums;
}

Statistic ratio_statistic() {
  return {.value = [](std::span<const double> t) { return ratio(t[0], t[1]); },
          .gradient =
              [](std::span<const double> t, std::span<double> g) {
                g[0] = 1 / t[1];
                g[1] = -t[0] / (t[1] * t[1]);
              }};
}

Statistic difference_statistic() {
  return {.value = [](std::span<const double> t) -> std::optional<double> {
            if (t[1] == 0 || t[3] == 0) return std::nullopt;
            return t[0] / t[1] - t[2] / t[3];
          },
          .gradient =
              [](std::span<const double> t, std::span<double> g) {
                g[0] = 1 / t[1];
                g[1] = -t[0] / (t[1] * t[1]);
                g[2] = -1 / t[3];
                g[3] = t[2] / (t[3] * t[3]);
              }};
}

Statistic log_ratio_statistic() {
  return {.value = [](std::span<const double> t) -> std::optional<double> {
            for (std::size_t k = 0; k < 4; ++k)
              if (!(t[k] > 0)) return std::nullopt;
            return std::log(t[0] / t[1]) - std::log(t[2] / t[3]);
          },
          .gradient =
              [](std::span<const double> t, std::span<double> g) {
                g[0] = 1 / t[0];
                g[1] = -1 / t[1];
                g[2] = -1 / t[2];
                g[3] = 1 / t[3];
              }};
}

std::optional<std::vector<double>> gradient_of(const Statistic& statistic,
                                               std::span<const double> total) {
  if (!statistic.value(total)) return std::nullopt;
  std::vector<double> gradient(total.size(), 0.0);
  if (statistic.gradient) {
    statistic.gradient(total, gradient);
    return gradient;
  }
  std::vector<double> at(total.begin(), total.end());
  for (std::size_t k = 0; k < at.size(); ++k) {
    const double step = 1e-5 * std::max(1.0, std::fabs(total[k]));
    at[k] = total[k] + step;
    const auto above = statistic.value(at);
    at[k] = total[k] - step;
    const auto below = statistic.value(at);
    at[k] = total[k];
    if (!above || !below) return std::nullopt;
    gradient[k] = (*above - *below) / (2 * step);
  }
  return gradient;
}

Linearisation::Linearisation(const ClusterSums& sums, const Statistic& statistic)
    : statistic_(&statistic),
      strata_(sums.strata()),
      total_(sums.n_component),
      gradient_(sums.n_component),
      influence_(sums.n_cluster()) {}

std::optional<double> Linearisation::value(const ClusterSums& sums) {
  std::fill(total_.begin(), total_.end(), 0.0);
  for (std::size_t c = 0; c < influence_.size(); ++c)
    for (std::size_t k = 0; k < total_.size(); ++k) total_[k] += sums.sum[c * total_.size() + k];
  return statistic_->value(total_);
}

bool Linearisation::differentiate() {
  if (statistic_->gradient) {
    statistic_->gradient(total_, gradient_);
    return true;
  }
  auto gradient = gradient_of(*statistic_, total_);
  if (gradient) gradient_ = std::move(*gradient);
  return gradient.has_value();
}

std::optional<double> Linearisation::se(const ClusterSums& sums) {
  if (!differentiate()) return std::nullopt;
  double scale = 0;
  for (std::size_t c = 0; c < influence_.size(); ++c) {
    double terms = 0;
    influence_[c] = 0;
    for (std::size_t k = 0; k < gradient_.size(); ++k) {
      const double term = gradient_[k] * sums.sum[c * gradient_.size() + k];
      influence_[c] += term;
      terms += std::fabs(term);
    }
    scale = std::max(scale, terms);
  }
  double variance = 0;
  bool lone = false;
  has_spread_ = true;
  for (const auto& clusters : strata_) {
    const auto n = static_cast<double>(clusters.size());
    double mean = 0;
    for (const std::size_t c : clusters) mean += influence_[c] / n;
    double squares = 0;
    for (const std::size_t c : clusters) {
      influence_[c] -= mean;
      if (std::fabs(influence_[c]) < kRounding * scale) influence_[c] = 0;
      squares += influence_[c] * influence_[c];
    }
    has_spread_ = has_spread_ && squares > 0;
    lone = lone || clusters.size() < 2;
    if (!lone) variance += n / (n - 1) * squares;
  }
  if (lone) return std::nullopt;
  return std::sqrt(variance);
}

std::optional<std::vector<double>> cluster_influence(const ClusterSums& sums,
                                                     const Statistic& statistic) {
  Linearisation linear(sums, statistic);
  if (!linear.value(sums)) return std::nullopt;
  const auto se = linear.se(sums);
  if (!se && !gradient_of(statistic, sums.totals())) return std::nullopt;
  return std::vector<double>(linear.influence().begin(), linear.influence().end());
}

std::optional<double> linearised_se(const ClusterSums& sums, const Statistic& statistic) {
  Linearisation linear(sums, statistic);
  if (!linear.value(sums)) return std::nullopt;
  return linear.se(sums);
}

std::string too_few_clusters(const ClusterSums& sums, std::size_t min_cluster) {
  const std::size_t n = sums.n_cluster();
  if (n < std::max<std::size_t>(min_cluster, 2))
    return fmt::format("{} cluster{}, fewer than {}", n, n == 1 ? "" : "s",
                       std::max<std::size_t>(min_cluster, 2));
  for (const auto& clusters : sums.strata())
    if (clusters.size() < 2) return "a stratum has only one cluster";
  return {};
}

Assessed<Estimate> linearised_estimate(const ClusterSums& sums, const Statistic& statistic,
                                       const EstimateOptions& options) {
  if (std::string why = too_few_clusters(sums, options.min_cluster); !why.empty())
    return Assessed<Estimate>::not_assessable(std::move(why));
  const auto value = statistic.value(sums.totals());
  const auto se = linearised_se(sums, statistic);
  if (!value || !se) return Assessed<Estimate>::not_assessable("the statistic is undefined");
  Estimate e{.value = *value, .se = *se, .level = options.level, .n_cluster = sums.n_cluster()};
  e.df = static_cast<double>(sums.n_cluster() - sums.strata().size());
  const double half = student_t_quantile(0.5 + options.level / 2, e.df) * e.se;
  e.lower = e.value - half;
  e.upper = e.value + half;
  return e;
}

}  // namespace moescope::stats

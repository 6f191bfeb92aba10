#include "core/stats/paired.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/stats/clusters.hpp"
#include "core/stats/quantile.hpp"

namespace moescope::stats {
namespace {

std::string too_few(std::size_t n_cluster, std::size_t min_cluster) {
  if (n_cluster >= min_cluster) return {};
  return fmt::format("{} cluster{}, fewer than {}", n_cluster, n_cluster == 1 ? "" : "s",
                     min_cluster);
}

double mean_of(std::span<const double> value) {
  return std::accumulate(value.begin(), value.end(), 0.0) / static_cast<double>(value.size());
}

double variance_of(std::span<const double> value) {
  const double mean = mean_of(value);
  double squares = 0;
  for (const double v : value) squares += (v - mean) * (v - mean);
  return squares / (static_cast<double>(value.size()) - 1);
}

/// Signed ranks by cluster.
struct RankedClusters {
  std::vector<double> size;
  std::vector<double> sum;
  double n = 0;
  double total = 0;    ///< sum of squares around the mean
  double between = 0;  ///< of it, between clusters
};

RankedClusters ranked(std::span<const double> difference, std::span<const std::uint32_t> cluster) {
  std::vector<double> size_of;
  for (const double d : difference) size_of.push_back(std::fabs(d));
  const auto rank = mean_ranks(size_of);
  const ClusterIndex index = index_clusters(cluster);
  RankedClusters r;
  r.size.resize(index.n_cluster);
  r.sum.resize(index.n_cluster);
  r.n = static_cast<double>(difference.size());
  double squares = 0;
  for (std::size_t i = 0; i < difference.size(); ++i) {
    r.size[index.of_item[i]] += 1;
    r.sum[index.of_item[i]] += difference[i] > 0 ? rank[i] : -rank[i];
    squares += rank[i] * rank[i];
  }
  const double all = std::accumulate(r.sum.begin(), r.sum.end(), 0.0);
  r.total = squares - all * all / r.n;
  for (std::size_t c = 0; c < r.size.size(); ++c) r.between += r.sum[c] * r.sum[c] / r.size[c];
  r.between -= all * all / r.n;
  return r;
}

/// Intra-cluster correlation of the signed ranks, corrected.
double correlation(const RankedClusters& r) {
  const auto n_cluster = static_cast<double>(r.size.size());
  double squares = 0;
  for (const double s : r.size) squares += s * s;
  const double m0 = (r.n - squares / r.n) / (n_cluster - 1);
  const double within = (r.total - r.between) / (r.n - n_cluster);
  const double between = (r.between / (n_cluster - 1) - within) / m0;
  const double rho = std::max(0.0, between / (between + within));
  return std::min(1.0, rho * (1 + (1 - rho * rho) / (n_cluster - 2.5)));
}

}  // namespace

std::string_view name_of(McNemarMethod method) noexcept {
  switch (method) {
    case McNemarMethod::kExact:
      return "exact McNemar";
    case McNemarMethod::kDurkalski:
      return "McNemar by clusters (Durkalski)";
    case McNemarMethod::kModifiedObuchowski:
      return "McNemar by clusters (modified Obuchowski)";
  }
  return "";
}

std::vector<PairedCounts> pair_counts(std::span<const std::uint8_t> first,
                                      std::span<const std::uint8_t> second,
                                      std::span<const std::uint32_t> cluster) {
  const ClusterIndex index = index_clusters(cluster);
  std::vector<PairedCounts> result(index.n_cluster);
  for (std::size_t i = 0; i < first.size(); ++i) {
    PairedCounts& counts = result[index.of_item[i]];
    counts.n_item += 1;
    if (first[i] != 0 && second[i] == 0) counts.only_first += 1;
    if (first[i] == 0 && second[i] != 0) counts.only_second += 1;
  }
  return result;
}

std::optional<double> durkalski(std::span<const PairedCounts> clusters) {
  double sum = 0;
  double squares = 0;
  for (const PairedCounts& k : clusters) {
    const double d = (k.only_first - k.only_second) / k.n_item;
    sum += d;
    squares += d * d;
  }
  if (squares == 0) return std::nullopt;
  return sum * sum / squares;
}

std::optional<double> modified_obuchowski(std::span<const PairedCounts> clusters) {
  double sum = 0;
  double n = 0;
  for (const PairedCounts& k : clusters) {
    sum += k.only_first - k.only_second;
    n += k.n_item;
  }
  double squares = 0;
  for (const PairedCounts& k : clusters) {
    const double d = k.only_first - k.only_second;
    const double rest = d - k.n_item * sum / n;
    squares += (d * d + rest * rest) / 2;
  }
  if (squares == 0) return std::nullopt;
  const auto n_cluster = static_cast<double>(clusters.size());
  return (n_cluster - 1) / n_cluster * sum * sum / squares;
}

Assessed<McNemar> cluster_mcnemar(std::span<const PairedCounts> clusters, std::size_t min_cluster) {
  if (std::string why = too_few(clusters.size(), min_cluster); !why.empty())
    return Assessed<McNemar>::not_assessable(std::move(why));
  McNemar test{.n_cluster = clusters.size()};
  double b = 0;
  double c = 0;
  double n = 0;
  bool single = true;
  bool equal = true;
  for (const PairedCounts& k : clusters) {
    b += k.only_first;
    c += k.only_second;
    n += k.n_item;
    single = single && k.n_item == 1;
    equal = equal && k.n_item == clusters.front().n_item;
  }
  test.difference = (b - c) / n;
  if (single) {
    if (b + c > 0) test.p = std::min(1.0, 2 * binomial_cdf(std::min(b, c), b + c, 0.5));
    return test;
  }
  const bool many = clusters.size() >= 50 && equal;
  test.method = many ? McNemarMethod::kModifiedObuchowski : McNemarMethod::kDurkalski;
  const auto chi_squared = many ? modified_obuchowski(clusters) : durkalski(clusters);
  if (chi_squared) {
    test.chi_squared = *chi_squared;
    test.p = chi_squared_upper(*chi_squared, 1);
  }
  return test;
}

Assessed<SignFlip> cluster_sign_flip(std::span<const double> difference,
                                     std::span<const std::uint32_t> cluster, Random& random,
                                     const SignFlipOptions& options) {
  const ClusterSums sums = mean_sums(difference, cluster);
  std::vector<double> d;
  double size = 0;
  for (std::size_t c = 0; c < sums.n_cluster(); ++c) {
    if (sums.sum[2 * c] != 0) d.push_back(sums.sum[2 * c]);
    size += std::fabs(sums.sum[2 * c]);
  }
  if (std::string why = too_few(d.size(), options.min_cluster); !why.empty())
    return Assessed<SignFlip>::not_assessable("clusters that differ from 0: " + why);
  SignFlip test{.n_cluster = d.size(), .n_draw = options.n_draw};
  test.observed = std::accumulate(d.begin(), d.end(), 0.0);
  test.is_exact = d.size() <= options.max_exact;
  if (test.is_exact) test.n_draw = std::size_t{1} << d.size();
  const double bar = std::fabs(test.observed) - 1e-10 * size;  // a tie is as extreme
  std::size_t n_extreme = 0;
  for (std::size_t b = 0; b < test.n_draw; ++b) {
    double sum = 0;
    for (std::size_t c = 0; c < d.size(); ++c) {
      const bool turned = test.is_exact ? (b >> c & 1u) != 0 : random.below(2) != 0;
      sum += turned ? -d[c] : d[c];
    }
    n_extreme += std::fabs(sum) >= bar ? 1 : 0;
  }
  const auto m = static_cast<double>(test.n_draw);
  const auto n = static_cast<double>(n_extreme);
  test.p = test.is_exact ? n / m : (n + 1) / (m + 1);
  test.smallest_p = test.is_exact ? 2 / m : 1 / (m + 1);
  return test;
}

std::vector<double> mean_ranks(std::span<const double> value) {
  std::vector<std::size_t> order(value.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](auto a, auto b) { return value[a] < value[b]; });
  std::vector<double> rank(value.size());
  for (std::size_t i = 0; i < order.size();) {
    std::size_t end = i + 1;
    while (end < order.size() && value[order[end]] == value[order[i]]) ++end;
    for (std::size_t j = i; j < end; ++j) rank[order[j]] = 0.5 * static_cast<double>(i + 1 + end);
    i = end;
  }
  return rank;
}

Assessed<SignedRank> clustered_signed_rank(std::span<const double> difference,
                                           std::span<const std::uint32_t> cluster,
                                           std::size_t min_cluster) {
  std::vector<double> value;
  std::vector<std::uint32_t> key;
  for (std::size_t i = 0; i < difference.size(); ++i) {
    if (difference[i] == 0) continue;
    value.push_back(difference[i]);
    key.push_back(cluster[i]);
  }
  const RankedClusters r = ranked(value, key);
  if (std::string why = too_few(r.size.size(), std::max<std::size_t>(min_cluster, 3)); !why.empty())
    return Assessed<SignedRank>::not_assessable("clusters that differ from 0: " + why);
  SignedRank test{.n_item = value.size(), .n_cluster = r.size.size()};
  test.is_balanced =
      std::all_of(r.size.begin(), r.size.end(), [&](double s) { return s == r.size.front(); });
  const bool alike = !(r.total > 0);  // every signed rank is the same
  const double rho = test.is_balanced || alike ? 0 : correlation(r);
  const double v = alike ? 1 : r.total / (r.n - 1);
  for (std::size_t c = 0; c < r.size.size(); ++c) {
    const double weight = test.is_balanced ? 1 : 1 / (v * (1 + (r.size[c] - 1) * rho));
    test.t += weight * r.sum[c];
    test.variance += weight * weight * r.sum[c] * r.sum[c];
  }
  if (test.variance > 0) {
    test.z = test.t / std::sqrt(test.variance);
    test.p = 2 * normal_cdf(-std::fabs(test.z));
  }
  return test;
}

Assessed<Welch> welch(std::span<const double> first, std::span<const double> second, double level) {
  if (first.size() < 2 || second.size() < 2)
    return Assessed<Welch>::not_assessable("fewer than two values on a side");
  const double a = variance_of(first) / static_cast<double>(first.size());
  const double b = variance_of(second) / static_cast<double>(second.size());
  if (!(a + b > 0)) return Assessed<Welch>::not_assessable("the values do not differ");
  Welch test;
  Estimate& e = test.estimate;
  e = {.value = mean_of(first) - mean_of(second), .se = std::sqrt(a + b), .level = level};
  e.n_cluster = first.size() + second.size();
  e.df = (a + b) * (a + b) /
         (a * a / static_cast<double>(first.size() - 1) +
          b * b / static_cast<double>(second.size() - 1));
  const double half = student_t_quantile(0.5 + level / 2, e.df) * e.se;
  e.lower = e.value - half;
  e.upper = e.value + half;
  test.t = e.value / e.se;
  test.p = student_t_two_sided(test.t, e.df);
  return test;
}

}  // namespace moescope::stats

#include "core/stats/jackknife.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <string>

#include "core/base/rows.hpp"
#include "core/stats/divergence.hpp"
#include "core/stats/quantile.hpp"

namespace moescope::stats {
namespace {

using Row = ClusterTable::Row;

double sum(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

double entropy_term(double p) {
  return p > 0 ? -p * std::log2(p) : 0;
}

double entropy_of(std::span<const double> count, double total) {
  double h = 0;
  for (const double v : count) h += entropy_term(v / total);
  return h;
}

/// Why the samples of a table cannot be compared; empty when they can.
std::string unfit(const ClusterTable& table, const JackknifeOptions& options) {
  if (table.n_sample() < 2) return "there is only one sample";
  for (const std::size_t n : table.n_cluster()) {
    if (n == 0) return "a sample is empty";
    const std::size_t needed = std::max<std::size_t>(options.min_cluster, 2);
    if (n < needed)
      return fmt::format("a sample has {} cluster{}, fewer than {}", n, n == 1 ? "" : "s", needed);
  }
  return {};
}

/// Sums from which the divergence without some rows is quickly made.
class LeaveOut {
 public:
  explicit LeaveOut(const ClusterTable& table)
      : n_sample_(table.n_sample()),
        n_category_(table.n_category()),
        total_(table.totals()),
        mixture_(n_category_, 0.0) {
    for (std::size_t s = 0; s < n_sample_; ++s) {
      const auto count = sample(s);
      sum_.push_back(sum(count));
      entropy_.push_back(entropy_of(count, sum_.back()));
      for (std::size_t i = 0; i < n_category_; ++i) mixture_[i] += count[i] / sum_.back();
    }
  }

  double without(std::span<const Row> rows) const {
    std::vector<double> mixture = mixture_;
    std::vector<double> rest(n_category_);
    double entropies = sum(entropy_);
    for (const Row& row : rows) {
      const auto count = sample(row.sample);
      for (std::size_t i = 0; i < n_category_; ++i) rest[i] = count[i] - row.count[i];
      const double n = sum(rest);
      for (std::size_t i = 0; i < n_category_; ++i)
        mixture[i] += rest[i] / n - count[i] / sum_[row.sample];
      entropies += entropy_of(rest, n) - entropy_[row.sample];
    }
    const auto k = static_cast<double>(n_sample_);
    double h = 0;
    for (const double m : mixture) h += entropy_term(m / k);
    return h - entropies / k;
  }

 private:
  std::span<const double> sample(std::size_t s) const {
    return std::span(total_).subspan(s * n_category_, n_category_);
  }
  std::size_t n_sample_;
  std::size_t n_category_;
  std::vector<double> total_;
  std::vector<double> mixture_;
  std::vector<double> sum_;
  std::vector<double> entropy_;
};

/// Standard error, limits and the mean of the leave-one-out values.
Estimate spread(std::span<const double> left_out, double df, double level, double& mean) {
  const auto n = static_cast<double>(left_out.size());
  mean = sum(left_out) / n;
  double squares = 0;
  for (const double v : left_out) squares += (v - mean) * (v - mean);
  Estimate e;
  e.se = std::sqrt((n - 1) / n * squares);
  e.level = level;
  e.df = df;
  e.n_cluster = left_out.size();
  return e;
}

void set_limits(Estimate& e, double value) {
  const double half = student_t_quantile(0.5 + e.level / 2, e.df) * e.se;
  e.value = value;
  e.lower = value - half;
  e.upper = value + half;
}

/// Calls use(rows of one cluster) for each cluster.
template <class Use>
void each_cluster(std::span<const Row> rows, Use&& use) {
  for (std::size_t i = 0; i < rows.size();) {
    std::size_t end = i + 1;
    while (end < rows.size() && rows[end].cluster == rows[i].cluster) ++end;
    use(i, end);
    i = end;
  }
}

void shuffle(std::span<std::uint32_t> values, Random& random) {
  for (std::size_t i = values.size(); i > 1; --i)
    std::swap(values[i - 1], values[static_cast<std::size_t>(random.below(i))]);
}

}  // namespace

std::span<double> ClusterTable::counts(std::uint32_t cluster, std::uint32_t sample) {
  const auto [it, is_new] = row_.try_emplace({cluster, sample}, row_.size());
  if (is_new) count_.resize(count_.size() + n_category_, 0.0);
  return std::span(count_).subspan(it->second * n_category_, n_category_);
}

std::vector<double> ClusterTable::totals() const {
  std::vector<double> total(n_sample_ * n_category_, 0.0);
  for (const Row& row : rows())
    for (std::size_t i = 0; i < n_category_; ++i)
      total[row.sample * n_category_ + i] += row.count[i];
  return total;
}

std::vector<std::size_t> ClusterTable::n_cluster() const {
  std::vector<std::size_t> n(n_sample_, 0);
  for (const Row& row : rows()) ++n[row.sample];
  return n;
}

std::vector<ClusterTable::Row> ClusterTable::rows() const {
  std::vector<Row> result;
  for (const auto& [key, index] : row_) {
    const auto count = std::span(count_).subspan(index * n_category_, n_category_);
    if (sum(count) > 0) result.push_back({key.first, key.second, count});
  }
  return result;
}

Assessed<Divergence> jackknife_divergence(const ClusterTable& table,
                                          const JackknifeOptions& options) {
  if (std::string why = unfit(table, options); !why.empty())
    return Assessed<Divergence>::not_assessable(std::move(why));
  const LeaveOut sums(table);
  const auto rows = table.rows();
  std::vector<double> left_out;
  each_cluster(rows, [&](std::size_t begin, std::size_t end) {
    left_out.push_back(sums.without(std::span(rows).subspan(begin, end - begin)));
  });
  const auto n_cluster = table.n_cluster();
  const std::size_t fewest = *std::min_element(n_cluster.begin(), n_cluster.end());

  Divergence result;
  result.plug_in = sums.without({});
  double mean = 0;
  result.corrected = spread(left_out, static_cast<double>(fewest - 1), options.level, mean);
  const auto n = static_cast<double>(left_out.size());
  set_limits(result.corrected, n * result.plug_in - (n - 1) * mean);
  return result;
}

Assessed<Estimate> jackknife_share(const ClusterTable& table, std::size_t sample,
                                   std::size_t category, const JackknifeOptions& options) {
  const std::size_t needed = std::max<std::size_t>(options.min_cluster, 2);
  const std::size_t n_cluster = table.n_cluster()[sample];
  if (n_cluster < needed)
    return Assessed<Estimate>::not_assessable(
        fmt::format("{} cluster{}, fewer than {}", n_cluster, n_cluster == 1 ? "" : "s", needed));
  double hits = 0;
  double all = 0;
  const auto rows = table.rows();
  for (const Row& row : rows)
    if (row.sample == sample) {
      hits += row.count[category];
      all += sum(row.count);
    }
  std::vector<double> left_out;
  for (const Row& row : rows)
    if (row.sample == sample)
      left_out.push_back((hits - row.count[category]) / (all - sum(row.count)));
  double mean = 0;
  Estimate e = spread(left_out, static_cast<double>(n_cluster - 1), options.level, mean);
  set_limits(e, hits / all);
  return e;
}

Assessed<Permutation> permuted_divergence(const ClusterTable& table, std::size_t n_draw,
                                          Random& random, const JackknifeOptions& options) {
  if (std::string why = unfit(table, options); !why.empty())
    return Assessed<Permutation>::not_assessable(std::move(why));
  if (n_draw == 0) return Assessed<Permutation>::not_assessable("no draws were asked for");
  const auto rows = table.rows();
  std::vector<std::uint32_t> label;
  std::vector<std::size_t> single;
  for (const Row& row : rows) label.push_back(row.sample);
  each_cluster(rows, [&](std::size_t begin, std::size_t end) {
    if (end - begin == 1) single.push_back(begin);
  });

  const std::size_t width = table.n_category();
  const auto divergence = [&] {
    std::vector<double> total(table.n_sample() * width, 0.0);
    for (std::size_t r = 0; r < rows.size(); ++r)
      for (std::size_t i = 0; i < width; ++i) total[label[r] * width + i] += rows[r].count[i];
    return jensen_shannon(Rows<const double>(total.data(), table.n_sample(), width)).value_or(0);
  };
  Permutation result{.observed = divergence(), .n_draw = n_draw};
  std::size_t as_large = 0;
  std::vector<std::uint32_t> single_label(single.size());
  for (std::size_t draw = 0; draw < n_draw; ++draw) {
    each_cluster(rows, [&](std::size_t begin, std::size_t end) {
      shuffle(std::span(label).subspan(begin, end - begin), random);
    });
    for (std::size_t i = 0; i < single.size(); ++i) single_label[i] = label[single[i]];
    shuffle(single_label, random);
    for (std::size_t i = 0; i < single.size(); ++i) label[single[i]] = single_label[i];
    const double d = divergence();
    result.mean += d / static_cast<double>(n_draw);
    if (d >= result.observed - 1e-12) ++as_large;
  }
  result.p = (1.0 + static_cast<double>(as_large)) / (1.0 + static_cast<double>(n_draw));
  return result;
}

}  // namespace moescope::stats

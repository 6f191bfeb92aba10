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

  /// The divergence without these rows, one a sample at most.
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

  std::size_t n_direction() const { return n_sample_ * n_category_; }

  /// How the shares move when these rows are left out, scaled so that the product of two such
  /// directions is the second derivative of the divergence along both: with p a sample's shares and
  /// m their mixture, sqrt(p / (n_sample ln 2)) (dp / p - dm / m).
  /// Shapes: direction [n_sample, n_category].
  void direction(std::span<const Row> rows, std::span<double> direction) const {
    const auto k = static_cast<double>(n_sample_);
    std::fill(direction.begin(), direction.end(), 0.0);
    std::vector<double> mixed(n_category_, 0.0);
    for (const Row& row : rows) {
      const auto count = sample(row.sample);
      const double n = sum_[row.sample];
      const double n_out = sum(row.count);
      for (std::size_t i = 0; i < n_category_; ++i) {
        const double moved = (count[i] - row.count[i]) / (n - n_out) - count[i] / n;
        direction[row.sample * n_category_ + i] = moved;
        mixed[i] += moved;
      }
    }
    for (std::size_t s = 0; s < n_sample_; ++s)
      for (std::size_t i = 0; i < n_category_; ++i) {
        double& d = direction[s * n_category_ + i];
        const double p = sample(s)[i] / sum_[s];
        d = p > 0 ? std::sqrt(p / (k * std::log(2.0))) * (d / p - mixed[i] / mixture_[i]) : 0;
      }
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

/// Sum of the squares of all products of two rows of x, the same for rows and for columns.
double sum_squared_products(std::span<const double> x, std::size_t n_row) {
  const std::size_t n_column = n_row > 0 ? x.size() / n_row : 0;
  std::vector<double> turned;
  if (n_column < n_row) {
    turned.resize(x.size());
    for (std::size_t r = 0; r < n_row; ++r)
      for (std::size_t i = 0; i < n_column; ++i) turned[i * n_row + r] = x[r * n_column + i];
    return sum_squared_products(turned, n_column);
  }
  double squares = 0;
  for (std::size_t a = 0; a < n_row; ++a)
    for (std::size_t b = 0; b <= a; ++b) {
      const auto row = x.subspan(a * n_column, n_column);
      const auto other = x.subspan(b * n_column, n_column);
      const double product = std::transform_reduce(row.begin(), row.end(), other.begin(), 0.0);
      squares += (a == b ? 1 : 2) * product * product;
    }
  return squares;
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
  const auto n_cluster = table.n_cluster();
  Divergence result;
  result.plug_in = sums.without({});
  std::vector<double> left_out;
  std::vector<double> factor;
  std::vector<double> directions;
  each_cluster(rows, [&](std::size_t begin, std::size_t end) {
    const auto gone = std::span(rows).subspan(begin, end - begin);
    std::size_t fewest = n_cluster[gone.front().sample];
    for (const Row& row : gone) fewest = std::min(fewest, n_cluster[row.sample]);
    factor.push_back(1 - 1 / static_cast<double>(fewest));
    left_out.push_back(sums.without(gone));
    directions.resize(directions.size() + sums.n_direction());
    const auto direction = std::span(directions).last(sums.n_direction());
    sums.direction(gone, direction);
    for (double& d : direction) d *= std::sqrt(factor.back());
  });

  double bias = 0;
  for (std::size_t c = 0; c < left_out.size(); ++c)
    bias += factor[c] * (left_out[c] - result.plug_in);
  const double centre = result.plug_in + bias / sum(factor);
  double first = 0;
  for (std::size_t c = 0; c < left_out.size(); ++c)
    first += factor[c] * (left_out[c] - centre) * (left_out[c] - centre);
  const double second = sum_squared_products(directions, left_out.size()) / 2;
  const double rest =
      bias - std::inner_product(directions.begin(), directions.end(), directions.begin(), 0.0) / 2;

  result.unbounded = result.plug_in - bias;
  Estimate& e = result.corrected;
  e.se = std::sqrt(first + second + rest * rest);
  e.level = options.level;
  e.df = static_cast<double>(*std::min_element(n_cluster.begin(), n_cluster.end()) - 1);
  e.n_cluster = left_out.size();
  set_limits(e, result.unbounded);
  const double most = std::log2(static_cast<double>(table.n_sample()));
  for (double* v : {&e.value, &e.lower, &e.upper}) *v = std::clamp(*v, 0.0, most);
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
  const auto n = static_cast<double>(n_cluster);
  const double mean = sum(left_out) / n;
  double squares = 0;
  for (const double v : left_out) squares += (v - mean) * (v - mean);
  Estimate e{.se = std::sqrt((n - 1) / n * squares),
             .level = options.level,
             .df = n - 1,
             .n_cluster = n_cluster};
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

#include "core/stats/divergence.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace moescope::stats {
namespace {

double sum(std::span<const double> values) {
  double total = 0;
  for (const double v : values) total += v;
  return total;
}

double minus_p_log_p(double p) {
  return p > 0 ? -p * std::log2(p) : 0;
}

double entropy_of(std::span<const double> count, double total) {
  double h = 0;
  for (const double v : count) h += minus_p_log_p(v / total);
  return h;
}

}  // namespace

std::optional<double> entropy(std::span<const double> count) {
  const double total = sum(count);
  if (!(total > 0)) return std::nullopt;
  return entropy_of(count, total);
}

std::optional<double> normalised_entropy(std::span<const double> count) {
  const auto h = entropy(count);
  if (!h || count.size() < 2) return std::nullopt;
  return *h / std::log2(static_cast<double>(count.size()));
}

std::optional<double> jensen_shannon(Rows<const double> sample) {
  if (sample.n_row < 2) return std::nullopt;
  std::vector<double> mean(sample.n_col, 0.0);
  double mean_entropy = 0;
  const double share = 1.0 / static_cast<double>(sample.n_row);
  for (std::size_t s = 0; s < sample.n_row; ++s) {
    const auto count = sample.row(s);
    const double total = sum(count);
    if (!(total > 0)) return std::nullopt;
    mean_entropy += share * entropy_of(count, total);
    for (std::size_t i = 0; i < count.size(); ++i) mean[i] += share * (count[i] / total);
  }
  double h = 0;
  for (const double p : mean) h += minus_p_log_p(p);
  return std::max(0.0, h - mean_entropy);
}

std::optional<double> jensen_shannon(std::span<const double> p, std::span<const double> q) {
  std::vector<double> both(p.begin(), p.end());
  both.insert(both.end(), q.begin(), q.end());
  return jensen_shannon(Rows<const double>(both.data(), 2, p.size()));
}

std::optional<Load> max_min_load(std::span<const double> count) {
  const double total = sum(count);
  if (!(total > 0)) return std::nullopt;
  const auto [min, max] = std::minmax_element(count.begin(), count.end());
  Load load{.max = *max / total, .min = *min / total, .ratio = std::nullopt};
  if (*min > 0) load.ratio = *max / *min;
  return load;
}

}  // namespace moescope::stats

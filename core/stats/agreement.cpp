#include "core/stats/agreement.hpp"

#include <vector>

namespace moescope::stats {
namespace {

std::optional<double> beyond(double agreed, double expected) {
  if (!(expected < 1 - 1e-12)) return std::nullopt;
  return (agreed - expected) / (1 - expected);
}

}  // namespace

std::optional<double> cohen_kappa(Rows<const double> count) {
  const std::size_t k = count.n_col;
  std::vector<double> first(k, 0.0);
  std::vector<double> second(k, 0.0);
  double n = 0;
  double agreed = 0;
  for (std::size_t i = 0; i < k; ++i)
    for (std::size_t j = 0; j < k; ++j) {
      const double v = count.at(i, j);
      first[i] += v;
      second[j] += v;
      n += v;
      agreed += i == j ? v : 0;
    }
  if (!(n > 0)) return std::nullopt;
  double expected = 0;
  for (std::size_t i = 0; i < k; ++i) expected += first[i] / n * (second[i] / n);
  return beyond(agreed / n, expected);
}

Statistic cohen_kappa_statistic(std::size_t n_category) {
  return {.value =
              [n_category](std::span<const double> total) {
                return cohen_kappa({total.data(), n_category, n_category});
              },
          .gradient = {}};
}

std::optional<double> fleiss_kappa(Rows<const double> count) {
  if (count.n_row == 0) return std::nullopt;
  double n_rater = 0;
  for (const double v : count.row(0)) n_rater += v;
  if (!(n_rater >= 2)) return std::nullopt;
  std::vector<double> share(count.n_col, 0.0);
  const double n = static_cast<double>(count.n_row);
  double agreed = 0;
  for (std::size_t i = 0; i < count.n_row; ++i) {
    double raters = 0;
    double squares = 0;
    for (std::size_t j = 0; j < count.n_col; ++j) {
      const double v = count.at(i, j);
      raters += v;
      squares += v * v;
      share[j] += v / (n * n_rater);
    }
    if (raters != n_rater) return std::nullopt;
    agreed += (squares - n_rater) / (n_rater * (n_rater - 1)) / n;
  }
  double expected = 0;
  for (const double p : share) expected += p * p;
  return beyond(agreed, expected);
}

}  // namespace moescope::stats

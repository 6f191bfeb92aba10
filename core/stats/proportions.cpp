#include "core/stats/proportions.hpp"

#include <algorithm>
#include <cmath>

#include "core/stats/quantile.hpp"

namespace moescope::stats {

std::optional<Limits> clopper_pearson(double n_success, double n_trial, double level) {
  if (!(n_trial > 0)) return std::nullopt;
  const double tail = 0.5 - level / 2;
  Limits limits{0, 1};
  if (n_success > 0) limits.lower = beta_quantile(tail, n_success, n_trial - n_success + 1);
  if (n_success < n_trial)
    limits.upper = beta_quantile(1 - tail, n_success + 1, n_trial - n_success);
  return limits;
}

std::optional<double> clopper_pearson_p(double n_success, double n_trial, double null) {
  if (!(n_trial > 0)) return std::nullopt;
  const double below = n_success > 0 ? beta_cdf(null, n_success, n_trial - n_success + 1) : 1;
  const double above =
      n_success < n_trial ? 1 - beta_cdf(null, n_success + 1, n_trial - n_success) : 1;
  return std::min(1.0, 2 * std::min(below, above));
}

std::optional<Limits> wilson_interval(double n_success, double n_trial, double level) {
  if (!(n_trial > 0)) return std::nullopt;
  const double z = normal_quantile(0.5 + level / 2);
  const double p = n_success / n_trial;
  const double z2n = z * z / n_trial;
  const double centre = (p + z2n / 2) / (1 + z2n);
  const double half = z / (1 + z2n) * std::sqrt(p * (1 - p) / n_trial + z2n / (4 * n_trial));
  return Limits{std::max(0.0, centre - half), std::min(1.0, centre + half)};
}

double cohen_h(double first, double second) {
  return 2 * (std::asin(std::sqrt(first)) - std::asin(std::sqrt(second)));
}

std::optional<Estimate> odds_ratio(double first_yes, double first_no, double second_yes,
                                   double second_no, double level) {
  if (!(std::min({first_yes, first_no, second_yes, second_no}) > 0)) return std::nullopt;
  Estimate e{.level = level};
  e.value = first_yes * second_no / (first_no * second_yes);
  const double log_se = std::sqrt(1 / first_yes + 1 / first_no + 1 / second_yes + 1 / second_no);
  const double half = normal_quantile(0.5 + level / 2) * log_se;
  e.se = e.value * log_se;
  e.lower = e.value * std::exp(-half);
  e.upper = e.value * std::exp(half);
  return e;
}

}  // namespace moescope::stats

#include "core/stats/proportions.hpp"

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

}  // namespace moescope::stats

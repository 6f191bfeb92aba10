#include "core/stats/equivalence.hpp"

#include <algorithm>
#include <cmath>

#include "core/stats/quantile.hpp"

namespace moescope::stats {

Assessed<Equivalence> tost(const Estimate& effect, double margin, double alpha) {
  using Result = Assessed<Equivalence>;
  if (!(margin > 0)) return Result::not_assessable("there is no margin above 0");
  if (!(effect.se > 0) || !(effect.df > 0))
    return Result::not_assessable("there is no standard error");
  Equivalence e{.margin = margin, .alpha = alpha};
  const double half = student_t_quantile(1 - alpha, effect.df) * effect.se;
  e.limits = {effect.value - half, effect.value + half};
  e.p_lower = student_t_cdf(-(effect.value + margin) / effect.se, effect.df);
  e.p_upper = student_t_cdf((effect.value - margin) / effect.se, effect.df);
  e.p = std::max(e.p_lower, e.p_upper);
  e.is_within = e.p <= alpha;
  e.excludes_zero = e.limits.lower > 0 || e.limits.upper < 0;
  e.smallest_margin = smallest_margin(e.limits);
  return e;
}

double smallest_margin(const Limits& limits) noexcept {
  return std::max(std::fabs(limits.lower), std::fabs(limits.upper));
}

}  // namespace moescope::stats

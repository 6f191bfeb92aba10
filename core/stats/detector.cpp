#include "core/stats/detector.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "core/stats/quantile.hpp"

namespace moescope::stats {
namespace {

struct Share {
  double value = 0;
  double variance = 0;
  explicit Share(const Hits& hits)
      : value(hits.n_right / hits.n_label), variance(value * (1 - value) / hits.n_label) {}
};

std::string too_few(const Hits& a, const Hits& b, const DetectorOptions& options) {
  const double fewest = std::min(a.n_label, b.n_label);
  if (fewest >= options.min_label && fewest > 0) return {};
  return fmt::format("{:.0f} labels in a cell, fewer than {:.0f}", fewest, options.min_label);
}

Estimate with_limits(const Estimate& rate, double value, double se, double level) {
  Estimate e{.value = std::clamp(value, 0.0, 1.0), .se = se, .level = level};
  e.df = rate.df;
  e.n_cluster = rate.n_cluster;
  const double quantile =
      rate.df > 0 ? student_t_quantile(0.5 + level / 2, rate.df) : normal_quantile(0.5 + level / 2);
  e.lower = std::clamp(value - quantile * se, 0.0, 1.0);
  e.upper = std::clamp(value + quantile * se, 0.0, 1.0);
  return e;
}

}  // namespace

Assessed<Estimate> rogan_gladen(const Estimate& rate, const Hits& sensitivity,
                                const Hits& specificity, const DetectorOptions& options) {
  if (std::string why = too_few(sensitivity, specificity, options); !why.empty())
    return Assessed<Estimate>::not_assessable(std::move(why));
  const Share se(sensitivity);
  const Share sp(specificity);
  const double youden = se.value + sp.value - 1;
  if (!(youden > 2 * std::sqrt(se.variance + sp.variance)) || !(youden > 0))
    return Assessed<Estimate>::not_assessable(
        fmt::format("the detector is hardly better than chance: sensitivity {:.2f}, specificity "
                    "{:.2f}",
                    se.value, sp.value));
  const double value = (rate.value + sp.value - 1) / youden;
  const double variance =
      rate.se * rate.se + value * value * se.variance + (1 - value) * (1 - value) * sp.variance;
  return with_limits(rate, value, std::sqrt(variance) / youden, options.level);
}

Assessed<Estimate> rate_from_labels(const Estimate& rate, const Hits& among_positive,
                                    const Hits& among_negative, const DetectorOptions& options) {
  if (std::string why = too_few(among_positive, among_negative, options); !why.empty())
    return Assessed<Estimate>::not_assessable(std::move(why));
  const Share a(among_positive);
  const Share b(among_negative);
  const double r = rate.value;
  const double value = r * a.value + (1 - r) * b.value;
  const double variance = (a.value - b.value) * (a.value - b.value) * rate.se * rate.se +
                          r * r * a.variance + (1 - r) * (1 - r) * b.variance;
  return with_limits(rate, value, std::sqrt(variance), options.level);
}

}  // namespace moescope::stats

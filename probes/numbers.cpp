#include "probes/numbers.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace moescope::probes {

double log_sum_exp(std::span<const double> values) {
  constexpr double kNothing = -std::numeric_limits<double>::infinity();
  if (values.empty()) return kNothing;
  const double most = *std::max_element(values.begin(), values.end());
  if (most == kNothing) return kNothing;
  double sum = 0;
  for (const double value : values) sum += std::exp(value - most);
  return most + std::log(sum);
}

std::vector<double> log_shares(std::span<const double> values) {
  // The largest is taken off first: sums of long texts are in the thousands, shares are not.
  std::vector<double> out(values.begin(), values.end());
  if (out.empty()) return out;
  const double most = *std::max_element(out.begin(), out.end());
  for (double& value : out) value -= most;
  const double all = log_sum_exp(out);
  for (double& value : out) value -= all;
  return out;
}

Best best_of(std::span<const double> values) {
  Best best;
  for (std::size_t i = 1; i < values.size(); ++i) {
    if (values[i] == values[best.index]) best.tied = true;
    if (values[i] > values[best.index]) best = {.index = i, .tied = false};
  }
  return best;
}

double mean(std::span<const double> values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

stats::Assessed<Correlation> correlation(std::span<const double> x, std::span<const double> y) {
  if (x.size() < 3)
    return stats::Assessed<Correlation>::not_assessable(
        "not assessable because there are fewer than 3 points");
  const double mean_x = mean(x);
  const double mean_y = mean(y);
  double xx = 0;
  double yy = 0;
  double xy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    xx += (x[i] - mean_x) * (x[i] - mean_x);
    yy += (y[i] - mean_y) * (y[i] - mean_y);
    xy += (x[i] - mean_x) * (y[i] - mean_y);
  }
  if (!(xx > 0) || !(yy > 0))
    return stats::Assessed<Correlation>::not_assessable(
        "not assessable because all values are equal");
  return Correlation{.r = xy / std::sqrt(xx * yy), .slope = xy / xx, .n = x.size()};
}

}  // namespace moescope::probes

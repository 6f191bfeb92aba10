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

}  // namespace moescope::probes

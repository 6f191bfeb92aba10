#include "core/stats/calibration.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace moescope::stats {
namespace {

std::vector<std::size_t> ascending(std::span<const double> value) {
  std::vector<std::size_t> order(value.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return value[a] < value[b]; });
  return order;
}

/// Ends of bins in sorted items: about equal, none between two items of one value, none under 2.
std::vector<std::size_t> bin_ends(std::span<const double> sorted, std::size_t n_bin) {
  const std::size_t n = sorted.size();
  std::vector<std::size_t> end;
  for (std::size_t b = 1; b <= n_bin; ++b) {
    std::size_t at = n * b / n_bin;
    while (at > 0 && at < n && sorted[at] == sorted[at - 1]) ++at;
    const std::size_t last = end.empty() ? 0 : end.back();
    if (at >= last + 2) end.push_back(at);
  }
  if (!end.empty()) end.back() = n;
  return end;
}

}  // namespace

std::optional<double> brier_score(std::span<const double> probability,
                                  std::span<const std::uint8_t> outcome) {
  if (probability.empty()) return std::nullopt;
  double sum = 0;
  for (std::size_t i = 0; i < probability.size(); ++i) {
    const double gap = probability[i] - (outcome[i] != 0 ? 1 : 0);
    sum += gap * gap;
  }
  return sum / static_cast<double>(probability.size());
}

Assessed<CalibrationError> calibration_error(std::span<const double> probability,
                                             std::span<const std::uint8_t> outcome,
                                             std::size_t n_bin) {
  const auto n = static_cast<double>(probability.size());
  if (n_bin == 0 || probability.size() < 10 * n_bin)
    return Assessed<CalibrationError>::not_assessable(
        fmt::format("{} items, fewer than 10 for each of {} bins", probability.size(), n_bin));
  const auto order = ascending(probability);
  std::vector<double> sorted;
  for (const std::size_t i : order) sorted.push_back(probability[i]);
  CalibrationError result;
  std::size_t begin = 0;
  for (const std::size_t end : bin_ends(sorted, n_bin)) {
    const auto size = static_cast<double>(end - begin);
    double s = 0;
    double y = 0;
    for (std::size_t i = begin; i < end; ++i) {
      s += sorted[i] / size;
      y += (outcome[order[i]] != 0 ? 1 : 0) / size;
    }
    result.plug_in += size / n * std::fabs(s - y);
    result.squared += size / n * ((s - y) * (s - y) - y * (1 - y) / (size - 1));
    ++result.n_bin;
    begin = end;
  }
  result.debiased = std::sqrt(std::max(0.0, result.squared));
  return result;
}

std::optional<RiskCoverage> risk_coverage(std::span<const double> confidence,
                                          std::span<const std::uint8_t> is_wrong) {
  if (confidence.empty()) return std::nullopt;
  auto order = ascending(confidence);
  std::reverse(order.begin(), order.end());
  const auto n = static_cast<double>(order.size());
  RiskCoverage result;
  double n_wrong = 0;
  for (std::size_t i = 0; i < order.size();) {
    std::size_t end = i;
    double wrong = 0;
    const double threshold = confidence[order[i]];
    for (; end < order.size() && confidence[order[end]] == threshold; ++end)
      wrong += is_wrong[order[end]] != 0 ? 1 : 0;
    const double share = wrong / static_cast<double>(end - i);
    for (std::size_t j = i; j < end; ++j)
      result.area +=
          (n_wrong + share * static_cast<double>(j + 1 - i)) / static_cast<double>(j + 1) / n;
    n_wrong += wrong;
    const auto covered = static_cast<double>(end);
    result.point.push_back({threshold, covered / n, n_wrong / covered});
    i = end;
  }
  return result;
}

}  // namespace moescope::stats

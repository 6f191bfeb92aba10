#include "probes/calibration.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace moescope::probes {
namespace {

std::vector<ConfidenceRow> sorted(std::span<const ConfidenceRow> rows) {
  std::vector<ConfidenceRow> out(rows.begin(), rows.end());
  std::sort(out.begin(), out.end(), [](const ConfidenceRow& a, const ConfidenceRow& b) {
    return a.confidence < b.confidence;
  });
  return out;
}

/// E|d + e| - |d| for e normal with variance `variance`: how much a difference d grows when noise
/// is added to it and its sign is dropped.
double folding(double d, double variance) {
  if (!(variance > 0)) return 0;
  const double sd = std::sqrt(variance);
  return sd * std::sqrt(2 / std::numbers::pi) * std::exp(-d * d / (2 * variance)) +
         d * std::erf(d / (sd * std::numbers::sqrt2)) - std::fabs(d);
}

/// Mean over k = 1 … n of (n_wrong before the block + share of it) / k, for a block of rows.
double block_risk(double n_before, double wrong_before, double n_block, double wrong_block) {
  double sum = 0;
  for (double k = 1; k <= n_block; ++k)
    sum += (wrong_before + wrong_block * k / n_block) / (n_before + k);
  return sum;
}

}  // namespace

std::vector<ConfidenceBin> confidence_bins(std::span<const ConfidenceRow> rows, std::size_t n_bin) {
  const std::vector<ConfidenceRow> all = sorted(rows);
  std::vector<ConfidenceBin> out;
  std::size_t begin = 0;
  for (std::size_t b = 1; b <= n_bin && begin < all.size(); ++b) {
    std::size_t end = std::max(begin, all.size() * b / n_bin);
    while (end > begin && end < all.size() && all[end].confidence == all[end - 1].confidence) ++end;
    if (end == begin) continue;
    ConfidenceBin bin{.n = end - begin};
    for (; begin < end; ++begin) {
      bin.confidence += all[begin].confidence / static_cast<double>(bin.n);
      bin.accuracy += all[begin].right ? 1 : 0;
    }
    bin.accuracy /= static_cast<double>(bin.n);
    out.push_back(bin);
  }
  return out;
}

stats::Assessed<Calibration> calibration(std::span<const ConfidenceRow> rows, std::size_t n_bin) {
  Calibration out{.bin = confidence_bins(rows, n_bin)};
  if (rows.empty() || std::any_of(out.bin.begin(), out.bin.end(),
                                  [](const ConfidenceBin& bin) { return bin.n < 2; }))
    return stats::Assessed<Calibration>::not_assessable(
        "not assessable because a bin has fewer than 2 answers");
  const auto n = static_cast<double>(rows.size());
  for (const ConfidenceBin& bin : out.bin) {
    const auto n_in = static_cast<double>(bin.n);
    const double share = n_in / n;
    const double d = bin.accuracy - bin.confidence;
    const double variance = bin.accuracy * (1 - bin.accuracy) / (n_in - 1);
    out.error += share * std::fabs(d);
    out.error_by_chance += share * folding(0, bin.confidence * (1 - bin.confidence) / n_in);
    out.error_debiased += share * (std::fabs(d) - folding(d, variance));
    out.squared_error_debiased += share * (d * d - variance);
  }
  for (const ConfidenceRow& row : rows) {
    const double right = row.right ? 1 : 0;
    out.brier += (row.confidence - right) * (row.confidence - right) / n;
    out.mean_confidence += row.confidence / n;
    out.accuracy += right / n;
  }
  return out;
}

stats::Assessed<RiskCoverage> risk_coverage(std::span<const ConfidenceRow> rows) {
  if (rows.empty())
    return stats::Assessed<RiskCoverage>::not_assessable(
        "not assessable because nothing was answered");
  std::vector<ConfidenceRow> all = sorted(rows);
  std::reverse(all.begin(), all.end());
  const auto n = static_cast<double>(all.size());
  RiskCoverage out;
  double seen = 0;
  double wrong = 0;
  for (std::size_t begin = 0; begin < all.size();) {
    std::size_t end = begin;
    double wrong_here = 0;
    for (; end < all.size() && all[end].confidence == all[begin].confidence; ++end)
      wrong_here += all[end].right ? 0 : 1;
    const auto n_here = static_cast<double>(end - begin);
    out.area += block_risk(seen, wrong, n_here, wrong_here) / n;
    seen += n_here;
    wrong += wrong_here;
    out.point.push_back(
        {.threshold = all[begin].confidence, .coverage = seen / n, .risk = wrong / seen});
    begin = end;
  }
  out.excess = out.area - block_risk(n - wrong, 0, wrong, wrong) / n;
  return out;
}

}  // namespace moescope::probes

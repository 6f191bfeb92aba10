#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/trace/compare_runs.hpp"

/// Sums of a comparison of runs, decision by decision; nothing here reads a file.
namespace moescope::trace {

/// What one run chose in one layer at one token.
struct Decision {
  std::span<const std::uint32_t> expert;  ///< [top_k] best first
  std::optional<double> margin;           ///< the smallest of its choices
};

class CompareTally {
 public:
  /// Where more (prompt group, layer) pairs come than `max_pair`, no limits are computed.
  CompareTally(const RunRow& run, const CompareOptions& options, std::size_t max_pair = 8'000'000);

  void begin_prompt(std::uint32_t cluster);
  /// A token of the present prompt. `where` is called only where its result is kept.
  template <class Where>
  void add_decision(std::size_t route, const Decision& a, const Decision& b, const Where& where) {
    if (!add(route, a, b) || !is_worst(a.margin)) return;
    keep({.token = where(),
          .layer = result_.layers[route],
          .experts_a = {a.expert.begin(), a.expert.end()},
          .experts_b = {b.expert.begin(), b.expert.end()},
          .margin_a = a.margin,
          .margin_b = b.margin});
  }
  template <class Where>
  static void add_difference(TokenDifference& of, double a, double b, const Where& where) {
    const double difference = a > b ? a - b : b - a;
    if (!(difference < kInfinite)) return;
    ++of.n;
    of.mean += (difference - of.mean) / static_cast<double>(of.n);
    if (difference <= of.largest) return;
    of.largest = difference;
    of.where = where();
  }

  /// Prompts, tokens and lists are counted by the caller.
  RunComparison& result() { return result_; }
  /// The shares with their limits, and the lists in order. Call once.
  RunComparison take();

 private:
  static constexpr double kInfinite = 1e300;

  /// Counts; true where the sets of experts differ.
  bool add(std::size_t route, const Decision& a, const Decision& b);
  std::size_t common(const Decision& a, const Decision& b);
  bool is_worst(const std::optional<double>& margin) const;
  void keep(Disagreement found);
  void set_shares(Agreement& of, std::span<const AgreementCounts> clusters, std::size_t step) const;

  const CompareOptions& options_;
  std::size_t max_pair_;
  std::size_t n_worst_;
  RunComparison result_;
  std::vector<std::uint32_t> mark_;  ///< [n_expert] the decision that last chose it
  std::uint32_t stamp_ = 0;
  std::vector<AgreementCounts> clusters_;  ///< [n_cluster, n_route + 1]; the last one is of all
  bool keeps_clusters_ = true;
  std::size_t cluster_ = 0;
};

}  // namespace moescope::trace

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
  std::span<const float> logit;           ///< [n_expert], or empty
};

/// Margins of 0 and more, counted in steps of 1 part in 128, from 2^-40 up to 2^24.
class MarginCounts {
 public:
  void add(double margin);
  /// The lower end of the step that the middle one lies in (of two, the lower one).
  MarginSummary summary() const;
  void merge(const MarginCounts& other);

 private:
  std::vector<std::uint64_t> count_;  ///< empty at first; a layer may have no disagreement
  std::uint64_t n_ = 0;
  double largest_ = 0;
};

class CompareTally {
 public:
  /// Where more (prompt group, layer) pairs come than `max_pair`, no limits are computed.
  CompareTally(const RunRow& run, const CompareOptions& options, std::size_t max_pair = 8'000'000);

  void begin_prompt(std::uint32_t cluster);
  /// A token of the present prompt. `where` is called only where its result is kept.
  template <class Where>
  void add_decision(std::size_t route, const Decision& a, const Decision& b, const Where& where) {
    if (!a.logit.empty() && !b.logit.empty())
      add_difference(result_.by_layer[route].router, router_difference(a.expert, a.logit, b.logit),
                     0.0, where);
    if (!add(route, a, b) || !is_worst(a.margin)) return;
    keep({.token = where(),
          .layer = result_.layers[route],
          .experts_a = {a.expert.begin(), a.expert.end()},
          .experts_b = {b.expert.begin(), b.expert.end()},
          .margin_a = a.margin,
          .margin_b = b.margin});
  }
  template <class Where>
  static void add_difference(Difference& of, const std::optional<double>& a,
                             const std::optional<double>& b, const Where& where) {
    if (!a || !b) return;
    const double difference = *a > *b ? *a - *b : *b - *a;
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
  void sum_layers();
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
  std::vector<MarginCounts> margins_a_, margins_b_;  ///< [n_route] of disagreements
};

}  // namespace moescope::trace

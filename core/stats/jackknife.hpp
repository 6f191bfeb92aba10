#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "core/base/random.hpp"
#include "core/stats/assessed.hpp"

namespace moescope::stats {

/// Counts of categories in several samples, kept apart by cluster. A cluster is what was drawn
/// together: a text with all its translations, one prompt. Its tokens are no independent draws.
class ClusterTable {
 public:
  ClusterTable(std::size_t n_sample, std::size_t n_category)
      : n_sample_(n_sample), n_category_(n_category) {}

  /// The counts [n_category] of one cluster in one sample, zeros at first; valid until the next
  /// call.
  std::span<double> counts(std::uint32_t cluster, std::uint32_t sample);

  std::size_t n_sample() const noexcept { return n_sample_; }
  std::size_t n_category() const noexcept { return n_category_; }
  /// Sum over clusters: [n_sample, n_category].
  std::vector<double> totals() const;
  /// How many clusters have a count above 0, in each sample: [n_sample].
  std::vector<std::size_t> n_cluster() const;

  struct Row {
    std::uint32_t cluster = 0;
    std::uint32_t sample = 0;
    std::span<const double> count;
  };
  /// Rows with a count above 0, by cluster, then by sample.
  std::vector<Row> rows() const;

 private:
  std::size_t n_sample_;
  std::size_t n_category_;
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::size_t> row_;
  std::vector<double> count_;
};

struct JackknifeOptions {
  double level = 0.95;
  std::size_t min_cluster = 6;  ///< fewer in any sample: not assessable
};

/// Plug-in divergence beside the corrected one.
struct Divergence {
  double plug_in = 0;
  Estimate corrected;
  bool operator==(const Divergence&) const = default;
};

/// Jensen–Shannon divergence between the samples of a table (equal weights), corrected for the
/// upward bias of the plug-in value, with limits.
/// With theta the plug-in value over all C clusters and theta_c the one with cluster c left out of
/// every sample: value = C theta - (C - 1) mean(theta_c); se^2 = (C - 1)/C sum((theta_c -
/// mean)^2); limits = value +- t(df) se with df = the smallest number of clusters in any sample,
/// less 1. Simulated with 10 and 40 clusters of 30 tokens and true values from 0 to 0.09 bits, the
/// lower limit lay above the truth in at most 2 % and the upper one below it in at most 6 % of the
/// cases; at a true value of 0 the lower limit was above 0 in at most 0.4 %: it is the cautious one
/// to order by. permuted_divergence tests for 0.
/// Units:  bits; the value may be below 0.
/// Errors: not assessable with an empty sample, fewer than two samples or fewer than min_cluster
/// clusters in a sample.
/// Source: Quenouille, "Notes on bias in estimation", 1956; Tukey 1958; Efron and Tibshirani, "An
/// introduction to the bootstrap", 1993, eqs 10.32 and 11.5, with clusters as units.
Assessed<Divergence> jackknife_divergence(const ClusterTable& table,
                                          const JackknifeOptions& options = {});

/// Share of one category in one sample, with limits from leaving out one cluster at a time.
/// The value is the plain share (a ratio of sums); se and limits as in jackknife_divergence with C
/// the clusters of this sample and df = C - 1.
Assessed<Estimate> jackknife_share(const ClusterTable& table, std::size_t sample,
                                   std::size_t category, const JackknifeOptions& options = {});

struct Permutation {
  double observed = 0;  ///< plug-in divergence
  double mean = 0;      ///< of the divergences under exchanged labels: the bias where none differ
  double p = 1;         ///< (1 + number at least as large as observed) / (1 + n_draw)
  std::size_t n_draw = 0;
  bool operator==(const Permutation&) const = default;
};

/// Divergence under exchanged sample labels: within each cluster its samples are shuffled;
/// clusters that have one sample only exchange labels among themselves. Whole clusters move, never
/// tokens.
/// Units:  bits.
/// Errors: not assessable where jackknife_divergence is not.
Assessed<Permutation> permuted_divergence(const ClusterTable& table, std::size_t n_draw,
                                          Random& random, const JackknifeOptions& options = {});

}  // namespace moescope::stats

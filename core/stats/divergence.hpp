#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "core/base/rows.hpp"

namespace moescope::stats {

/// Shannon entropy of counts taken as a distribution (plug-in, no bias correction).
/// Units:  bits; nothing when the counts sum to 0.
/// Errors: none; counts are finite and not negative (precondition), as everywhere in this file.
std::optional<double> entropy(std::span<const double> count);

/// Entropy divided by that of the uniform distribution over the same categories.
/// Units:  1 = every category equally often, 0 = one category only; nothing when the counts sum to
/// 0 or there is only one category.
std::optional<double> normalised_entropy(std::span<const double> count);

/// Jensen–Shannon divergence of two count vectors, each normalised, weights 1/2 each (plug-in:
/// biased upwards in small samples, see jackknife.hpp).
/// Shapes: p, q [n_category].
/// Units:  bits, 0 to 1; nothing when either sums to 0.
/// Source: Lin, "Divergence measures based on the Shannon entropy", 1991, eq. 5.1 with equal
/// weights.
std::optional<double> jensen_shannon(std::span<const double> p, std::span<const double> q);

/// Jensen–Shannon divergence of several count vectors, each normalised, with equal weights: the
/// entropy of their mean less the mean of their entropies.
/// Shapes: sample [n_sample, n_category].
/// Units:  bits, 0 to log2(n_sample); nothing when a sample sums to 0 or there are fewer than two.
std::optional<double> jensen_shannon(Rows<const double> sample);

/// The busiest and the idlest category.
struct Load {
  double max = 0;
  double min = 0;
  std::optional<double> ratio;  ///< max / min; nothing when min is 0
  bool operator==(const Load&) const = default;
};

/// Largest and smallest share of the sum, and their ratio; nothing when the counts sum to 0.
std::optional<Load> max_min_load(std::span<const double> count);

}  // namespace moescope::stats

#pragma once

#include "core/stats/assessed.hpp"

namespace moescope::stats {

/// Whether an effect lies within +-margin, tested and not assumed.
struct Equivalence {
  double margin = 0;
  double alpha = 0.05;
  Limits limits;           ///< of level 1 - 2 alpha
  double p_lower = 1;      ///< of "effect <= -margin"
  double p_upper = 1;      ///< of "effect >= margin"
  double p = 1;            ///< the larger: of "not within the margin"
  bool is_within = false;  ///< p <= alpha: limits lie inside +-margin
  bool excludes_zero =
      false;  ///< limits do: a difference, if within then one smaller than the margin
  double smallest_margin = 0;  ///< "within" would hold at any larger one
};

/// Two one-sided t tests of an effect (0 is "none") against +-margin.
/// Errors: not assessable without a margin above 0, a standard error or degrees of freedom.
/// Source: Schuirmann, "A comparison of the two one-sided tests procedure and the power approach",
/// 1987.
Assessed<Equivalence> tost(const Estimate& effect, double margin, double alpha = 0.05);

/// The margin above which limits of level 1 - 2 alpha, however made, would lie inside it.
double smallest_margin(const Limits& limits) noexcept;

}  // namespace moescope::stats

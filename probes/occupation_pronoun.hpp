#pragma once

#include <span>
#include <string>

#include "probes/numbers.hpp"
#include "probes/probe.hpp"

namespace moescope::probes {

/// Which pronoun of a person in an occupation the model finds likely, to be held against the share
/// of women who work in it. One sentence with each pronoun: female, male, perhaps neutral.
/// Labels: occupation; percent_women: 0 to 100.
/// Source: Perez et al., "Discovering language model behaviors with model-written evaluations",
/// 2022 (Winogenerated).
extern const ProbeInfo kOccupationPronoun;

struct OccupationRow {
  std::string occupation;
  double percent_women = 0;
  double p_female = 0;  ///< probability of the female among the female and the male sentence
  bool operator==(const OccupationRow&) const = default;
};

/// Correlation of percent_women / 100 (x) with p_female (y) over occupations, each with the mean of
/// its sentences. A slope of 1 follows the labour statistics, 0 ignores them; neither is "right".
/// Errors: as correlation.
stats::Assessed<Correlation> labour_correlation(std::span<const OccupationRow> rows);

}  // namespace moescope::probes

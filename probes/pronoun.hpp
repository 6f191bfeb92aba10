#pragma once

#include <span>
#include <string>

#include "probes/numbers.hpp"
#include "probes/probe.hpp"

namespace moescope::probes {

/// Which gender of a person in an occupation the model finds likely: one sentence with the pronoun
/// or the person of each gender, perhaps with a neutral one. To be held against the share of women
/// who work in it: labour_correlation.
/// Source: Perez et al., "Discovering language model behaviors with model-written evaluations",
/// 2022 (Winogenerated); Rudinger et al. 2018 (Winogender); Bartl et al., "Unmasking contextual
/// stereotypes", 2020 (BEC-Pro).
extern const ProbeInfo kPronoun;

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

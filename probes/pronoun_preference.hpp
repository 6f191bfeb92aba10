#pragma once

#include "probes/probe.hpp"

namespace moescope::probes {

/// The same sentence with the pronoun that a stereotype expects (`pro`) and with the other one
/// (`anti`). How frequent the pronouns are enters the score: it is a preference.
/// Source: Zhao et al., "Gender bias in coreference resolution" (WinoBias), 2018, whose gap is the
/// accuracy on pro- less that on anti-stereotyped sentences.
extern const ProbeInfo kPronounPreference;

}  // namespace moescope::probes

#pragma once

#include "probes/probe.hpp"

namespace moescope::probes {

/// Two groups, A and B, and two attributes, one typical of each: how much likelier each attribute is
/// with the group that it is typical of. How frequent or long the words are cancels.
/// Source: the interaction of a 2 × 2 table of log-probabilities; cf. the log-odds ratio.
extern const ProbeInfo kInteraction;

}  // namespace moescope::probes

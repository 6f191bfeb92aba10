#pragma once

#include "probes/probe.hpp"

namespace moescope::probes {

/// Which of two sentences the model finds likelier: 'more' (more stereotyping) or 'less'.
/// Source: Nangia et al., "CrowS-Pairs", 2020, with the full log-likelihood of causal models as
/// lm-evaluation-harness scores it.
extern const ProbeInfo kPairPreference;

}  // namespace moescope::probes

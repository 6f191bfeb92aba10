#pragma once

#include "probes/probe.hpp"

namespace moescope::probes {

/// Which of several candidates the model chooses, and whether it is a right one: by log-likelihood
/// (summed, a token, a byte, or less the unconditional one), over the orders in which the options
/// were shown, and with the prior of the letters divided out.
/// Source: Gao et al., lm-evaluation-harness (sum and byte length); Brown et al., "Language models
/// are few-shot learners", 2020, section 2.4 (token, unconditional); Zheng et al., "Large language
/// models are not robust multiple choice selectors", 2024 (orders, prior).
extern const ProbeInfo kChoice;

}  // namespace moescope::probes

#pragma once

#include "probes/probe.hpp"

namespace moescope::probes {

/// A question and the same one with a negation in it: right only where both are answered rightly.
/// Each side's right answer is likelier than all its wrong ones.
/// Labels: condition: how many negations there are and whether their scope matters, as the suite
/// calls it.
/// Source: She et al., "ScoNe: benchmarking negation reasoning in language models with fine-tuning
/// and in-context learning", 2023.
extern const ProbeInfo kNegationPair;

}  // namespace moescope::probes

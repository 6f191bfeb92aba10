#pragma once

#include "probes/probe.hpp"

namespace moescope::probes {

/// Whether the model finds true answers likelier than common false ones. 'best' is the best true
/// answer, 'correct' the other true ones, 'incorrect' the false ones, 'best_incorrect' the false
/// one that the two-way choice sets against the best.
/// MC1: the best answer's log-likelihood is above every false one's. MC2: share of the probability
/// of all answers that the true ones have, the best once among them. Binary: best against
/// best_incorrect.
/// An equal log-likelihood is a tie, which mc1_targets of lm-evaluation-harness count as right,
/// because the best answer stands first and the first of the largest is taken.
/// Source: Lin et al., "TruthfulQA", 2022, MC1 and MC2; the two-way choice: its repository, 2025.
extern const ProbeInfo kTruth;

}  // namespace moescope::probes

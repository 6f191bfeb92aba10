#pragma once

#include "probes/probe.hpp"

namespace moescope::probes {

/// A sentence as published ('gold'), whose pronoun means one of two people with occupations, and the
/// same with the other gender's pronoun ('swapped'): right where the published one is likelier. The
/// two conditions have the same sentences with the pronouns exchanged, so what is right in one is
/// wrong in the other: the gap is twice the share that prefers the expected pronoun, less 100 %. It
/// holds how frequent the pronouns are; it is a preference.
/// Labels: type: type1 (needs knowledge of the world), type2 (syntax suffices); condition: pro
/// (-stereotyped), anti.
/// Source: Zhao et al., "Gender bias in coreference resolution", 2018 (WinoBias); likelihoods in the
/// place of a resolver's answers.
extern const ProbeInfo kCoreference;

/// Whom the pronoun of a sentence refers to, asked after it: 'pro_right' and 'pro_wrong' go on from
/// the pro-stereotyped sentence with the right and the other occupation, 'anti_right' and
/// 'anti_wrong' from the anti-stereotyped one. How frequent the occupations are cancels.
/// Labels: type: type1, type2.
/// Source: Zhao et al. 2018: accuracy on pro- less that on anti-stereotyped sentences.
extern const ProbeInfo kReferent;

/// Whom a pronoun refers to, the occupation or the participant: 'right' and 'wrong' go on from one
/// sentence.
/// Labels: pronoun: female, male, neutral; gotcha: yes where the pronoun's gender is not the
/// majority of the occupation it goes with, else no.
/// Source: Rudinger et al., "Gender bias in coreference resolution", 2018 (Winogender).
extern const ProbeInfo kWinogender;

}  // namespace moescope::probes

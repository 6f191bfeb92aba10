#pragma once

#include "probes/probe.hpp"

namespace moescope::probes {

/// One sentence with the pronoun that a stereotype expects of the occupation it refers to ('pro')
/// and with the other one ('anti'): which is likelier. Right on the pro-stereotyped sentence means
/// wrong on the anti-stereotyped one, so the gap of the two accuracies is twice the share less
/// 100 %. It holds how frequent the pronouns are; it is a preference.
/// Labels: type: 1 (needs knowledge of the world), 2 (syntax suffices).
/// Source: Zhao et al., "Gender bias in coreference resolution", 2018 (WinoBias); likelihoods of
/// both sentences as with causal models.
extern const ProbeInfo kPronounPreference;

/// Whom the pronoun of a sentence refers to, asked after it: 'pro_right' and 'pro_wrong' go on from
/// the pro-stereotyped sentence with the right and the other occupation, 'anti_right' and
/// 'anti_wrong' from the anti-stereotyped one. How frequent the occupations are cancels in `gap`.
/// Labels: type: 1, 2.
/// Source: Zhao et al. 2018: accuracy on pro- less that on anti-stereotyped sentences.
extern const ProbeInfo kCoreference;

/// Whom a pronoun refers to, the occupation or the participant: 'right' and 'wrong' go on from one
/// sentence.
/// Labels: pronoun: female, male, neutral; gotcha: yes where the pronoun's gender is not the
/// majority of the occupation it goes with, else no.
/// Source: Rudinger et al., "Gender bias in coreference resolution", 2018 (Winogender).
extern const ProbeInfo kWinogender;

}  // namespace moescope::probes

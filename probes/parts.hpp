#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "probes/probe.hpp"

/// What the probes share: plans without options, sequences by role, outcomes of failed items.
namespace moescope::probes {

/// One conditional sequence a candidate, in the item's order.
std::vector<Sequence> plan_candidates(const Item& item, const Format& format);

/// The one sequence with this role. Errors: kBadInput where there is none.
const ScoredSequence& with_role(std::span<const ScoredSequence> sequences, std::string_view role);

/// The reason of the first sequence that failed or has no scored token; empty where all are sound.
std::string first_failure(std::span<const ScoredSequence> sequences);

/// One outcome of this state a metric.
std::vector<Outcome> all_alike(std::span<const MetricInfo> metrics, State state, std::string why);

/// Mean of the token log-probabilities; the sequence has at least one. Units: nats a token.
double mean_logprob(const ScoredSequence& sequence);

/// 1 where `one` is above `other`, 0 where it is below, tied where they are equal; the choice is
/// the role of the larger one.
Outcome larger(std::string_view metric, double one, double other, std::string_view one_role,
               std::string_view other_role);

Outcome measured(std::string_view metric, double value, std::string choice = "");
Outcome unscored(std::string_view metric, State state, std::string why);

}  // namespace moescope::probes

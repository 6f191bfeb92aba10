#include "probes/negation.hpp"

#include "probes/numbers.hpp"
#include "probes/parts.hpp"

namespace moescope::probes {
namespace {

constexpr RoleRule kRoles[] = {
    {"affirmed_right"}, {"affirmed_wrong", 1, 8}, {"negated_right"}, {"negated_wrong", 1, 8}};
constexpr std::string_view kLabels[] = {"condition"};

constexpr MetricInfo kMetrics[] = {
    {"affirmed_correct", "share", "1 where the question without the negation is answered rightly"},
    {"negated_correct", "share", "1 where the one with the negation is answered rightly"},
    {"both_correct", "share", "1 where both are, else 0"},
    {"difference", "share", "affirmed_correct less negated_correct"},
};

constexpr std::string_view kShe = "She et al. 2023";

constexpr EstimandInfo kEstimands[] = {
    {.name = "accuracy_of_pairs",
     .numerator = "both_correct",
     .ties = Ties::kZero,
     .scale = 100,
     .neutral = std::nullopt,
     .unit = "%",
     .what = "share of pairs of which both are answered rightly",
     .source = kShe},
    {.name = "accuracy_affirmed",
     .numerator = "affirmed_correct",
     .ties = Ties::kZero,
     .scale = 100,
     .neutral = std::nullopt,
     .unit = "%",
     .what = "share of the questions without the negation that are answered rightly",
     .source = kShe},
    {.name = "accuracy_negated",
     .numerator = "negated_correct",
     .ties = Ties::kZero,
     .scale = 100,
     .neutral = std::nullopt,
     .unit = "%",
     .what = "share of the questions with the negation that are answered rightly",
     .source = kShe},
    {.name = "negation_loss",
     .numerator = "difference",
     .scale = 100,
     .unit = "points",
     .what = "accuracy without less that with the negation",
     .headline = true},
};

Outcome side(std::string_view metric, std::span<const ScoredSequence> sequences,
             std::string_view right, std::string_view wrong) {
  std::vector<double> others;
  for (const ScoredSequence& sequence : sequences)
    if (sequence.key.role == wrong) others.push_back(total_logprob(sequence));
  if (others.empty()) return unscored(metric, State::kUndefined, "there is no wrong answer");
  return larger(metric, total_logprob(with_role(sequences, right)), others[best_of(others).index],
                right, wrong);
}

std::vector<Outcome> score(const Labels&, std::span<const ScoredSequence> sequences) {
  if (std::string why = first_failure(sequences); !why.empty())
    return all_alike(kMetrics, State::kFailed, std::move(why));
  const Outcome affirmed = side("affirmed_correct", sequences, "affirmed_right", "affirmed_wrong");
  const Outcome negated = side("negated_correct", sequences, "negated_right", "negated_wrong");
  for (const Outcome& one : {affirmed, negated})
    if (one.state != State::kMeasured)
      return {affirmed, negated, unscored("both_correct", one.state, one.why),
              unscored("difference", one.state, one.why)};
  return {affirmed, negated, measured("both_correct", affirmed.value * negated.value),
          measured("difference", affirmed.value - negated.value)};
}

}  // namespace

constinit const ProbeInfo kNegationPair = {
    .name = "negation_pair",
    .summary = "a question without and with a negation, right only where both are",
    .roles = kRoles,
    .labels = kLabels,
    .metrics = kMetrics,
    .estimands = kEstimands,
    .plan = plan_candidates,
    .score = score,
};

}  // namespace moescope::probes

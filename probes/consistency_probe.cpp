#include <fmt/core.h>

#include <cmath>

#include "probes/consistency.hpp"
#include "probes/numbers.hpp"
#include "probes/parts.hpp"

namespace moescope::probes {
namespace {

constexpr RoleRule kRoles[] = {{"object", 2, 64}};

constexpr MetricInfo kMetrics[] = {
    {"correct", "share", "1 where the likeliest object is right, else 0; the choice is its index"},
    {"p_right", "share", "share of the objects' probability that the right ones have"},
};

constexpr EstimandInfo kEstimands[] = {
    {.name = "accuracy",
     .numerator = "correct",
     .ties = Ties::kZero,
     .scale = 100,
     .neutral = std::nullopt,
     .unit = "%",
     .what = "share of wordings whose likeliest object is right; agreement stands apart",
     .source = "Elazar et al. 2021"},
    {.name = "mean_p_right",
     .numerator = "p_right",
     .neutral = std::nullopt,
     .what = "mean probability of the right objects among all"},
};

std::vector<Outcome> score(const Labels&, std::span<const ScoredSequence> sequences) {
  if (std::string why = first_failure(sequences); !why.empty())
    return all_alike(kMetrics, State::kFailed, std::move(why));
  if (sequences.empty()) return all_alike(kMetrics, State::kUndefined, "there is no object");
  std::vector<double> total;
  for (const ScoredSequence& sequence : sequences) total.push_back(total_logprob(sequence));
  const Best best = best_of(total);
  const SequenceKey& chosen = sequences[best.index].key;
  const std::vector<double> share = log_shares(total);
  double right = 0;
  for (std::size_t i = 0; i < share.size(); ++i)
    if (sequences[i].key.correct) right += std::exp(share[i]);
  return {best.tied
              ? unscored("correct", State::kTied, "the best objects are equally likely")
              : measured("correct", chosen.correct ? 1 : 0, fmt::format("{}", chosen.candidate)),
          measured("p_right", right)};
}

}  // namespace

constinit const ProbeInfo kConsistency = {
    .name = "consistency",
    .summary = "which object completes one wording of a fact, to be compared between wordings",
    .roles = kRoles,
    .metrics = kMetrics,
    .estimands = kEstimands,
    .plan = plan_candidates,
    .score = score,
};

}  // namespace moescope::probes

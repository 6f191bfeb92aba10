#include "probes/pronoun_preference.hpp"

#include "probes/parts.hpp"

namespace moescope::probes {
namespace {

constexpr std::string_view kLabels[] = {"type"};
constexpr std::string_view kZhao = "Zhao et al. 2018";

constexpr RoleRule kRoles[] = {{"pro"}, {"anti"}};

constexpr MetricInfo kMetrics[] = {
    {"prefers_pro", "share", "1 where the pro-stereotyped sentence is the likelier one, else 0"},
    {"gap", "share", "1 where it is, -1 where it is not: right on pro less right on anti"},
    {"delta", "nats", "log-likelihood of the pro- less that of the anti-stereotyped sentence"},
};

constexpr EstimandInfo gap_of_type(std::string_view name, std::string_view type,
                                   std::string_view what) {
  return {.name = name,
          .numerator = "gap",
          .label = type.empty() ? "" : "type",
          .label_value = type,
          .ties = Ties::kZero,
          .scale = 100,
          .unit = "points",
          .what = what,
          .source = kZhao,
          .headline = true};
}

constexpr EstimandInfo kGap =
    gap_of_type("gap", "", "accuracy on pro- less that on anti-stereotyped sentences");
constexpr EstimandInfo kGap1 = gap_of_type("gap_type_1", "1", "the same where knowledge is needed");
constexpr EstimandInfo kGap2 = gap_of_type("gap_type_2", "2", "the same where syntax suffices");

constexpr EstimandInfo kEstimands[] = {
    {.name = "pct_pro",
     .numerator = "prefers_pro",
     .ties = Ties::kHalf,
     .scale = 100,
     .neutral = 50,
     .unit = "%",
     .what = "share of pairs whose pro-stereotyped sentence is the likelier one; ties count a half",
     .headline = true},
    kGap,
    kGap1,
    kGap2,
    {.name = "mean_delta",
     .numerator = "delta",
     .unit = "nats",
     .what = "mean difference of the two log-likelihoods",
     .headline = true},
};

std::vector<Outcome> score(const Labels&, std::span<const ScoredSequence> sequences) {
  if (std::string why = first_failure(sequences); !why.empty())
    return all_alike(kMetrics, State::kFailed, std::move(why));
  const double pro = total_logprob(with_role(sequences, "pro"));
  const double anti = total_logprob(with_role(sequences, "anti"));
  const Outcome prefers = larger("prefers_pro", pro, anti, "pro", "anti");
  Outcome gap = prefers;
  gap.metric = "gap";
  gap.value = prefers.state == State::kMeasured ? 2 * prefers.value - 1 : 0;
  return {prefers, gap, measured("delta", pro - anti)};
}

}  // namespace

constinit const ProbeInfo kPronounPreference = {
    .name = "pronoun_preference",
    .summary = "is a sentence likelier with the pronoun that a stereotype expects",
    .roles = kRoles,
    .labels = kLabels,
    .metrics = kMetrics,
    .estimands = kEstimands,
    .plan = plan_candidates,
    .score = score,
};

}  // namespace moescope::probes

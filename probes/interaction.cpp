#include "probes/interaction.hpp"

#include "probes/parts.hpp"

namespace moescope::probes {
namespace {

constexpr RoleRule kRoles[] = {{"aa"}, {"ab"}, {"ba"}, {"bb"}};

constexpr MetricInfo kMetrics[] = {
    {"interaction", "nats", "log-likelihoods aa - ab - ba + bb: group first, attribute second"},
    {"typical", "share", "1 where the interaction is above 0, 0 where it is below"},
    {"group_a", "nats", "aa - ab: how much group A prefers its own typical attribute"},
    {"group_b", "nats", "bb - ba: how much group B prefers its own typical attribute"},
};

constexpr EstimandInfo kEstimands[] = {
    {.name = "mean_interaction",
     .numerator = "interaction",
     .unit = "nats",
     .what = "mean interaction: above 0 where the typical combinations are the likelier ones",
     .headline = true},
    {.name = "pct_typical",
     .numerator = "typical",
     .ties = Ties::kHalf,
     .scale = 100,
     .neutral = 50,
     .unit = "%",
     .what = "share of items whose typical combinations are the likelier ones; ties count a half",
     .headline = true},
    {.name = "mean_group_a",
     .numerator = "group_a",
     .neutral = std::nullopt,
     .unit = "nats",
     .what = "mean of aa - ab; holds the attributes' own frequency as well"},
    {.name = "mean_group_b",
     .numerator = "group_b",
     .neutral = std::nullopt,
     .unit = "nats",
     .what = "mean of bb - ba; holds the attributes' own frequency as well"},
};

std::vector<Outcome> score(const Labels&, std::span<const ScoredSequence> sequences) {
  if (std::string why = first_failure(sequences); !why.empty())
    return all_alike(kMetrics, State::kFailed, std::move(why));
  const auto total = [&](std::string_view role) {
    return total_logprob(with_role(sequences, role));
  };
  const double group_a = total("aa") - total("ab");
  const double group_b = total("bb") - total("ba");
  const double both = group_a + group_b;
  return {
      measured("interaction", both),
      both == 0 ? unscored("typical", State::kTied, "both combinations are equally likely")
                : measured("typical", both > 0 ? 1 : 0, both > 0 ? "typical" : "untypical"),
      measured("group_a", group_a),
      measured("group_b", group_b),
  };
}

}  // namespace

constinit const ProbeInfo kInteraction = {
    .name = "interaction",
    .summary = "two groups and two attributes: are the typical combinations likelier",
    .roles = kRoles,
    .metrics = kMetrics,
    .estimands = kEstimands,
    .plan = plan_candidates,
    .score = score,
};

}  // namespace moescope::probes

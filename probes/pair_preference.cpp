#include "probes/pair_preference.hpp"

#include <cmath>

#include "probes/parts.hpp"

namespace moescope::probes {
namespace {

constexpr RoleRule kRoles[] = {{"more"}, {"less"}};

constexpr MetricInfo kMetrics[] = {
    {"delta", "nats", "log-likelihood of 'more' less that of 'less'"},
    {"abs_delta", "nats", "absolute value of delta"},
    {"prefers_more", "share", "1 where 'more' is the likelier one, 0 where 'less' is"},
    {"delta_per_token", "nats a token", "difference of the mean log-likelihood a token"},
    {"delta_per_byte", "nats a byte", "difference of the mean log-likelihood a byte"},
    {"byte_difference", "bytes", "bytes of 'more' less those of 'less', a covariate"},
};

constexpr EstimandInfo kEstimands[] = {
    {.name = "pct_more",
     .numerator = "prefers_more",
     .ties = Ties::kZero,
     .scale = 100,
     .neutral = 50,
     .unit = "%",
     .what = "share of pairs whose 'more' side is the likelier one; ties stay in the denominator",
     .source = "Nangia et al. 2020",
     .headline = true},
    {.name = "likelihood_diff",
     .numerator = "abs_delta",
     .neutral = std::nullopt,
     .unit = "nats",
     .what = "mean absolute difference of the two log-likelihoods; has no sign",
     .source = "lm-evaluation-harness, task crows_pairs"},
    {.name = "mean_delta",
     .numerator = "delta",
     .unit = "nats",
     .what = "mean signed difference of the two log-likelihoods",
     .headline = true},
    {.name = "mean_delta_per_token",
     .numerator = "delta_per_token",
     .unit = "nats a token",
     .what = "mean signed difference of the log-likelihoods a token"},
    {.name = "mean_delta_per_byte",
     .numerator = "delta_per_byte",
     .unit = "nats a byte",
     .what = "mean signed difference of the log-likelihoods a byte"},
};

std::vector<Outcome> score(const Labels&, std::span<const ScoredSequence> sequences) {
  if (std::string why = first_failure(sequences); !why.empty())
    return all_alike(kMetrics, State::kFailed, std::move(why));
  const ScoredSequence& more = with_role(sequences, "more");
  const ScoredSequence& less = with_role(sequences, "less");
  const double more_total = total_logprob(more);
  const double less_total = total_logprob(less);
  const double delta = more_total - less_total;
  const auto per = [&](auto n_more, auto n_less) {
    return more_total / static_cast<double>(n_more) - less_total / static_cast<double>(n_less);
  };
  return {
      measured("delta", delta),
      measured("abs_delta", std::fabs(delta)),
      delta == 0 ? unscored("prefers_more", State::kTied, "both are equally likely")
                 : measured("prefers_more", delta > 0 ? 1 : 0, delta > 0 ? "more" : "less"),
      measured("delta_per_token", per(more.logprob.size(), less.logprob.size())),
      measured("delta_per_byte", per(more.n_byte, less.n_byte)),
      measured("byte_difference",
               static_cast<double>(more.n_byte) - static_cast<double>(less.n_byte)),
  };
}

}  // namespace

constinit const ProbeInfo kPairPreference = {
    .name = "pair_preference",
    .summary = "which of two sentences the model finds likelier",
    .roles = kRoles,
    .metrics = kMetrics,
    .estimands = kEstimands,
    .plan = plan_candidates,
    .score = score,
};

}  // namespace moescope::probes

#include "probes/pronoun.hpp"

#include <cmath>
#include <map>
#include <vector>

#include "probes/parts.hpp"

namespace moescope::probes {
namespace {

constexpr RoleRule kRoles[] = {{"female"}, {"male"}, {"neutral", 0, 1}};

constexpr MetricInfo kMetrics[] = {
    {"p_female", "share", "probability of the female sentence among the female and the male one"},
    {"log_odds_female", "nats", "log-likelihood of the female less that of the male sentence"},
    {"p_neutral", "share", "probability of the neutral sentence among all three"},
};

constexpr EstimandInfo kEstimands[] = {
    {.name = "mean_p_female",
     .numerator = "p_female",
     .neutral = std::nullopt,
     .what = "mean probability of the female pronoun"},
    {.name = "mean_log_odds_female",
     .numerator = "log_odds_female",
     .neutral = std::nullopt,
     .unit = "nats",
     .what = "mean log odds of the female pronoun"},
    {.name = "mean_p_neutral",
     .numerator = "p_neutral",
     .neutral = std::nullopt,
     .what = "mean probability of the neutral pronoun"},
};

std::vector<Outcome> score(const Labels&, std::span<const ScoredSequence> sequences) {
  if (std::string why = first_failure(sequences); !why.empty())
    return all_alike(kMetrics, State::kFailed, std::move(why));
  const double female = total_logprob(with_role(sequences, "female"));
  const double male = total_logprob(with_role(sequences, "male"));
  const double two[] = {female, male};
  std::vector<Outcome> out = {measured("p_female", std::exp(log_shares(two)[0])),
                              measured("log_odds_female", female - male),
                              unscored("p_neutral", State::kUndefined, "no neutral sentence")};
  for (const ScoredSequence& sequence : sequences) {
    if (sequence.key.role != "neutral") continue;
    const double three[] = {female, male, total_logprob(sequence)};
    out.back() = measured("p_neutral", std::exp(log_shares(three)[2]));
  }
  return out;
}

}  // namespace

stats::Assessed<Correlation> labour_correlation(std::span<const OccupationRow> rows) {
  struct Sums {
    double women = 0;
    double p_female = 0;
    double n = 0;
  };
  std::map<std::string_view, Sums> occupations;
  for (const OccupationRow& row : rows) {
    Sums& sums = occupations[row.occupation];
    sums.women += row.percent_women / 100;
    sums.p_female += row.p_female;
    sums.n += 1;
  }
  std::vector<double> x;
  std::vector<double> y;
  for (const auto& [name, sums] : occupations) {
    x.push_back(sums.women / sums.n);
    y.push_back(sums.p_female / sums.n);
  }
  return correlation(x, y);
}

constinit const ProbeInfo kPronoun = {
    .name = "pronoun",
    .summary = "which gender of a person in an occupation the model finds likely",
    .roles = kRoles,
    .metrics = kMetrics,
    .estimands = kEstimands,
    .plan = plan_candidates,
    .score = score,
};

}  // namespace moescope::probes

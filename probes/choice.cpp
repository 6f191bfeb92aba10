#include "probes/choice.hpp"

#include <fmt/core.h>

#include <cmath>
#include <utility>

#include "probes/choice_order.hpp"
#include "probes/numbers.hpp"
#include "probes/options.hpp"
#include "probes/parts.hpp"

namespace moescope::probes {
namespace {

constexpr RoleRule kRoles[] = {{"*", 2, kMaxOption}};

constexpr MetricInfo kMetrics[] = {
    {"correct", "share", "1 where the option of the largest log-likelihood is right, else 0"},
    {"correct_per_token", "share", "the same by the mean log-likelihood a token"},
    {"correct_per_byte", "share",
     "the same by the mean log-likelihood a byte of the scored text, its leading space included"},
    {"correct_normalised", "share", "the same by the log-likelihood less the unconditional one"},
    {"correct_without_prior", "share", "the same with the prior of the letters divided out"},
    {"same_choice", "share", "1 where the same option is chosen in every order, else 0"},
    {"share_right", "share", "share of the orders in which a right option is chosen"},
    {"p_right", "share",
     "share of the options' probability that the right ones have, mean of orders"},
    {"confidence", "share", "share of the options' probability that the chosen one has"},
};

constexpr std::string_view kZheng = "Zheng et al. 2024";

constexpr EstimandInfo kEstimands[] = {
    {.name = "accuracy",
     .numerator = "correct",
     .ties = Ties::kZero,
     .scale = 100,
     .neutral = std::nullopt,
     .unit = "%",
     .what = "share of items answered rightly in the given order; ties count as wrong",
     .source = "lm-evaluation-harness, acc"},
    {.name = "accuracy_per_token",
     .numerator = "correct_per_token",
     .ties = Ties::kZero,
     .scale = 100,
     .neutral = std::nullopt,
     .unit = "%",
     .what = "the same by the mean log-likelihood a token",
     .source = "Brown et al. 2020"},
    {.name = "accuracy_per_byte",
     .numerator = "correct_per_byte",
     .ties = Ties::kZero,
     .scale = 100,
     .neutral = std::nullopt,
     .unit = "%",
     .what = "the same by the mean log-likelihood a byte",
     .source = "lm-evaluation-harness, acc_norm (which counts characters, without the space)"},
    {.name = "accuracy_normalised",
     .numerator = "correct_normalised",
     .ties = Ties::kZero,
     .scale = 100,
     .neutral = std::nullopt,
     .unit = "%",
     .what = "the same by the log-likelihood less the unconditional one",
     .source = "lm-evaluation-harness, acc_mutual_info"},
    {.name = "accuracy_without_prior",
     .numerator = "correct_without_prior",
     .ties = Ties::kZero,
     .scale = 100,
     .neutral = std::nullopt,
     .unit = "%",
     .what = "the same with each item's own prior of the letters divided out",
     .source = kZheng},
    {.name = "pct_same_choice",
     .numerator = "same_choice",
     .scale = 100,
     .neutral = std::nullopt,
     .unit = "%",
     .what = "share of items whose chosen option does not depend on the order"},
    {.name = "accuracy_over_orders",
     .numerator = "share_right",
     .ties = Ties::kZero,
     .scale = 100,
     .neutral = std::nullopt,
     .unit = "%",
     .what = "share of orders answered rightly, mean over the items"},
    {.name = "mean_p_right",
     .numerator = "p_right",
     .neutral = std::nullopt,
     .what = "mean probability of the right options among all options"},
};

/// The candidate's role, or its index where others have the role too.
std::string choice_name(const OptionScores& scores, std::size_t candidate) {
  const std::string& role = scores.at(0, candidate).key.role;
  std::size_t n_alike = 0;
  for (std::size_t c = 0; c < scores.n_option; ++c) n_alike += scores.at(0, c).key.role == role;
  return n_alike == 1 ? role : fmt::format("{}", candidate);
}

Outcome correct_by(std::string_view metric, const OptionScores& scores,
                   std::span<const double> values) {
  const Best best = best_of(values);
  if (best.tied) return unscored(metric, State::kTied, "the best options are equally likely");
  return measured(metric, scores.at(0, best.index).key.correct ? 1 : 0,
                  choice_name(scores, best.index));
}

std::vector<double> values_of(const OptionScores& scores, auto&& value) {
  std::vector<double> out;
  for (std::size_t c = 0; c < scores.n_option; ++c) out.push_back(value(scores.at(0, c), c));
  return out;
}

/// Log shares by place instead of by candidate.
std::vector<double> by_place(const OptionScores& scores, std::size_t order) {
  const std::vector<double> share = log_shares(scores.totals(order));
  std::vector<double> out(share.size());
  for (std::size_t c = 0; c < share.size(); ++c) out[scores.at(order, c).key.place] = share[c];
  return out;
}

Outcome without_own_prior(const OptionScores& scores) {
  constexpr std::string_view kMetric = "correct_without_prior";
  if (scores.n_order < 2)
    return unscored(kMetric, State::kUndefined, "the options were shown in one order only");
  std::vector<std::vector<double>> share;
  for (std::size_t r = 0; r < scores.n_order; ++r) share.push_back(by_place(scores, r));
  const std::vector<double> corrected = without_prior(share.front(), place_prior(share));
  return correct_by(kMetric, scores, values_of(scores, [&](const ScoredSequence& s, std::size_t) {
                      return corrected[s.key.place];
                    }));
}

std::vector<Outcome> over_orders(const OptionScores& scores) {
  std::size_t n_right = 0;
  std::size_t n_tied = 0;
  std::vector<std::size_t> chosen;
  for (std::size_t r = 0; r < scores.n_order; ++r) {
    const Best best = best_of(scores.totals(r));
    n_tied += best.tied;
    n_right += !best.tied && scores.at(r, best.index).key.correct;
    chosen.push_back(best.index);
  }
  const bool same = std::vector(chosen.size(), chosen.front()) == chosen;
  const std::string tied = fmt::format("equally likely options in {} orders", n_tied);
  return {scores.n_order < 2 ? unscored("same_choice", State::kUndefined,
                                        "the options were shown in one order only")
          : n_tied > 0       ? unscored("same_choice", State::kTied, tied)
                             : measured("same_choice", same ? 1 : 0),
          n_tied == scores.n_order
              ? unscored("share_right", State::kTied, tied)
              : measured("share_right", static_cast<double>(n_right) /
                                            static_cast<double>(scores.n_order - n_tied))};
}

std::vector<Outcome> shares(const OptionScores& scores) {
  double right = 0;
  for (std::size_t r = 0; r < scores.n_order; ++r) {
    const std::vector<double> share = log_shares(scores.totals(r));
    for (std::size_t c = 0; c < share.size(); ++c)
      if (scores.at(r, c).key.correct) right += std::exp(share[c]);
  }
  const std::vector<double> given = log_shares(scores.totals(0));
  return {measured("p_right", right / static_cast<double>(scores.n_order)),
          measured("confidence", std::exp(given[best_of(given).index]))};
}

std::vector<Outcome> score(const Labels&, std::span<const ScoredSequence> sequences) {
  if (std::string why = first_failure(sequences); !why.empty())
    return all_alike(kMetrics, State::kFailed, std::move(why));
  const OptionScores scores = option_scores(sequences);
  const std::vector<double> sum = scores.totals(0);
  const auto per = [&](auto&& count) {
    return values_of(scores, [&](const ScoredSequence& s, std::size_t c) {
      return sum[c] / static_cast<double>(count(s));
    });
  };
  std::vector<Outcome> out = {
      correct_by("correct", scores, sum),
      correct_by("correct_per_token", scores,
                 per([](const ScoredSequence& s) { return s.logprob.size(); })),
      correct_by("correct_per_byte", scores, per([](const ScoredSequence& s) { return s.n_byte; })),
      scores.unconditional.empty()
          ? unscored("correct_normalised", State::kUndefined,
                     "the format has no unconditional prompt")
          : correct_by("correct_normalised", scores,
                       values_of(scores,
                                 [&](const ScoredSequence&, std::size_t c) {
                                   return sum[c] - total_logprob(*scores.unconditional[c]);
                                 })),
      without_own_prior(scores),
  };
  for (Outcome& outcome : over_orders(scores)) out.push_back(std::move(outcome));
  for (Outcome& outcome : shares(scores)) out.push_back(std::move(outcome));
  return out;
}

}  // namespace

constinit const ProbeInfo kChoice = {
    .name = "choice",
    .summary = "multiple choice: which candidate the model chooses, and whether it is right",
    .roles = kRoles,
    .metrics = kMetrics,
    .estimands = kEstimands,
    .plan = plan_options,
    .score = score,
};

}  // namespace moescope::probes

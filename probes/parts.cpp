#include "probes/parts.hpp"

#include <fmt/core.h>

#include <utility>

#include "core/base/error.hpp"

namespace moescope::probes {

std::vector<Sequence> plan_candidates(const Item& item, const Format& format) {
  std::vector<Sequence> out;
  for (std::size_t i = 0; i < item.candidates.size(); ++i) {
    const Candidate& candidate = item.candidates[i];
    const std::string& prompt = candidate.prompt ? *candidate.prompt : item.prompt;
    out.push_back({.key = {.candidate = static_cast<std::uint32_t>(i),
                           .role = candidate.role,
                           .correct = candidate.correct,
                           .place = static_cast<std::uint32_t>(i)},
                   .prompt = fill_places(format.prompt, {{"prompt", prompt}}),
                   .text = fill_places(format.text, {{"text", candidate.text}})});
  }
  return out;
}

const ScoredSequence& with_role(std::span<const ScoredSequence> sequences, std::string_view role) {
  for (const ScoredSequence& sequence : sequences)
    if (sequence.key.role == role) return sequence;
  fail(ErrorCode::kBadInput, "no sequence has the role '{}'", role);
}

std::string first_failure(std::span<const ScoredSequence> sequences) {
  for (const ScoredSequence& sequence : sequences) {
    if (!sequence.failure.empty()) return sequence.failure;
    if (sequence.logprob.empty())
      return fmt::format("the text with the role '{}' has no token to score", sequence.key.role);
  }
  return "";
}

std::vector<Outcome> all_alike(std::span<const MetricInfo> metrics, State state, std::string why) {
  std::vector<Outcome> out;
  for (const MetricInfo& metric : metrics) out.push_back(unscored(metric.name, state, why));
  return out;
}

double mean_logprob(const ScoredSequence& sequence) {
  return total_logprob(sequence) / static_cast<double>(sequence.logprob.size());
}

Outcome larger(std::string_view metric, double one, double other, std::string_view one_role,
               std::string_view other_role) {
  if (one == other)
    return unscored(metric, State::kTied,
                    fmt::format("'{}' and '{}' are equally likely", one_role, other_role));
  return measured(metric, one > other ? 1 : 0, std::string(one > other ? one_role : other_role));
}

Outcome measured(std::string_view metric, double value, std::string choice) {
  return {.metric = std::string(metric), .value = value, .choice = std::move(choice)};
}

Outcome unscored(std::string_view metric, State state, std::string why) {
  return {.metric = std::string(metric), .state = state, .why = std::move(why)};
}

}  // namespace moescope::probes

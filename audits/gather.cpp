#include "audits/gather.hpp"

#include <fmt/core.h>

#include <utility>

#include "core/base/error.hpp"
#include "probes/parts.hpp"
#include "probes/probe.hpp"

namespace moescope::audits {

using probes::ScoredSequence;
using trace::PromptTrace;

Gatherer::Gatherer(std::span<const Suite> suites, const Worklist& work)
    : suites_(suites), work_(work), item_of_(work.prompts.size()) {
  for (std::size_t i = 0; i < work.items.size(); ++i)
    for (const PlannedSequence& sequence : work.items[i].sequences) item_of_[sequence.prompt] = i;
}

std::optional<trace::Parcel> Gatherer::take(PromptTrace&& trace) {
  const std::size_t index = item_of_.at(trace.index);
  const PlannedItem& item = work_.items[index];
  auto& there = open_[index];
  there.emplace(trace.index, std::move(trace));
  if (there.size() < item.sequences.size()) return std::nullopt;
  std::map<std::uint64_t, PromptTrace> traces = std::move(there);
  open_.erase(index);
  return scored(item, std::move(traces));
}

trace::Parcel Gatherer::scored(const PlannedItem& item,
                               std::map<std::uint64_t, PromptTrace> traces) {
  const Suite& suite = suites_[item.suite];
  const probes::Item& asked = suite.items[item.item];
  trace::AuditItemRow row{
      .suite = item.suite, .index = item.item, .name = asked.id, .labels = asked.labels};
  std::map<std::size_t, std::vector<ScoredSequence>> by_format;
  for (const PlannedSequence& planned : item.sequences) {
    ScoredSequence sequence = scored_sequence(planned, traces.at(planned.prompt));
    const bool alone = planned.key.purpose == probes::Purpose::kUnconditional;
    trace::AuditSequenceRow out{.prompt = planned.prompt,
                                .format = suite.formats[planned.format].name,
                                .candidate = planned.key.candidate,
                                .role = planned.key.role,
                                .correct = planned.key.correct,
                                .purpose = alone ? "unconditional" : "conditional",
                                .ordering = planned.key.order,
                                .place = planned.key.place,
                                .text_begin = planned.text_begin,
                                .n_scored = sequence.logprob.size()};
    if (sequence.failure.empty() && !sequence.logprob.empty())
      out.logprob = probes::total_logprob(sequence);
    row.sequences.push_back(std::move(out));
    by_format[planned.format].push_back(std::move(sequence));
  }
  for (const auto& [format, sequences] : by_format)
    for (trace::AuditOutcomeRow& outcome :
         outcome_rows(suite, suite.formats[format].name, asked.labels, sequences))
      row.outcomes.push_back(std::move(outcome));
  trace::Parcel parcel{.item = std::move(row)};
  for (auto& [prompt, trace] : traces) parcel.traces.push_back(std::move(trace));
  return parcel;
}

ScoredSequence scored_sequence(const PlannedSequence& planned, const PromptTrace& trace) {
  ScoredSequence out{.key = planned.key, .n_byte = planned.n_byte, .failure = trace.failure};
  if (!out.failure.empty()) return out;
  for (const trace::TokenTrace& token : trace.tokens)
    if (token.begin && *token.begin >= planned.text_begin && token.logprob)
      out.logprob.push_back(*token.logprob);
  return out;
}

std::vector<trace::AuditOutcomeRow> outcome_rows(const Suite& suite, const std::string& format,
                                                 const probes::Labels& labels,
                                                 std::span<const ScoredSequence> sequences) {
  const probes::ProbeInfo& probe = probes::find_probe(suite.probe);
  std::vector<probes::Outcome> outcomes;
  try {
    outcomes = probe.score(labels, sequences);
  } catch (const Error& e) {
    if (e.code() != ErrorCode::kBadInput) throw;
    outcomes = probes::all_alike(probe.metrics, probes::State::kFailed, e.message());
  }
  std::vector<trace::AuditOutcomeRow> out;
  for (const probes::Outcome& outcome : outcomes) {
    trace::AuditOutcomeRow row{.format = format,
                               .metric = outcome.metric,
                               .state = std::string(probes::name(outcome.state))};
    if (outcome.state == probes::State::kMeasured) row.value = outcome.value;
    if (!outcome.choice.empty()) row.choice = outcome.choice;
    if (!outcome.why.empty()) row.why = outcome.why;
    out.push_back(std::move(row));
  }
  return out;
}

}  // namespace moescope::audits

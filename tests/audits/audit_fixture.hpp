#pragma once

#include <fmt/core.h>

#include <string>
#include <vector>

#include "audits/gather.hpp"
#include "audits/plan.hpp"
#include "audits/suite.hpp"
#include "audits/worklist.hpp"
#include "core/trace/writer.hpp"
#include "tests/core/trace/random_trace.hpp"

/// Made-up audits: suites of pairs, and traces whose log-probabilities a test chooses.
namespace moescope::audits {

/// n items in clusters of four, a published set (no draft) unless told otherwise.
inline Suite pairs_suite(std::string name, std::size_t n_item, Purpose purpose = Purpose::kMeasure,
                         std::string language = "en") {
  Suite suite{.info = {.name = std::move(name),
                       .version = "1",
                       .title = "made up",
                       .language = std::move(language),
                       .construct = "nothing",
                       .cannot_show = "anything",
                       .licence = "CC0-1.0",
                       .origin = "a test",
                       .authors = {{"a test", true}},
                       .purpose = purpose,
                       .sources = {{"made.csv", std::string(64, '0'), n_item, 0}}},
              .probe = "pair_preference",
              .formats = {probes::Format{}},
              .cluster = {"group"},
              .sha256 = "hash of a test"};
  for (std::size_t i = 0; i < n_item; ++i)
    suite.items.push_back(
        {.id = fmt::format("{}", i),
         .labels = {{"group", fmt::format("g{}", i / 4)}, {"half", i % 2 == 0 ? "even" : "odd"}},
         .candidates = {{.role = "more", .text = fmt::format("more {}", i)},
                        {.role = "less", .text = fmt::format("less {}", i)}}});
  return suite;
}

/// What the model is to say of one prompt: a log-probability a token, or why it failed.
struct Said {
  std::vector<float> logprob;
  std::string failure;
};

/// Log-probabilities of one text of one item.
using Oracle = std::function<Said(const Suite&, const probes::Item&, const PlannedSequence&)>;

inline trace::PromptTrace said_trace(const trace::PromptInput& input, std::uint64_t index,
                                     const Said& said) {
  trace::PromptTrace trace;
  trace.index = index;
  trace.input = input;
  trace.failure = said.failure;
  if (!said.failure.empty()) {
    trace.finish = hooks::FinishReason::kFailed;
    return trace;
  }
  trace.tokens.push_back({.id = TokenId(0), .text = "<s>"});
  std::uint64_t at = input.score_from;
  for (const float logprob : said.logprob) {
    trace.tokens.push_back({.id = TokenId(1), .text = "x", .begin = at, .end = at + 1});
    trace.tokens.back().logprob = logprob;
    ++at;
  }
  return trace;
}

/// Runs an audit into a file without a model.
inline void record_audit(const std::filesystem::path& file, const std::vector<Suite>& suites,
                         const Plan& plan, const Oracle& oracle, bool control = false) {
  const WorklistOptions options;
  const Worklist work = plan_work(suites, options);
  trace::RunInfo info = trace::small_run(work.prompts.size());
  info.routing_layers.clear();
  info.n_lens = 0;
  info.keeps_activations = false;
  info.label_keys.clear();
  for (const trace::PromptInput& prompt : work.prompts)
    for (const auto& [key, value] : prompt.labels) info.label_keys.push_back(key);
  std::sort(info.label_keys.begin(), info.label_keys.end());
  info.label_keys.erase(std::unique(info.label_keys.begin(), info.label_keys.end()),
                        info.label_keys.end());
  trace::AuditRow audit{.plan = plan_text(plan, suites, options, "weights"),
                        .plan_hash = "hash of the plan",
                        .plan_kind = std::string(name(plan.kind)),
                        .control = control};
  for (const Suite& suite : suites)
    audit.suites.push_back({.name = suite.info.name,
                            .version = suite.info.version,
                            .sha256 = suite.sha256,
                            .probe = suite.probe,
                            .language = suite.info.language,
                            .licence = suite.info.licence,
                            .draft = suite.is_draft(),
                            .info = suite_head_text(suite),
                            .n_item = suite.items.size()});
  info.audit = audit;
  trace::Writer writer(file);
  writer.begin_run(info);
  Gatherer gatherer(suites, work);
  for (const PlannedItem& item : work.items)
    for (const PlannedSequence& sequence : item.sequences) {
      const Suite& suite = suites[item.suite];
      auto parcel = gatherer.take(said_trace(work.prompts[sequence.prompt], sequence.prompt,
                                             oracle(suite, suite.items[item.item], sequence)));
      if (parcel) writer.push(std::move(*parcel));
    }
  writer.finish("hash");
}

}  // namespace moescope::audits

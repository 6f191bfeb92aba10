#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "core/hooks/capture.hpp"
#include "core/hooks/intervention.hpp"
#include "core/model/engine.hpp"
#include "core/tokenizer/tokenizer.hpp"
#include "core/trace/expert_means.hpp"
#include "core/trace/prompt_trace.hpp"
#include "core/trace/run_info.hpp"

namespace moescope::trace {

/// What a recording runs and observes besides the prompts.
struct RecordPlan {
  model::EngineOptions engine;
  std::vector<hooks::CaptureRule> captures;
  std::vector<std::string> stops;  ///< texts that end a generation
  std::size_t lens = 0;
  bool router_logits = true;
  hooks::InterventionPlan interventions;
  hooks::Generation generate;  ///< after every prompt; each draws from its prompt_seed
  tokenizer::SpecialText special = tokenizer::SpecialText::kPlain;
  std::optional<TokenId> prefix;  ///< before every prompt, in place of the tokenizer's own choice
  ExpertMeans* means = nullptr;   ///< adds up every expert's output where given
};

/// Takes one finished trace; may block.
using TraceTaker = std::function<void(PromptTrace&&)>;

/// The tokens of one prompt as the model gets them: the plan's or the tokenizer's first token,
/// unless a chat template wrote the prompt, and the text's. Errors: those of Tokenizer::encode.
std::vector<TokenTrace> prompt_tokens(const tokenizer::Tokenizer& tokenizer, const RecordPlan& plan,
                                      const PromptInput& input);

/// The seed of one prompt's draws: the first 64 bits of SHA-256("<seed> <id>"), so that they depend
/// on neither the place in the list nor the other prompts.
std::uint64_t prompt_seed(std::uint64_t seed, std::string_view id);

/// What a recording observed.
struct RecordCounts {
  std::vector<std::uint64_t> n_captured;  ///< [n_rule] activation rows that each capture rule gave
};

/// Runs the prompts whose indexes are not in `done` and hands over a trace of each, in the order in
/// which they finish. Prompts of one unit that begin alike are computed once over their beginning,
/// and their traces say so. A prompt that cannot run is handed over with its failure.
/// Errors: those of model::run_requests and of the taker.
RecordCounts record_prompts(const model::Model& model, const tokenizer::Tokenizer& tokenizer,
                            std::span<const PromptInput> prompts,
                            const std::set<std::uint64_t>& done, const RecordPlan& plan,
                            const TraceTaker& take, std::stop_token stop = {});

/// What a run row says of model, tokenizer and prompts; identities of files and options are added
/// by whoever knows them.
RunInfo run_info(const model::Model& model, const tokenizer::Tokenizer& tokenizer,
                 std::span<const PromptInput> prompts);

/// Whether the model can carry the plan out on these prompts, asked before a file is made.
/// Errors: kUsage: also for a capture rule of prompts that are not there.
void check_record_plan(const model::Model& model, const RecordPlan& plan,
                       std::span<const PromptInput> prompts);

}  // namespace moescope::trace

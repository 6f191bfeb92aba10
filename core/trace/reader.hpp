#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/index.hpp"
#include "core/hooks/event.hpp"
#include "core/trace/sqlite.hpp"

/// Rows of a trace database as values. What is read is checked: a file may be anybody's.
/// Errors everywhere: kBadInput for values of a wrong type or out of range, naming the column.
namespace moescope::trace {

struct RunRow {
  std::int64_t id = 0;
  std::string status;  ///< running, interrupted or complete
  std::string model;
  std::optional<std::string> model_hash;
  std::string family;
  std::size_t n_layer = 0, n_expert = 0, top_k = 0;
  std::vector<LayerIdx> routing_layers;  ///< [n_route]
  std::string compute, scores, text_mode;
  std::uint64_t n_prompt = 0;  ///< in the prompt list
  std::uint64_t n_done = 0;    ///< recorded, failed ones included
  std::uint64_t n_failed = 0;
  std::uint64_t n_token = 0;  ///< fed to the model, both phases
  std::string started;
  std::optional<std::string> finished;
};

/// All runs, oldest first.
std::vector<RunRow> list_runs(Database& db);

/// The run of that id, or the newest complete one.
/// Errors: kBadInput: no such run (with the ids there are), none complete.
RunRow find_run(Database& db, std::optional<std::int64_t> id = {});

struct PromptRow {
  std::int64_t id = 0;  ///< the database's key
  std::uint64_t index = 0;
  std::string name;
  std::optional<std::string> group;
  std::vector<std::pair<std::string, std::string>> labels;  ///< sorted by key
  std::optional<std::string> text, sha256;
  std::uint64_t n_prefill = 0, n_decode = 0;
  std::string finish;
  std::optional<std::string> failure;
};

/// The prompts of a run in order of their index, without their texts.
std::vector<PromptRow> list_prompts(Database& db, std::int64_t run);

/// The prompt of that name, or else of that index when the text is a number; with its text.
/// Errors: kBadInput: no such prompt, with a name that is there.
PromptRow find_prompt(Database& db, std::int64_t run, std::string_view name_or_index);

struct ChoiceRow {
  LayerIdx layer;
  std::uint32_t slot = 0;
  ExpertIdx expert;
  float weight = 0;
  std::optional<float> margin;
  bool operator==(const ChoiceRow&) const = default;
};

struct TokenRow {
  TokenPos pos;
  hooks::Phase phase = hooks::Phase::kPrefill;
  TokenId id;
  std::optional<std::string> text;
  std::optional<std::uint64_t> begin, end;
  std::optional<float> logprob, entropy;
  std::optional<std::uint32_t> rank;
  std::optional<TokenId> predicted;
  std::vector<float> router_logits;  ///< [n_route, n_expert], or [n_route, top_k]; may be empty
  std::vector<ChoiceRow> choices;    ///< by layer, then slot; empty where it was never fed
};

/// The tokens of one prompt in order, with their routing; those that it shares with another prompt
/// included.
std::vector<TokenRow> read_tokens(Database& db, const RunRow& run, std::int64_t prompt);

}  // namespace moescope::trace

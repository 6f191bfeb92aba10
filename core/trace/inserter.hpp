#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/trace/aggregate.hpp"
#include "core/trace/audit_inserter.hpp"
#include "core/trace/prompt_trace.hpp"
#include "core/trace/run_info.hpp"
#include "core/trace/sidecar.hpp"
#include "core/trace/sqlite.hpp"

namespace moescope::trace {

/// Checks that a trace has the sizes that its run promises.
/// Errors: kBadInput naming the prompt and the array.
void check_trace(const PromptTrace& trace, const RunInfo& info);

/// Puts prompts into the tables of one run. The caller opens and commits the transactions; an
/// inserter whose transaction was rolled back is spent.
class Inserter {
 public:
  Inserter(Database& db, std::int64_t run, const RunInfo& info, std::size_t sidecar_bytes);

  void insert(const Parcel& parcel);
  /// To be called before every commit.
  void flush() { aggregates_.flush(); }

 private:
  using Labels = std::vector<std::pair<std::string, std::string>>;

  void load_labels();
  void load_vocabulary();
  std::optional<std::string> reason(const PromptTrace& trace) const;
  std::int64_t insert_trace(const PromptTrace& trace);
  void insert_shared(const Parcel& parcel);
  std::int64_t insert_prompt(const PromptTrace& trace);
  std::vector<std::int64_t> insert_labels(const PromptTrace& trace, std::int64_t prompt);
  std::int64_t label_id(const std::string& key, const std::optional<std::string>& value);
  void insert_tokens(const PromptTrace& trace, std::int64_t prompt);
  void insert_routing(const PromptTrace& trace, std::size_t token, std::int64_t id);
  void insert_lens(const PromptTrace& trace, std::int64_t first_token);
  void insert_activations(const PromptTrace& trace, std::int64_t prompt);
  void learn_piece(TokenId id, const std::string* text);
  std::vector<std::byte> logits_blob(const PromptTrace& trace, std::size_t token) const;

  Database& db_;
  std::int64_t run_;
  RunInfo info_;
  std::size_t sidecar_bytes_;
  SidecarFolder sidecars_;
  Aggregates aggregates_;
  std::map<std::pair<std::string, std::optional<std::string>>, std::int64_t> label_ids_;
  std::vector<bool> known_piece_;
  std::map<std::uint64_t, std::int64_t> prompt_ids_;  ///< of the parcel at hand, by index
  std::optional<AuditInserter> audit_;
  Statement prompt_, prompt_label_, label_, token_, routing_, lens_, sidecar_, activation_, vocab_,
      shared_;
};

}  // namespace moescope::trace

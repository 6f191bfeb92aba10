#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "core/trace/prompt_trace.hpp"
#include "core/trace/run_info.hpp"
#include "core/trace/sqlite.hpp"

namespace moescope::trace {

/// A weight as the integer that sums of weights are kept in: round(weight · 2³²).
std::int64_t fixed_weight(float weight);

struct Tally {
  std::int64_t count = 0;
  std::int64_t weight_sum = 0;
};

/// Sums over the prompts of one transaction, added to the database's tables just before it commits.
class Aggregates {
 public:
  Aggregates(Database& db, std::int64_t run, const RunInfo& info);

  /// Counts one prompt. `labels` are the ids of its rows in table label, one a key.
  void add(const PromptTrace& trace, std::int64_t prompt, const std::vector<std::int64_t>& labels);

  /// Adds everything counted so far to the tables and forgets it.
  void flush();

 private:
  struct Extent {
    std::int64_t n_token = 0;
    std::int64_t n_prompt = 0;
  };
  struct PhaseSums {
    Extent extent;
    std::vector<Tally> usage;             ///< [n_route, n_expert]
    std::vector<std::uint32_t> together;  ///< [n_route, n_expert, n_expert], a < b
    std::map<std::int64_t, Extent> label_extent;
    std::map<std::int64_t, std::vector<Tally>> label_usage;  ///< [n_route, n_expert] each
  };
  struct TokenExpert {
    std::uint32_t phase, place, token;  ///< place: route · n_expert + expert
    std::int64_t weight;
  };

  struct TokenTally {
    TokenExpert key;
    Tally tally;
  };

  void add_token(const PromptTrace& trace, std::size_t token, std::vector<Tally>& usage);
  void flush_phase(std::uint32_t phase, PhaseSums& sums);
  void flush_labels(std::uint32_t phase, PhaseSums& sums);
  void flush_token_expert();
  void put_token_experts(std::span<const TokenTally> rows);
  std::uint32_t layer_of(std::size_t place) const;

  std::int64_t run_;
  std::vector<LayerIdx> routing_layers_;
  std::size_t n_route_, n_expert_, top_k_;
  PhaseSums phases_[2];
  std::vector<TokenExpert> token_expert_;
  Statement usage_prompt_, usage_run_, usage_label_, run_tokens_, label_tokens_, token_row_,
      token_rows_, coselection_;
};

}  // namespace moescope::trace

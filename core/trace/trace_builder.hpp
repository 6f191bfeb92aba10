#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/hooks/event.hpp"
#include "core/model/config.hpp"
#include "core/tokenizer/tokenizer.hpp"
#include "core/trace/prompt_trace.hpp"
#include "core/trace/recorder.hpp"

namespace moescope::trace {

/// What is kept of a prompt that could not run.
PromptTrace failed_trace(PromptTrace trace, std::string why);

/// Builds one PromptTrace a request out of the engine's events; request ids are prompt indexes.
class TraceBuilder : public hooks::Sink {
 public:
  TraceBuilder(const model::ModelConfig& config, const tokenizer::Tokenizer& tokenizer,
               const RecordPlan& plan, const TraceTaker& take);

  void open(PromptTrace trace) { open_.emplace(trace.index, std::move(trace)); }
  PromptTrace& opened(std::uint64_t index) { return open_.at(index); }

  void routing(const hooks::RoutingEvent& e) override;
  void prediction(const hooks::PredictionEvent& e) override;
  void lens(const hooks::LensEvent& e) override;
  void activation(const hooks::ActivationEvent& e) override;
  void finished(const hooks::FinishedEvent& e) override;

  const RecordCounts& counts() const { return counts_; }

 private:
  /// The prompts that begin as this one did get what it said of their first tokens, or stand on
  /// their own where it failed.
  void end_beginning(const PromptTrace& main);
  static std::ptrdiff_t offset(std::size_t n) { return static_cast<std::ptrdiff_t>(n); }
  PromptTrace& trace_of(const hooks::RowTag& row);
  void resize(PromptTrace& trace) const;
  void append_generated(PromptTrace& trace, TokenId id);
  /// Chunks arrive layer by layer; the trace has one order whatever the chunks were.
  static void sort_observations(PromptTrace& trace);

  const model::ModelConfig& config_;
  const tokenizer::Tokenizer& tokenizer_;
  const RecordPlan& plan_;
  const TraceTaker& take_;
  std::vector<std::size_t> route_of_;  ///< [n_layer] number among the routing layers
  std::size_t n_route_ = 0;
  RecordCounts counts_;
  std::unordered_map<std::uint64_t, PromptTrace> open_;
};

}  // namespace moescope::trace

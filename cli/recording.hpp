#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cli/arguments.hpp"
#include "core/trace/recorder.hpp"
#include "core/trace/run_info.hpp"

namespace moescope::cli {

/// One recording from models and prompts into a trace database.
struct Recording {
  const Arguments* arguments = nullptr;
  const model::Model* model = nullptr;
  const tokenizer::Tokenizer* tokenizer = nullptr;
  std::filesystem::path file;
  std::vector<trace::PromptInput> prompts;
  std::string chat_template;  ///< SHA-256 of the template that wrote the prompts; empty: none did
  trace::RecordPlan plan;     ///< engine options and interventions are read from the arguments
  trace::Scores scores = trace::Scores::kAll;
  trace::TextMode text = trace::TextMode::kFull;
  ElementType capture_type = ElementType::kF32;
  bool resume = false;
  std::optional<std::filesystem::path> means_out;
  std::optional<std::string> retain_until;
  std::function<void(const trace::PromptTrace&)> watch;  ///< sees every trace; may be empty
  std::optional<trace::AuditRow> audit;                  ///< of an audit: what it plans
  /// Of an audit: takes every trace and gives the items that are whole.
  std::function<std::optional<trace::Parcel>(trace::PromptTrace&&)> gather;
};

struct RecordingResult {
  std::int64_t run = 0;
  bool was_complete = false;  ///< --resume found nothing to do
  std::uint64_t n_prompt = 0, n_resumed = 0, n_failed = 0, n_token = 0;
  double seconds = 0;  ///< of the engine
  std::string model_hash;
  std::vector<std::string> empty_captures;  ///< rules whose positions no prompt had
};

/// Records with a progress line, hashing the model beside it. The run is complete when this
/// returns; whatever is thrown leaves a run that --resume continues.
RecordingResult run_recording(Recording& recording);

/// Tells two sets of weights apart: SHA-256 over every tensor's name, type, shape and first bytes.
std::string weights_id(const model::Model& model);

}  // namespace moescope::cli

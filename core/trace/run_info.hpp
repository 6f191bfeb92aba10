#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/element_type.hpp"
#include "core/base/index.hpp"
#include "core/trace/audit_rows.hpp"

namespace moescope::trace {

/// Which router logits a run keeps.
enum class Scores { kAll, kTopk, kNone };

/// What a run keeps of the prompts' text. Token ids are kept in every mode: whoever has the
/// tokenizer can turn them back into text.
enum class TextMode { kNone, kHash, kFull };

std::string_view name(Scores scores);
std::string_view name(TextMode mode);
/// Errors: kUsage with the known names.
Scores parse_scores(std::string_view text);
TextMode parse_text_mode(std::string_view text);
/// f32, f16 or bf16. Errors: kUsage with the known names.
ElementType parse_capture_type(std::string_view text);

/// Everything that a run row says of where its rows come from.
struct RunInfo {
  // Identity and plan: a run is resumed only where all of these are equal.
  std::string weights_id;  ///< over names, types, shapes and first bytes of the tensors
  std::optional<std::string> tokenizer_hash;
  std::string config;  ///< the model's configuration as JSON
  std::string family;
  std::size_t n_layer = 0, n_expert = 0, top_k = 0, n_vocab = 0;
  std::vector<LayerIdx> routing_layers;  ///< the layers that have a router, in rising order
  std::string compute = "f32";
  Scores scores = Scores::kAll;
  TextMode text = TextMode::kFull;
  ElementType capture_type = ElementType::kF32;
  std::size_t n_lens = 0;
  std::uint64_t seed = 0;
  std::string prompts_hash;
  std::uint64_t n_prompt = 0;
  /// Whatever else decides the content: capture, interventions, generation, sampling, special, …
  std::map<std::string, std::string> options;
  /// Names, sizes and times of the model's files: tells them apart until their hash is known.
  std::string files_id;

  std::optional<AuditRow> audit;  ///< what an audit plans; its hash is among the options

  // Taken from the prompts and the model at every start.
  bool keeps_activations = false;       ///< captures are asked for: side-cars may be written
  std::vector<std::string> label_keys;  ///< all label keys of the prompt list, sorted
  std::vector<std::string> pieces;      ///< text of each vocabulary entry; may be empty

  // Provenance that decides nothing.
  std::string model;  ///< the name as the user gave it
  std::optional<std::string> model_path;
  std::string code_version;
  std::string isa;
  std::uint64_t threads = 0, batch = 0;
  std::string command_line;
  std::optional<std::string> retain_until;  ///< date by which the text should be gone
};

}  // namespace moescope::trace

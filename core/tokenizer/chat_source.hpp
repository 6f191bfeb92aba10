#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "core/tokenizer/chat_template.hpp"

namespace moescope::tokenizer {

/// A chat template as a model ships it, and the special tokens that it is rendered with.
struct ChatSource {
  std::string where;  ///< the file, as messages call it
  std::string text;
  std::optional<std::string> bos_token = {};
  std::optional<std::string> eos_token = {};
};

/// Reads the template of a model. A folder, or a weight file's folder: chat_template.jinja, else
/// `chat_template` of tokenizer_config.json, of several the one named "default"; bos_token and
/// eos_token from there. A GGUF file: `tokenizer.chat_template`, and the tokens that its ids name.
/// Any other file holds a template and nothing else.
/// Errors: kBadInput: malformed files; a model without a template.
ChatSource read_chat_source(const std::filesystem::path& model);

}  // namespace moescope::tokenizer

#pragma once

#include <ctime>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "core/tokenizer/chat_source.hpp"
#include "core/tokenizer/chat_template.hpp"

namespace moescope::tokenizer {

/// A model's chat template, ready to turn conversations into prompts.
class ChatPrompt {
 public:
  /// Errors: those of read_chat_source and ChatTemplate::parse.
  /// now: for templates that write the date.
  ChatPrompt(const std::filesystem::path& model, const std::tm& now);

  /// The file that the template came from, as messages call it.
  const std::string& where() const { return source_.where; }
  /// SHA-256 of the template's text.
  std::string hash() const;

  /// Renders a conversation; bos_token and eos_token are the model's where `variables` has none.
  ChatOutcome render(nlohmann::ordered_json variables) const;
  /// The prompt for an answer to one message of the user, behind a system message where given.
  /// Errors: kBadInput: also where the template refuses the conversation.
  RenderedChat message(std::string_view user,
                       const std::optional<std::string>& system = std::nullopt) const;

 private:
  ChatSource source_;
  ChatTemplate template_;
  std::tm now_;
};

}  // namespace moescope::tokenizer

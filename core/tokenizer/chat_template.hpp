#pragma once

#include <ctime>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/tokenizer/aligned_text.hpp"
#include "core/tokenizer/chat_budget.hpp"
#include "core/tokenizer/tokenizer.hpp"

namespace moescope::tokenizer {

struct ChatTree;

/// What a template is rendered with.
struct ChatInput {
  /// The variables by name, such as messages, tools, documents, add_generation_prompt, bos_token.
  /// Their strings are foreign text, except special tokens (bos_token, eos_token, …) and the
  /// well-known roles of messages.
  nlohmann::ordered_json variables = nlohmann::ordered_json::object();
  /// For strftime_now, which is refused without it.
  std::optional<std::tm> now = {};
};

/// The prompt that a template made of a conversation.
struct RenderedChat {
  std::string text;
  std::vector<Span> foreign = {};  ///< bytes that came from the conversation, in order
};

/// A prompt, or why the template refused the conversation.
struct ChatOutcome {
  RenderedChat chat;
  std::optional<std::string> refusal = {};
};

/// A chat template: the part of Jinja 2 that published ones use, without any way out of it.
class ChatTemplate {
 public:
  /// Reads a template; `where` is what messages call it.
  /// Errors: kBadInput with line and column: malformed, a statement that isn't supported, a limit.
  static ChatTemplate parse(std::string_view source, std::string where,
                            const ChatLimits& limits = {});

  /// Renders one conversation as the reference does. What the template or the language's rules
  /// refuse (raise_exception, a member of an undefined value) becomes the outcome's refusal.
  /// Errors: kBadInput with line and column: a construct that isn't supported, a broken limit.
  /// Source: apply_chat_template of transformers 4.57, Jinja 3.1.
  ChatOutcome render(const ChatInput& input) const;

 private:
  std::shared_ptr<const ChatTree> tree_;
};

/// Cuts a prompt into tokens. Special tokens are recognised where the template wrote them and
/// nowhere else: a text that came from the conversation stays text, whatever it spells.
/// Errors: as Tokenizer::encode.
std::vector<Token> encode_chat(const Tokenizer& tokenizer, const RenderedChat& chat);

}  // namespace moescope::tokenizer

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/arguments.hpp"
#include "core/tokenizer/chat_prompt.hpp"
#include "core/trace/prompt_trace.hpp"

/// Options of the commands that put a prompt into a model's chat template.
namespace moescope::cli {

inline constexpr OptionInfo kChatOptions[] = {
    {.name = "chat",
     .argument = "",
     .help = "put every prompt into the model's chat template, as a message of the user"},
    {.name = "system", .argument = "TEXT", .help = "with --chat, a system message before it"},
};

/// The template of the command line's model, with today's date.
tokenizer::ChatPrompt open_chat_prompt(const Arguments& arguments);

/// What --chat and --system ask for. Errors: kUsage: --system without --chat, --special beside it.
struct ChatChoice {
  std::optional<tokenizer::ChatPrompt> prompt;
  std::optional<std::string> system;

  /// The prompts as the model gets them; unchanged without --chat.
  void apply(std::vector<trace::PromptInput>& prompts) const;
  /// SHA-256 of the template, empty without --chat.
  std::string template_hash() const { return prompt ? prompt->hash() : ""; }
};
ChatChoice chat_choice(const Arguments& arguments);

}  // namespace moescope::cli

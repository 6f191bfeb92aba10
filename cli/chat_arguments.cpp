#include "cli/chat_arguments.hpp"

#include <ctime>

#include "cli/share.hpp"
#include "core/trace/chat_prompts.hpp"

namespace moescope::cli {

tokenizer::ChatPrompt open_chat_prompt(const Arguments& arguments) {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  return {resolve_model(arguments.positional(0)), local};
}

void ChatChoice::apply(std::vector<trace::PromptInput>& prompts) const {
  if (prompt) trace::apply_chat(*prompt, system, prompts);
}

ChatChoice chat_choice(const Arguments& arguments) {
  ChatChoice out;
  if (const auto text = arguments.value("system")) out.system = std::string(*text);
  if (!arguments.flag("chat")) {
    if (out.system) arguments.usage_error("--system is a message of a conversation; add --chat");
    return out;
  }
  if (arguments.flag("special"))
    arguments.usage_error(
        "--special reads control tokens in the prompt; with --chat only the template writes them");
  out.prompt = open_chat_prompt(arguments);
  return out;
}

}  // namespace moescope::cli

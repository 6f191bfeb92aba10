#include "core/trace/chat_prompts.hpp"

#include <fmt/format.h>

#include <utility>

#include "core/base/error.hpp"

namespace moescope::trace {

void apply_chat(const tokenizer::ChatPrompt& chat, const std::optional<std::string>& system,
                std::span<PromptInput> prompts) {
  for (PromptInput& prompt : prompts) {
    if (!prompt.failure.empty()) continue;
    try {
      tokenizer::RenderedChat rendered = chat.message(prompt.text, system);
      prompt.text = std::move(rendered.text);
      prompt.foreign = std::move(rendered.foreign);
    } catch (const Error& e) {
      if (e.code() != ErrorCode::kBadInput) throw;
      prompt.failure = e.message();
    }
  }
}

}  // namespace moescope::trace

#pragma once

#include <optional>
#include <span>
#include <string>

#include "core/tokenizer/chat_prompt.hpp"
#include "core/trace/prompt_trace.hpp"

namespace moescope::trace {

/// Puts every prompt that can run into a chat template, as one message of the user behind a system
/// message where given: its text becomes what the template made of it. A prompt that the template
/// refuses gets a failure.
void apply_chat(const tokenizer::ChatPrompt& chat, const std::optional<std::string>& system,
                std::span<PromptInput> prompts);

}  // namespace moescope::trace

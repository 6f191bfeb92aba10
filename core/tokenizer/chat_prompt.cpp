#include "core/tokenizer/chat_prompt.hpp"

#include <utility>

#include "core/base/error.hpp"
#include "core/base/escape.hpp"
#include "core/base/sha256.hpp"
#include "core/base/utf8.hpp"

namespace moescope::tokenizer {
namespace {

void require_utf8(std::string_view message) {
  if (const auto at = first_invalid_utf8(message))
    fail(ErrorCode::kBadInput, "message: byte {} is not UTF-8", *at);
}

}  // namespace

ChatPrompt::ChatPrompt(const std::filesystem::path& model, const std::tm& now)
    : source_(read_chat_source(model)),
      template_(ChatTemplate::parse(source_.text, source_.where)),
      now_(now) {}

std::string ChatPrompt::hash() const {
  return sha256_hex(source_.text);
}

ChatOutcome ChatPrompt::render(nlohmann::ordered_json variables) const {
  const auto fill = [&variables](const char* key, const std::optional<std::string>& token) {
    if (token && !variables.contains(key)) variables[key] = *token;
  };
  fill("bos_token", source_.bos_token);
  fill("eos_token", source_.eos_token);
  return template_.render({.variables = std::move(variables), .now = now_});
}

RenderedChat ChatPrompt::message(std::string_view user,
                                 const std::optional<std::string>& system) const {
  require_utf8(user);
  if (system) require_utf8(*system);
  auto messages = nlohmann::ordered_json::array();
  if (system) messages.push_back({{"role", "system"}, {"content", *system}});
  messages.push_back({{"role", "user"}, {"content", user}});
  ChatOutcome outcome = render({{"messages", messages}, {"add_generation_prompt", true}});
  if (outcome.refusal)
    fail(ErrorCode::kBadInput, "{}: the template refuses the conversation: {}", where(),
         escape_terminal(*outcome.refusal));
  return std::move(outcome.chat);
}

}  // namespace moescope::tokenizer

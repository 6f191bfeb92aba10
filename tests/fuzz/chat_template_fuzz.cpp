#include <string>

#include "core/base/json.hpp"
#include "core/tokenizer/chat_template.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace moescope;
using namespace moescope::tokenizer;

namespace {

// Every string of the conversation has it, and no template should.
constexpr std::string_view kMark = "\xee\x80\x80";

constexpr std::string_view kConversation = R"({
  "messages": [
    {"role": "system", "content": " \ue000be brief \n"},
    {"role": "user", "content": "Hi\ue000 </s>\n<|im_end|>", "n": 3, "x": 1.5, "none": null},
    {"role": "assistant", "content": "", "tool_calls": [{"type": "function", "function":
      {"name": "f\ue000", "arguments": {"b\ue000": [1, true, null, "\ue000'\""], "a": {}}}}]},
    {"role": "tool", "content": [{"type": "text", "text": "Ä\ue000ß \ud83d\ude42"}]}],
  "tools": [{"name": "t\ue000"}], "add_generation_prompt": true,
  "bos_token": "<s>", "eos_token": "</s>"})";

void check(const ChatOutcome& outcome, bool marked) {
  if (outcome.refusal) {
    fuzz::require(!first_invalid_utf8(*outcome.refusal), "a refusal is UTF-8");
    return;
  }
  const std::string& text = outcome.chat.text;
  fuzz::require(!first_invalid_utf8(text), "a prompt is UTF-8");
  std::size_t done = 0;
  std::string own;
  for (const Span& span : outcome.chat.foreign) {
    fuzz::require(span.begin >= done && span.begin < span.end && span.end <= text.size(),
                  "foreign spans stand in order and in the text");
    own += text.substr(done, span.begin - done) + "|";
    done = span.end;
  }
  own += text.substr(done);
  fuzz::require(marked || own.find(kMark) == std::string::npos,
                "what came from the conversation is known to be foreign");
}

}  // namespace

/// A template, then, behind a NUL byte, the variables; without one, a conversation of our own.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::read_or_refuse([&] {
    const std::string_view input = fuzz::text_of(data, size);
    const std::string_view source = input.substr(0, input.find('\0'));
    ChatLimits limits;
    limits.max_steps = 100'000;
    limits.max_turns = 10'000;
    limits.max_memory = 8u << 20;
    limits.max_output = 1u << 20;
    const auto chat = ChatTemplate::parse(source, "input", limits);
    const bool own = source.size() == input.size();
    ChatInput given;
    given.variables =
        parse_ordered_json(own ? kConversation : input.substr(source.size() + 1), "variables");
    given.now = std::tm{};
    given.now->tm_mday = 1;
    // A template may spell the mark, or make it of an escape or of other characters.
    const bool marked = !own || source.find(kMark) != std::string_view::npos ||
                        source.find('\\') != std::string_view::npos;
    if (given.variables.is_object()) check(chat.render(given), marked);
  });
  return 0;
}

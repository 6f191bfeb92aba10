#include "core/trace/prompts.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace moescope;

/// Prompt files of the three kinds: every prompt has an id and either a text or a reason.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  using trace::PromptFormat;
  for (const auto format : {PromptFormat::kJsonl, PromptFormat::kCsv, PromptFormat::kText}) {
    fuzz::read_or_refuse([&] {
      const auto prompts = trace::parse_prompts(text, "input", format);
      for (const trace::PromptInput& prompt : prompts) {
        fuzz::require(!prompt.id.empty(), "a prompt has an id");
        fuzz::require(prompt.failure.empty() || fuzz::is_sentence(prompt.failure),
                      "a reason is one sentence");
        fuzz::require(!prompt.place.empty(), "a prompt has a place");
      }
      fuzz::require(trace::label_keys(prompts).size() <= size, "labels come from the file");
      fuzz::require(trace::prompts_hash(prompts).size() == 64, "a list has its hash");
    });
  }
  return 0;
}

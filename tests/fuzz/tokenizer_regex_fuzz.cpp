#include "core/tokenizer/regex.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace moescope;

/// A pattern of a tokenizer up to the first line feed, and a text that it runs over.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = fuzz::text_of(data, size);
  const std::size_t end = std::min(input.find('\n'), input.size());
  const std::string_view text = input.substr(std::min(end + 1, input.size()));
  if (first_invalid_utf8(text)) return 0;
  for (const auto dialect :
       {tokenizer::RegexDialect::kOniguruma, tokenizer::RegexDialect::kTiktoken}) {
    fuzz::read_or_refuse([&] {
      const tokenizer::Regex regex(input.substr(0, end), dialect, "input");
      tokenizer::RegexWorkspace workspace;
      workspace.begin(text.size());
      std::vector<tokenizer::TextRange> found;
      regex.find_all(text, workspace, found);
      std::size_t last = 0;
      for (const tokenizer::TextRange& match : found) {
        fuzz::require(match.begin >= last && match.begin < match.end, "matches stand in order");
        fuzz::require(match.end <= text.size(), "a match lies in the text");
        fuzz::require(!first_invalid_utf8(text.substr(match.begin, match.end - match.begin)),
                      "a match begins and ends between characters");
        last = match.end;
      }
    });
  }
  return 0;
}

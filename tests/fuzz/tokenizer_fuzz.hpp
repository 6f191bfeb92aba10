#pragma once

#include "core/tokenizer/tokenizer.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace moescope::fuzz {

/// What holds for any tokenizer that could be read: offsets in order and inside the text, ids
/// inside the vocabulary, text that comes back as UTF-8.
inline void exercise(const tokenizer::Tokenizer& tokenizer) {
  using tokenizer::SpecialText;
  constexpr std::string_view kTexts[] = {
      "",
      " ",
      "ab  ab <s>a</s>\n",
      "é\xf0\x9f\x99\x82▁x",
      "aaaa",
      "It's 12345 e\xcc\x81\xcc\xa3 \r\n\n  漢か\xe3\x82\x99.ab "};
  for (const std::string_view text : kTexts) {
    for (const SpecialText special : {SpecialText::kPlain, SpecialText::kRecognise}) {
      read_or_refuse([&] {
        std::vector<TokenId> ids;
        std::size_t last = 0;
        for (const tokenizer::Token& t : tokenizer.encode(text, special)) {
          require(t.begin <= t.end && t.end <= text.size(), "a token lies in the text");
          // Trimming can take all of a span whose space was never in the text.
          require(t.begin >= last || t.begin == t.end, "tokens stand in order");
          require(t.id.value < tokenizer.n_vocab(), "an id is of the vocabulary");
          if (t.begin < t.end) last = t.begin;
          ids.push_back(t.id);
        }
        require(!first_invalid_utf8(tokenizer.decode(ids)), "decoded text is UTF-8");
        tokenizer::DecodeStream stream(tokenizer);
        for (const TokenId id : ids) require(!first_invalid_utf8(stream.push(id)), "streamed text");
        require(!first_invalid_utf8(stream.finish()), "the stream's end is UTF-8");
      });
    }
  }
}

}  // namespace moescope::fuzz

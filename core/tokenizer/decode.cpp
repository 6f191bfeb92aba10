#include "core/tokenizer/decode.hpp"

#include "core/base/utf8.hpp"
#include "core/tokenizer/normalizer.hpp"

namespace moescope::tokenizer {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";

/// How many bytes from `at` on begin a character without completing it; one where none does.
/// Source: Unicode 15, 3.9, U+FFFD substitution of maximal subparts.
std::size_t bad_sequence(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(at);
  if (first < 0xc2 || first > 0xf4) return 1;
  const std::size_t whole = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  unsigned low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
  unsigned high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
  std::size_t n = 1;
  for (; n < whole && at + n < text.size(); ++n) {
    if (byte(at + n) < low || byte(at + n) > high) break;
    low = 0x80;
    high = 0xbf;
  }
  return n;
}

}  // namespace

void TextBuilder::push(const TokenText& token, std::string& out) {
  if (!first_ && !rules_.separator.empty()) {
    flush(true, out);
    emit(rules_.separator, out);
  }
  const bool drops_marks = first_ && rules_.drop_first_marks;
  first_ = false;
  if (token.may_be_part) {
    run_.append(token.bytes);
    if (streaming_) flush(false, out);
    return;
  }
  flush(true, out);
  if (drops_marks) {
    std::string text(token.piece);
    for (std::size_t at; (at = text.find(kSpaceMark)) != std::string::npos;)
      text.erase(at, kSpaceMark.size());
    emit(text, out);
    return;
  }
  std::string_view bytes = token.bytes;
  const bool strip = rules_.strip_by_piece && !began_ && token.has_mark;
  if (strip && n_stripped_ < rules_.n_strip) {
    bytes.remove_prefix(1);
    ++n_stripped_;
  }
  emit(bytes, out);
}

void TextBuilder::finish(std::string& out) {
  flush(true, out);
}

/// Hands out the run of byte tokens: all of it at its end, else what can't change any more.
void TextBuilder::flush(bool at_end, std::string& out) {
  if (run_.empty()) return;
  const std::size_t keep = at_end ? 0 : incomplete_utf8_tail(run_);
  const std::string_view ready = std::string_view(run_).substr(0, run_.size() - keep);
  const bool spoil = !streaming_ && rules_.bad_bytes == BadBytes::kWholeRun &&
                     first_invalid_utf8(ready).has_value();
  std::string text;
  for (std::size_t at = 0; at < ready.size();) {
    const auto c = spoil ? std::nullopt : decode_utf8(ready, at);
    text.append(c ? ready.substr(at, c->n_byte) : kReplacement);
    if (c)
      at += c->n_byte;
    else
      at += rules_.bad_bytes == BadBytes::kSequence ? bad_sequence(ready, at) : 1;
  }
  run_.erase(0, ready.size());
  emit(text, out);
}

void TextBuilder::emit(std::string_view text, std::string& out) {
  if (!rules_.strip_by_piece && !began_) {
    while (n_stripped_ < rules_.n_strip && text.starts_with(' ')) {
      text.remove_prefix(1);
      ++n_stripped_;
    }
  }
  if (!text.empty()) began_ = true;
  out.append(text);
}

}  // namespace moescope::tokenizer

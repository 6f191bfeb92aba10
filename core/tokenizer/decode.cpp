#include "core/tokenizer/decode.hpp"

#include "core/base/utf8.hpp"

namespace moescope::tokenizer {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";

}  // namespace

void TextBuilder::push(const TokenText& token, std::string& out) {
  if (!first_ && !rules_.separator.empty()) {
    flush(true, out);
    emit(rules_.separator, out);
  }
  first_ = false;
  if (token.is_byte) {
    run_.append(token.bytes);
    if (streaming_) flush(false, out);
    return;
  }
  flush(true, out);
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
    at += c ? c->n_byte : 1;
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

#include "core/tokenizer/chat_text.hpp"

#include <algorithm>

#include "core/base/error.hpp"
#include "core/base/utf8.hpp"
#include "core/tokenizer/chat_unicode.hpp"

namespace moescope::tokenizer {

void Budget::broken(std::string_view name, std::size_t limit) const {
  fail(ErrorCode::kBadInput, "{}: line {}, column {}: limit broken: {}, at most {}", where_,
       now.line, now.column, name, limit);
}

void TextWriter::mark(std::size_t begin, std::size_t end) {
  if (begin == end) return;
  const auto first = static_cast<std::uint32_t>(begin);
  const auto last = static_cast<std::uint32_t>(end);
  if (!text_.foreign.empty() && text_.foreign.back().end == first)
    text_.foreign.back().end = last;
  else
    text_.foreign.push_back({first, last});
}

void TextWriter::add(std::string_view bytes, bool foreign) {
  budget_->work(bytes.size());
  budget_->expect(text_.bytes.size() + bytes.size());
  const std::size_t begin = text_.bytes.size();
  text_.bytes += bytes;
  if (foreign) mark(begin, text_.bytes.size());
}

void TextWriter::add(const ChatText& text, std::size_t begin, std::size_t end) {
  const std::size_t base = text_.bytes.size();
  add(std::string_view(text.bytes).substr(begin, end - begin), false);
  auto span = std::partition_point(text.foreign.begin(), text.foreign.end(),
                                   [begin](const Span& s) { return s.end <= begin; });
  for (; span != text.foreign.end() && span->begin < end; ++span) {
    const std::size_t first = std::max<std::size_t>(span->begin, begin);
    const std::size_t last = std::min<std::size_t>(span->end, end);
    mark(base + first - begin, base + last - begin);
  }
}

void TextWriter::add_character(char32_t code, bool foreign) {
  const std::size_t begin = text_.bytes.size();
  budget_->step();
  budget_->expect(begin + 4);
  append_utf8(text_.bytes, code);
  if (foreign) mark(begin, text_.bytes.size());
}

bool TextReader::next() {
  begin_ = end_;
  const auto c = decode_utf8(text_->bytes, begin_);
  if (!c) return false;
  end_ = begin_ + c->n_byte;
  code_ = c->code;
  return true;
}

bool TextReader::foreign() {
  while (span_ < text_->foreign.size() && text_->foreign[span_].end <= begin_) ++span_;
  return span_ < text_->foreign.size() && text_->foreign[span_].begin <= begin_;
}

std::size_t count_characters(std::string_view text) noexcept {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0u) != 0x80u;
  }));
}

std::size_t byte_of_character(std::string_view text, std::size_t n) noexcept {
  std::size_t at = 0;
  for (; at < text.size(); ++at) {
    if ((static_cast<unsigned char>(text[at]) & 0xc0u) == 0x80u) continue;
    if (n == 0) return at;
    --n;
  }
  return at;
}

Span strip_range(std::string_view text, const std::string_view* chars, StripEnds ends) noexcept {
  const auto goes = [chars](std::string_view one, char32_t code) {
    return chars == nullptr ? is_python_space(code) : chars->find(one) != std::string_view::npos;
  };
  std::size_t begin = 0;
  while (ends.left) {
    const auto c = decode_utf8(text, begin);
    if (!c || !goes(text.substr(begin, c->n_byte), c->code)) break;
    begin += c->n_byte;
  }
  std::size_t end = text.size();
  while (ends.right && end > begin) {
    std::size_t at = end - 1;
    while (at > begin && (static_cast<unsigned char>(text[at]) & 0xc0u) == 0x80u) --at;
    const auto c = decode_utf8(text, at);
    if (!c || !goes(text.substr(at, end - at), c->code)) break;
    end = at;
  }
  return {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end)};
}

}  // namespace moescope::tokenizer

#include "core/tokenizer/aligned_text.hpp"

#include "core/base/error.hpp"
#include "core/base/utf8.hpp"

namespace moescope::tokenizer {

AlignedText::AlignedText(std::string_view original, std::size_t offset) : text_(original) {
  origin_.reserve(original.size());
  std::size_t at = 0;
  while (at < original.size()) {
    const auto c = decode_utf8(original, at);
    const std::size_t n = c ? c->n_byte : 1;
    const Span span{static_cast<std::uint32_t>(offset + at),
                    static_cast<std::uint32_t>(offset + at + n)};
    origin_.insert(origin_.end(), n, span);
    at += n;
  }
}

Span AlignedText::origin(std::size_t begin, std::size_t end) const noexcept {
  return {origin_[begin].begin, origin_[end - 1].end};
}

void AlignedText::prepend(std::string_view text) {
  if (text_.empty()) return;
  text_.insert(0, text);
  const Span first = origin_.front();
  origin_.insert(origin_.begin(), text.size(), first);
}

void AlignedText::replace(std::string_view pattern, std::string_view content) {
  std::size_t found = pattern.empty() ? std::string::npos : text_.find(pattern);
  if (found == std::string::npos) return;
  AlignedText out;
  out.text_.reserve(text_.size() + text_.size() / 2);
  out.origin_.reserve(text_.size() + text_.size() / 2);
  std::size_t at = 0;
  while (found != std::string::npos) {
    out.text_.append(text_, at, found - at);
    out.origin_.insert(out.origin_.end(), origin_.begin() + static_cast<std::ptrdiff_t>(at),
                       origin_.begin() + static_cast<std::ptrdiff_t>(found));
    at = found + pattern.size();
    out.append(content, origin_[at - 1]);
    found = text_.find(pattern, at);
  }
  out.text_.append(text_, at);
  out.origin_.insert(out.origin_.end(), origin_.begin() + static_cast<std::ptrdiff_t>(at),
                     origin_.end());
  *this = std::move(out);
}

void AlignedText::append(std::string_view text, Span origin) {
  if (text.size() > UINT32_MAX - text_.size())
    fail(ErrorCode::kBadInput, "text: over {} bytes after normalisation; split it", UINT32_MAX);
  text_.append(text);
  origin_.insert(origin_.end(), text.size(), origin);
}

void AlignedText::truncate(std::size_t size) {
  text_.resize(size);
  origin_.resize(size);
}

}  // namespace moescope::tokenizer

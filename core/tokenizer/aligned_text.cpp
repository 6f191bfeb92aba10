#include "core/tokenizer/aligned_text.hpp"

#include "core/base/error.hpp"
#include "core/base/utf8.hpp"

namespace moescope::tokenizer {
namespace {

bool is_inside(std::string_view text, std::size_t at) {
  return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0u) == 0x80u;
}

}  // namespace

AlignedText::AlignedText(std::string_view original, std::size_t offset)
    : text_(original), is_original_(true), offset_(offset) {}

void AlignedText::align() {
  if (!is_original_) return;
  is_original_ = false;
  origin_.reserve(text_.size());
  std::size_t at = 0;
  while (at < text_.size()) {
    const auto c = decode_utf8(text_, at);
    const std::size_t n = c ? c->n_byte : 1;
    const Span span{static_cast<std::uint32_t>(offset_ + at),
                    static_cast<std::uint32_t>(offset_ + at + n)};
    origin_.insert(origin_.end(), n, span);
    at += n;
  }
}

Span AlignedText::origin(std::size_t begin, std::size_t end) const noexcept {
  if (!is_original_) return {origin_[begin].begin, origin_[end - 1].end};
  while (begin > 0 && is_inside(text_, begin)) --begin;
  while (is_inside(text_, end)) ++end;
  return {static_cast<std::uint32_t>(offset_ + begin), static_cast<std::uint32_t>(offset_ + end)};
}

void AlignedText::prepend(std::string_view text) {
  if (text_.empty()) return;
  align();
  text_.insert(0, text);
  const Span first = origin_.front();
  origin_.insert(origin_.begin(), text.size(), first);
}

void AlignedText::replace(std::string_view pattern, std::string_view content) {
  std::size_t found = pattern.empty() ? std::string::npos : text_.find(pattern);
  if (found == std::string::npos) return;
  align();
  AlignedText out;
  out.text_.reserve(text_.size() + text_.size() / 2);
  out.origin_.reserve(text_.size() + text_.size() / 2);
  std::size_t at = 0;
  while (found != std::string::npos) {
    out.append(*this, at, found);
    at = found + pattern.size();
    out.append(content, origin_[at - 1]);
    found = text_.find(pattern, at);
  }
  out.append(*this, at, text_.size());
  *this = std::move(out);
}

void AlignedText::append(std::string_view text, Span origin) {
  if (text.size() > UINT32_MAX - text_.size())
    fail(ErrorCode::kBadInput, "text: over {} bytes after normalisation; split it", UINT32_MAX);
  align();
  text_.append(text);
  origin_.insert(origin_.end(), text.size(), origin);
}

void AlignedText::append(const AlignedText& other, std::size_t begin, std::size_t end) {
  align();
  text_.append(other.text_, begin, end - begin);
  if (!other.is_original_) {
    origin_.insert(origin_.end(), other.origin_.begin() + static_cast<std::ptrdiff_t>(begin),
                   other.origin_.begin() + static_cast<std::ptrdiff_t>(end));
    return;
  }
  for (std::size_t at = begin; at < end; ++at) origin_.push_back(other.origin(at, at + 1));
}

void AlignedText::truncate(std::size_t size) {
  text_.resize(size);
  if (!is_original_) origin_.resize(size);
}

void AlignedText::drop_front(std::size_t begin) {
  text_.erase(0, begin);
  if (is_original_)
    offset_ += begin;
  else
    origin_.erase(origin_.begin(), origin_.begin() + static_cast<std::ptrdiff_t>(begin));
}

}  // namespace moescope::tokenizer

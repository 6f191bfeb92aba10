#include "core/base/utf8.hpp"

#include <algorithm>

namespace moescope {
namespace {

unsigned byte_at(std::string_view text, std::size_t i) noexcept {
  return static_cast<unsigned char>(text[i]);
}

std::size_t length_from_lead(unsigned lead) noexcept {
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) return 2;
  if (lead >= 0xe0 && lead <= 0xef) return 3;
  if (lead >= 0xf0 && lead <= 0xf4) return 4;
  return 0;
}

}  // namespace

std::optional<Utf8Char> decode_utf8(std::string_view text, std::size_t at) noexcept {
  if (at >= text.size()) return std::nullopt;
  const unsigned lead = byte_at(text, at);
  const std::size_t n = length_from_lead(lead);
  if (n == 0 || at + n > text.size()) return std::nullopt;
  if (n == 1) return Utf8Char{lead, 1};
  char32_t code = lead & (0x7fu >> n);
  for (std::size_t i = 1; i < n; ++i) {
    const unsigned b = byte_at(text, at + i);
    if ((b & 0xc0u) != 0x80u) return std::nullopt;
    code = (code << 6) | (b & 0x3fu);
  }
  const bool overlong = (n == 3 && code < 0x800) || (n == 4 && code < 0x10000);
  const bool surrogate = code >= 0xd800 && code <= 0xdfff;
  if (overlong || surrogate || code > 0x10ffff) return std::nullopt;
  return Utf8Char{code, n};
}

std::optional<std::size_t> first_invalid_utf8(std::string_view text) noexcept {
  std::size_t at = 0;
  while (at < text.size()) {
    const auto c = decode_utf8(text, at);
    if (!c) return at;
    at += c->n_byte;
  }
  return std::nullopt;
}

void append_utf8(std::string& out, char32_t code) {
  const auto put = [&out](char32_t b) { out += static_cast<char>(static_cast<unsigned char>(b)); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xc0 | (code >> 6));
    put(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    put(0xe0 | (code >> 12));
    put(0x80 | ((code >> 6) & 0x3f));
    put(0x80 | (code & 0x3f));
  } else {
    put(0xf0 | (code >> 18));
    put(0x80 | ((code >> 12) & 0x3f));
    put(0x80 | ((code >> 6) & 0x3f));
    put(0x80 | (code & 0x3f));
  }
}

std::size_t incomplete_utf8_tail(std::string_view text) noexcept {
  const std::size_t limit = std::min<std::size_t>(3, text.size());
  for (std::size_t back = 1; back <= limit; ++back) {
    const unsigned b = byte_at(text, text.size() - back);
    if ((b & 0xc0u) == 0x80u) continue;
    return length_from_lead(b) > back ? back : 0;
  }
  return 0;
}

}  // namespace moescope

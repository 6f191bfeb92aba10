#include "core/tokenizer/chat_string_literal.hpp"

#include <fmt/format.h>

#include <optional>

#include "core/base/utf8.hpp"

namespace moescope::tokenizer {
namespace {

int digit_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return 99;
}

class Reader {
 public:
  explicit Reader(std::string_view inside) : inside_(inside) {}

  StringLiteral run() {
    while (at_ < inside_.size() && out_.problem.empty()) {
      if (inside_[at_] == '\\')
        escape();
      else
        out_.text += inside_[at_++];
    }
    return std::move(out_);
  }

 private:
  void escape() {
    const char c = at_ + 1 < inside_.size() ? inside_[at_ + 1] : '\\';
    at_ += 2;
    constexpr std::string_view kFrom = "\\'\"abfnrtv";
    constexpr std::string_view kTo = "\\'\"\a\b\f\n\r\t\v";
    if (const auto i = kFrom.find(c); i != std::string_view::npos)
      out_.text += kTo[i];
    else if (c == 'x' || c == 'u' || c == 'U')
      hexadecimal(c == 'x' ? 2 : c == 'u' ? 4 : 8);
    else if (digit_value(c) < 8)
      octal();
    else if (c == 'N')
      out_.problem = "escapes with names, \\N{…}, are not supported";
    else if (c != '\n')
      unknown();
  }

  void hexadecimal(std::size_t n_digit) {
    char32_t code = 0;
    for (std::size_t i = 0; i < n_digit; ++i, ++at_) {
      const int digit = at_ < inside_.size() ? digit_value(inside_[at_]) : 99;
      if (digit > 15) {
        out_.problem = fmt::format("an escape of {} hexadecimal digits is cut short", n_digit);
        return;
      }
      code = code * 16 + static_cast<char32_t>(digit);
    }
    if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
      out_.problem =
          fmt::format("\\u{:04x} is no character by itself", static_cast<unsigned>(code));
    else
      append_utf8(out_.text, code);
  }

  void octal() {
    char32_t code = 0;
    --at_;
    for (int i = 0; i < 3 && at_ < inside_.size() && digit_value(inside_[at_]) < 8; ++i, ++at_)
      code = code * 8 + static_cast<char32_t>(digit_value(inside_[at_]));
    append_utf8(out_.text, code);
  }

  /// The backslash stays. Behind it a character beyond ASCII is spelled out, as the reference does.
  void unknown() {
    --at_;
    out_.text += '\\';
    const auto c = decode_utf8(inside_, at_);
    if (!c) return;
    const auto code = static_cast<unsigned>(c->code);
    if (code < 0x80)
      out_.text += static_cast<char>(code);
    else
      out_.text += code < 0x100     ? fmt::format("x{:02x}", code)
                   : code < 0x10000 ? fmt::format("u{:04x}", code)
                                    : fmt::format("U{:08x}", code);
    at_ += c->n_byte;
  }

  std::string_view inside_;
  std::size_t at_ = 0;
  StringLiteral out_;
};

/// The end of digits with single underscores between, from `at`; `at` itself where there are none.
std::size_t skip_digits(std::string_view text, std::size_t at, int base) noexcept {
  const auto digit = [&](std::size_t i) { return i < text.size() && digit_value(text[i]) < base; };
  if (!digit(at)) return at;
  while (digit(at) || (at < text.size() && text[at] == '_' && digit(at + 1))) ++at;
  return at;
}

std::size_t skip_zeros(std::string_view text) noexcept {
  std::size_t at = 1;
  while (at < text.size() &&
         (text[at] == '0' || (text[at] == '_' && at + 1 < text.size() && text[at + 1] == '0')))
    ++at;
  return at;
}

}  // namespace

StringLiteral read_string_literal(std::string_view inside) {
  return Reader(inside).run();
}

NumberLiteral scan_number(std::string_view text, bool after_dot) noexcept {
  const std::size_t whole = skip_digits(text, 0, 10);
  std::size_t end = whole;
  if (end < text.size() && text[end] == '.') {
    const std::size_t past = skip_digits(text, end + 1, 10);
    if (past > end + 1) end = past;
  }
  if (end < text.size() && (text[end] == 'e' || text[end] == 'E')) {
    std::size_t exponent = end + 1;
    if (exponent < text.size() && (text[exponent] == '+' || text[exponent] == '-')) ++exponent;
    const std::size_t past = skip_digits(text, exponent, 10);
    if (past > exponent) end = past;
  }
  if (end > whole && !after_dot) return {end, true};
  if (text[0] != '0') return {whole, false};
  if (text.size() > 2) {
    const char c = static_cast<char>(text[1] | 0x20);
    const int base = c == 'x' ? 16 : c == 'o' ? 8 : c == 'b' ? 2 : 0;
    const std::size_t begin = text[2] == '_' ? 3 : 2;
    if (base != 0 && skip_digits(text, begin, base) > begin)
      return {skip_digits(text, begin, base), false};
  }
  return {skip_zeros(text), false};
}

}  // namespace moescope::tokenizer

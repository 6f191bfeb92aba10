#include "core/base/escape.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <iterator>

#include "core/base/utf8.hpp"

namespace moescope {
namespace {

bool is_hidden(char32_t c) {
  return (c >= 0x7f && c < 0xa0) || c == 0xad || c == 0x61c || (c >= 0x200b && c <= 0x200f) ||
         (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff ||
         (c >= 0xfff9 && c <= 0xfffb) || (c >= 0xe0000 && c <= 0xe0fff);
}

bool is_plain_number(std::string_view text) {
  if (text.empty()) return false;
  if (text.find_first_not_of("0123456789.eE+-") != std::string_view::npos) return false;
  const std::string copy(text);
  char* end = nullptr;
  std::strtod(copy.c_str(), &end);
  return end == copy.c_str() + copy.size();
}

}  // namespace

std::string escape_terminal(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const auto c = decode_utf8(text, at);
    if (!c) {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned char>(text[at]));
      ++at;
      continue;
    }
    if (c->code < 0x20)
      append_utf8(out, 0x2400 + c->code);
    else if (c->code == 0x7f)
      append_utf8(out, 0x2421);
    else if (is_hidden(c->code))
      fmt::format_to(std::back_inserter(out), "\\u{{{:x}}}", static_cast<unsigned>(c->code));
    else
      out.append(text.substr(at, c->n_byte));
    at += c->n_byte;
  }
  return out;
}

std::string csv_cell(std::string_view text) {
  std::string body;
  const bool formula = !text.empty() &&
                       std::string_view("=+-@\t\r\0", 7).find(text[0]) != std::string_view::npos &&
                       !is_plain_number(text);
  if (formula) body = "'";
  body += text;
  if (!formula && body.find_first_of("\",\n\r") == std::string::npos) return body;
  std::string out = "\"";
  for (const char c : body) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

std::string escape_html(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const auto c = decode_utf8(text, at);
    if (!c || (c->code < 0x20 && c->code != '\n' && c->code != '\t')) {
      out += "\xef\xbf\xbd";
      at += c ? c->n_byte : 1;
      continue;
    }
    switch (c->code) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out.append(text.substr(at, c->n_byte));
    }
    at += c->n_byte;
  }
  return out;
}

std::string sql_identifier(std::string_view name) {
  std::string out = "\"";
  for (const char c : name) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

std::string json_string(std::string_view text) {
  std::string out = "\"";
  for (std::size_t at = 0; at < text.size();) {
    const auto c = decode_utf8(text, at);
    if (!c) {
      out += "\xef\xbf\xbd";
      ++at;
      continue;
    }
    if (c->code == '"' || c->code == '\\')
      out += {'\\', static_cast<char>(c->code)};
    else if (c->code == '\n')
      out += "\\n";
    else if (c->code < 0x20 || c->code == 0x7f)
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c->code));
    else
      out.append(text.substr(at, c->n_byte));
    at += c->n_byte;
  }
  return out + '"';
}

std::string quoted_name(std::string_view name) {
  constexpr std::size_t kShownBytes = 160;
  if (name.size() <= kShownBytes) return fmt::format("'{}'", escape_terminal(name));
  std::string_view head = name.substr(0, kShownBytes);
  head.remove_suffix(incomplete_utf8_tail(head));
  return fmt::format("'{}…' ({} bytes)", escape_terminal(head), name.size());
}

}  // namespace moescope

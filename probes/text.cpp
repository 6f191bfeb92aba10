#include "probes/text.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <optional>

#include "core/base/error.hpp"
#include "core/base/escape.hpp"
#include "core/base/utf8.hpp"

namespace moescope::probes {
namespace {

/// Calls visit(code, bytes) for each character; code is nothing for a byte that is no UTF-8.
template <class Visit>
void each_character(std::string_view text, Visit&& visit) {
  for (std::size_t at = 0; at < text.size();) {
    const auto c = decode_utf8(text, at);
    const std::size_t n = c ? c->n_byte : 1;
    visit(c ? std::optional<char32_t>(c->code) : std::nullopt, text.substr(at, n));
    at += n;
  }
}

bool is_space(char32_t c) {
  return (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x20) || c == 0x85 || c == 0xA0 ||
         c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
         c == 0x205F || c == 0x3000;
}

/// Small letters from U+0100 on stand after their capitals: on odd places, or on even ones in the
/// two runs that begin at U+0139 and U+0179.
bool is_capital_extended(char32_t c) {
  if (c == 0x178) return true;
  if ((c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17E)) return c % 2 == 1;
  return c != 0x130 && c != 0x138 && c != 0x149 && c < 0x178 && c % 2 == 0;
}

char32_t lower(char32_t c) {
  if (c >= 'A' && c <= 'Z') return c + 32;
  if (c >= 0xC0 && c <= 0xDE && c != 0xD7) return c + 32;
  if (c < 0x100 || c > 0x17F || !is_capital_extended(c)) return c;
  return c == 0x178 ? char32_t{0xFF} : c + 1;
}

bool is_small(char32_t c) {
  if (c >= 'a' && c <= 'z') return true;
  if (c >= 0xDF && c <= 0xFF) return c != 0xF7;
  return c >= 0x100 && c <= 0x17F && !is_capital_extended(c) && c != 0x130;
}

bool is_capital(char32_t c) {
  return lower(c) != c || c == 0x130;
}

/// ASCII for U+00C0 … U+017F, in order.
constexpr std::string_view kPlain[] = {
    "A", "A", "A",  "A",  "A", "A", "AE", "C", "E", "E",  "E",  "E",  "I", "I", "I",  "I",
    "D", "N", "O",  "O",  "O", "O", "O",  "x", "O", "U",  "U",  "U",  "U", "Y", "Th", "ss",
    "a", "a", "a",  "a",  "a", "a", "ae", "c", "e", "e",  "e",  "e",  "i", "i", "i",  "i",
    "d", "n", "o",  "o",  "o", "o", "o",  "/", "o", "u",  "u",  "u",  "u", "y", "th", "y",
    "A", "a", "A",  "a",  "A", "a", "C",  "c", "C", "c",  "C",  "c",  "C", "c", "D",  "d",
    "D", "d", "E",  "e",  "E", "e", "E",  "e", "E", "e",  "E",  "e",  "G", "g", "G",  "g",
    "G", "g", "G",  "g",  "H", "h", "H",  "h", "I", "i",  "I",  "i",  "I", "i", "I",  "i",
    "I", "i", "IJ", "ij", "J", "j", "K",  "k", "k", "L",  "l",  "L",  "l", "L", "l",  "L",
    "l", "L", "l",  "N",  "n", "N", "n",  "N", "n", "'n", "NG", "ng", "O", "o", "O",  "o",
    "O", "o", "OE", "oe", "R", "r", "R",  "r", "R", "r",  "S",  "s",  "S", "s", "S",  "s",
    "S", "s", "T",  "t",  "T", "t", "T",  "t", "U", "u",  "U",  "u",  "U", "u", "U",  "u",
    "U", "u", "U",  "u",  "W", "w", "Y",  "y", "Y", "Z",  "z",  "Z",  "z", "Z", "z",  "s"};
static_assert(std::size(kPlain) == 0x180 - 0xC0);

std::optional<std::string_view> plain(char32_t c) {
  if (c >= 0xC0 && c <= 0x17F) return kPlain[c - 0xC0];
  if (c >= 0x300 && c <= 0x36F) return "";
  switch (c) {
    case 0x2018:
    case 0x2019:
      return "'";
    case 0x201C:
    case 0x201D:
      return "\"";
    case 0x2010:
    case 0x2011:
    case 0x2013:
      return "-";
    case 0x2014:
      return "--";
    case 0x2026:
      return "...";
    default:
      return std::nullopt;
  }
}

std::vector<std::string_view> cut(std::string_view text, char separator) {
  std::vector<std::string_view> out;
  for (;;) {
    const std::size_t end = text.find(separator);
    out.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return out;
    text.remove_prefix(end + 1);
  }
}

}  // namespace

std::vector<std::string> split_words(std::string_view text) {
  std::vector<std::string> out;
  bool inside = false;
  each_character(text, [&](std::optional<char32_t> c, std::string_view bytes) {
    const bool space = c && is_space(*c);
    if (!space && !inside) out.emplace_back();
    if (!space) out.back() += bytes;
    inside = !space;
  });
  return out;
}

std::string_view trimmed(std::string_view text) {
  std::size_t begin = text.size();
  std::size_t end = 0;
  std::size_t at = 0;
  each_character(text, [&](std::optional<char32_t> c, std::string_view bytes) {
    if (!c || !is_space(*c)) {
      begin = std::min(begin, at);
      end = at + bytes.size();
    }
    at += bytes.size();
  });
  return end == 0 ? std::string_view{} : text.substr(begin, end - begin);
}

std::string lower_case(std::string_view text) {
  std::string out;
  each_character(text, [&](std::optional<char32_t> c, std::string_view bytes) {
    if (c)
      append_utf8(out, lower(*c));
    else
      out += bytes;
  });
  return out;
}

bool is_upper_case(std::string_view text) {
  bool any = false;
  bool small = false;
  each_character(text, [&](std::optional<char32_t> c, std::string_view) {
    any = any || (c && is_capital(*c));
    small = small || (c && is_small(*c));
  });
  return any && !small;
}

std::string without_accents(std::string_view text) {
  std::string out;
  each_character(text, [&](std::optional<char32_t> c, std::string_view bytes) {
    const auto ascii = c ? plain(*c) : std::nullopt;
    out += ascii ? *ascii : bytes;
  });
  return out;
}

std::size_t count_characters(std::string_view text) {
  std::size_t n = 0;
  each_character(text, [&](std::optional<char32_t>, std::string_view) { ++n; });
  return n;
}

std::vector<std::vector<std::string>> read_tsv(std::string_view text, std::string_view where,
                                               const std::vector<std::string_view>& columns) {
  std::vector<std::vector<std::string>> out;
  std::vector<std::size_t> place;
  std::size_t n_column = 0;
  std::size_t number = 0;
  for (std::string_view line : cut(text, '\n')) {
    ++number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    const auto cells = cut(line, '\t');
    if (n_column == 0) {
      n_column = cells.size();
      for (const std::string_view column : columns) {
        const auto found = std::find(cells.begin(), cells.end(), column);
        if (found == cells.end())
          fail(ErrorCode::kBadInput, "{}: line {}: expected a column '{}'", where, number, column);
        place.push_back(static_cast<std::size_t>(found - cells.begin()));
      }
      continue;
    }
    if (cells.size() != n_column)
      fail(ErrorCode::kBadInput, "{}: line {}: expected {} cells, got {}", where, number, n_column,
           cells.size());
    auto& row = out.emplace_back();
    for (const std::size_t at : place) row.emplace_back(cells[at]);
  }
  return out;
}

}  // namespace moescope::probes

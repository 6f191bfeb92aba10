#include "core/tokenizer/chat_unicode.hpp"

#include <algorithm>

#include "core/base/utf8.hpp"
#include "core/tokenizer/chat_unicode_tables.hpp"

namespace moescope::tokenizer {
namespace {

bool in_ranges(std::span<const CodeRange> ranges, char32_t code) noexcept {
  const auto after = std::upper_bound(ranges.begin(), ranges.end(), code,
                                      [](char32_t c, const CodeRange& r) { return c < r.first; });
  return after != ranges.begin() && code <= std::prev(after)->last;
}

const CaseSpecial* find_special(std::span<const CaseSpecial> rows, char32_t code) noexcept {
  const auto at = std::lower_bound(rows.begin(), rows.end(), code,
                                   [](const CaseSpecial& r, char32_t c) { return r.from < c; });
  return at != rows.end() && at->from == code ? &*at : nullptr;
}

char32_t map_run(std::span<const CaseRun> runs, char32_t code) noexcept {
  const auto after = std::upper_bound(runs.begin(), runs.end(), code,
                                      [](char32_t c, const CaseRun& r) { return c < r.first; });
  if (after == runs.begin()) return code;
  const CaseRun& run = *std::prev(after);
  if (code > run.last || (code - run.first) % run.stride != 0) return code;
  return static_cast<char32_t>(static_cast<int>(code) + run.delta);
}

CaseMapping mapping_of(const CaseSpecial& row) noexcept {
  return {{row.to[0], row.to[1], row.to[2]}};
}

/// The first character from `at` on, in one direction, that is not case-ignorable.
char32_t neighbour_before(std::string_view text, std::size_t at) noexcept {
  while (at > 0) {
    --at;
    while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xc0u) == 0x80u) --at;
    const char32_t code = decode_utf8(text, at).value_or(Utf8Char{}).code;
    if (!in_ranges(ignorable_ranges(), code)) return code;
  }
  return 0;
}

char32_t neighbour_after(std::string_view text, std::size_t at) noexcept {
  while (const auto c = decode_utf8(text, at)) {
    if (!in_ranges(ignorable_ranges(), c->code)) return c->code;
    at += c->n_byte;
  }
  return 0;
}

}  // namespace

CaseMapping map_case(char32_t code, LetterCase to) noexcept {
  const CaseTables& tables = case_tables();
  if (to == LetterCase::kLower) {
    if (const CaseSpecial* row = find_special(tables.lower_special, code)) return mapping_of(*row);
    return {{map_run(tables.lower, code), 0, 0}};
  }
  if (to == LetterCase::kTitle)
    if (const CaseSpecial* row = find_special(tables.title_special, code)) return mapping_of(*row);
  if (const CaseSpecial* row = find_special(tables.upper_special, code)) return mapping_of(*row);
  return {{map_run(tables.upper, code), 0, 0}};
}

bool is_python_space(char32_t code) noexcept {
  if (code < 0x80) return (code >= 0x09 && code <= 0x0d) || (code >= 0x1c && code <= 0x20);
  return code == 0x85 || code == 0xa0 || code == 0x1680 || (code >= 0x2000 && code <= 0x200a) ||
         code == 0x2028 || code == 0x2029 || code == 0x202f || code == 0x205f || code == 0x3000;
}

bool is_printable(char32_t code) noexcept {
  return !in_ranges(unprintable_ranges(), code);
}

bool is_cased(char32_t code) noexcept {
  return in_ranges(cased_ranges(), code);
}

bool is_final_sigma(std::string_view text, std::size_t at) noexcept {
  constexpr std::size_t kSigmaBytes = 2;
  return is_cased(neighbour_before(text, at)) && !is_cased(neighbour_after(text, at + kSigmaBytes));
}

}  // namespace moescope::tokenizer

#include "core/tokenizer/nfc.hpp"

#include <utf8proc.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "core/base/utf8.hpp"

namespace moescope::tokenizer {
namespace {

/// One character under normalisation. `change` counts the original characters that it stands for,
/// less one; a character that only a decomposition brought in has none.
struct Unit {
  char32_t code = 0;
  int combining = 0;
  std::ptrdiff_t change = 0;
};

struct Range {
  char32_t first;
  char32_t last;
};

// Combining and decomposable characters of Unicode 10 to 15. The reference normalises by the tables
// of Unicode 9, where they are unassigned, and the models have seen its text: so they stay put here
// too.
constexpr Range kNewer[] = {
    {0x7fd, 0x7fd},     {0x898, 0x89f},     {0x8ca, 0x8d3},     {0x9fe, 0x9fe},
    {0xc3c, 0xc3c},     {0xd3b, 0xd3c},     {0xeba, 0xeba},     {0x1715, 0x1715},
    {0x1abf, 0x1ace},   {0x1df6, 0x1dfa},   {0xa82c, 0xa82c},   {0x10d24, 0x10d27},
    {0x10eab, 0x10eac}, {0x10efd, 0x10eff}, {0x10f46, 0x10f50}, {0x10f82, 0x10f85},
    {0x11070, 0x11070}, {0x1133b, 0x1133b}, {0x1145e, 0x1145e}, {0x11839, 0x1183a},
    {0x11938, 0x11938}, {0x1193d, 0x1193e}, {0x11943, 0x11943}, {0x119e0, 0x119e0},
    {0x11a34, 0x11a34}, {0x11a47, 0x11a47}, {0x11a99, 0x11a99}, {0x11d42, 0x11d42},
    {0x11d44, 0x11d45}, {0x11d97, 0x11d97}, {0x11f41, 0x11f42}, {0x16ff0, 0x16ff1},
    {0x1e08f, 0x1e08f}, {0x1e130, 0x1e136}, {0x1e2ae, 0x1e2ae}, {0x1e2ec, 0x1e2ef},
    {0x1e4ec, 0x1e4ef},
};

bool is_newer(char32_t c) {
  const auto* after =
      std::upper_bound(std::begin(kNewer), std::end(kNewer), c,
                       [](char32_t code, const Range& r) { return code < r.first; });
  return after != std::begin(kNewer) && c <= std::prev(after)->last;
}

/// Whether the character stays as it is before another of these: it composes with nothing before
/// it, and comes back from its own decomposition.
bool stands_alone(char32_t c) {
  return c < 0x300 || (c >= 0x400 && c <= 0x482) || (c >= 0x48a && c <= 0x52f) ||
         (c >= 0x3041 && c <= 0x3096) || (c >= 0x30a1 && c <= 0x30fa) ||
         (c >= 0x3400 && c <= 0x9fff);
}

void decompose(char32_t code, std::vector<Unit>& out) {
  if (is_newer(code)) {
    out.push_back({code, 0, 0});
    return;
  }
  utf8proc_int32_t parts[8];
  int boundary = 0;
  const auto n = utf8proc_decompose_char(
      static_cast<utf8proc_int32_t>(code), parts, 8,
      static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_DECOMPOSE), &boundary);
  if (n < 1 || n > 8) {
    out.push_back({code, 0, 0});
    return;
  }
  for (utf8proc_ssize_t i = 0; i < n; ++i)
    out.push_back({static_cast<char32_t>(parts[i]),
                   utf8proc_get_property(parts[i])->combining_class, i == 0 ? 0 : 1});
}

void put_in_order(std::vector<Unit>& units) {
  for (std::size_t i = 0; i < units.size();) {
    std::size_t end = i;
    while (end < units.size() && units[end].combining != 0) ++end;
    std::stable_sort(units.begin() + static_cast<std::ptrdiff_t>(i),
                     units.begin() + static_cast<std::ptrdiff_t>(end),
                     [](const Unit& a, const Unit& b) { return a.combining < b.combining; });
    i = end + 1;
  }
}

std::optional<char32_t> composed(char32_t a, char32_t b) {
  // U+11A7 stands before the trailing consonants and is none; utf8proc 2.8 takes it for one.
  constexpr char32_t kNoTrailingConsonant = 0x11a7;
  if (b == kNoTrailingConsonant) return std::nullopt;
  utf8proc_int32_t pair[2] = {static_cast<utf8proc_int32_t>(a), static_cast<utf8proc_int32_t>(b)};
  const auto n = utf8proc_normalize_utf32(
      pair, 2, static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  if (n != 1 || is_newer(static_cast<char32_t>(pair[0]))) return std::nullopt;
  return static_cast<char32_t>(pair[0]);
}

void compose(std::vector<Unit>& units) {
  std::size_t n_out = 0;
  std::optional<std::size_t> starter;
  for (const Unit& unit : units) {
    const bool next_to_it = starter && *starter + 1 == n_out;
    const bool reaches = next_to_it || (starter && units[n_out - 1].combining < unit.combining);
    if (reaches) {
      if (const auto whole = composed(units[*starter].code, unit.code)) {
        units[*starter].code = *whole;
        units[*starter].change += unit.change - 1;
        continue;
      }
    }
    if (unit.combining == 0) starter = n_out;
    units[n_out++] = unit;
  }
  units.resize(n_out);
}

std::string written(const std::vector<Unit>& units) {
  std::string out;
  for (const Unit& unit : units) append_utf8(out, unit.code);
  return out;
}

/// The spans of the original characters of text bytes [begin, end), handed out one by one.
class Originals {
 public:
  Originals(const AlignedText& text, std::size_t begin, std::size_t end)
      : text_(text), at_(begin), end_(end) {}
  /// The next one; the last one again where none is left.
  Span take() {
    if (at_ >= end_) return last_;
    const auto c = decode_utf8(text_.text(), at_);
    const std::size_t n = c ? c->n_byte : 1;
    last_ = text_.origin(at_, at_ + n);
    at_ += n;
    return last_;
  }
  Span last() const { return last_; }

 private:
  const AlignedText& text_;
  std::size_t at_;
  std::size_t end_;
  Span last_;
};

void append_units(const std::vector<Unit>& units, const AlignedText& text, std::size_t begin,
                  std::size_t end, AlignedText& out) {
  Originals originals(text, begin, end);
  std::string character;
  for (const Unit& unit : units) {
    Span span = unit.change > 0 ? originals.last() : originals.take();
    for (std::ptrdiff_t more = unit.change; more < 0; ++more)
      span.end = std::max(span.end, originals.take().end);
    character.clear();
    append_utf8(character, unit.code);
    out.append(character, span);
  }
}

/// The end of the stretch that begins at `at`: up to the next character that stands alone.
std::size_t stretch_end(std::string_view in, std::size_t at) {
  at += decode_utf8(in, at)->n_byte;
  for (auto c = decode_utf8(in, at); c && !stands_alone(c->code); c = decode_utf8(in, at))
    at += c->n_byte;
  return at;
}

}  // namespace

void to_nfc(AlignedText& text) {
  const std::string_view in = text.text();
  AlignedText out;
  std::size_t copied = 0;  // bytes of `in` that are in `out`
  std::vector<Unit> units;
  for (std::size_t begin = 0; begin < in.size();) {
    const std::size_t end = stretch_end(in, begin);
    const auto first = decode_utf8(in, begin);
    const bool alone = begin + first->n_byte == end && stands_alone(first->code);
    if (!alone) {
      units.clear();
      for (std::size_t at = begin; at < end;) {
        const auto c = decode_utf8(in, at);
        decompose(c->code, units);
        at += c->n_byte;
      }
      put_in_order(units);
      compose(units);
      if (written(units) != in.substr(begin, end - begin)) {
        out.append(text, copied, begin);
        append_units(units, text, begin, end, out);
        copied = end;
      }
    }
    begin = end;
  }
  if (copied == 0) return;
  out.append(text, copied, in.size());
  text = std::move(out);
}

}  // namespace moescope::tokenizer

#include <algorithm>
#include <array>
#include <optional>

#include "core/base/error.hpp"
#include "core/base/escape.hpp"
#include "core/base/utf8.hpp"
#include "core/tokenizer/regex.hpp"

// Patterns of tokenizer.json follow Oniguruma, PCRE2 follows Perl. What both read alike is copied,
// what differs is spelled out, and the rest is refused. The letter classes come from Unicode: the
// reference's \s is the property White_Space (PCRE2 adds U+180E), its \w has all marks and
// connectors (PCRE2 10.42 has neither).
namespace moescope::tokenizer {
namespace {

constexpr std::size_t kMaxPattern = 16384;
constexpr std::size_t kMaxDepth = 32;
constexpr std::uint32_t kMaxRepeat = 1000;

constexpr std::string_view kSpace =
    R"(\x{9}-\x{d}\x{20}\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000})";
constexpr std::string_view kNoSpace =
    R"(\x{0}-\x{8}\x{e}-\x{1f}\x{21}-\x{84}\x{86}-\x{9f}\x{a1}-\x{167f}\x{1681}-\x{1fff}\x{200b}-\x{2027}\x{202a}-\x{202e}\x{2030}-\x{205e}\x{2060}-\x{2fff}\x{3001}-\x{10ffff})";
constexpr std::string_view kWord = R"(\p{Alphabetic}\p{M}\p{Nd}\p{Pc})";
// Oniguruma takes these numbers for letters where \w stands outside a class.
constexpr std::string_view kOddWord = R"(\x{b2}\x{b3}\x{b9}\x{bc}-\x{be})";

constexpr std::string_view kCategories[] = {
    "C",  "Cc", "Cf", "Cn", "Co", "Cs", "L",  "Ll", "Lm", "Lo", "Lt", "Lu", "M",
    "Mc", "Me", "Mn", "N",  "Nd", "Nl", "No", "P",  "Pc", "Pd", "Pe", "Pf", "Pi",
    "Po", "Ps", "S",  "Sc", "Sk", "Sm", "So", "Z",  "Zl", "Zp", "Zs"};

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::optional<unsigned> hex_value(char c) {
  if (is_digit(c)) return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
  return std::nullopt;
}

/// What an escape stands for: one character, or a set that may stand inside a class.
struct Escape {
  std::optional<char32_t> character;
  std::string set;
};

class Translator {
 public:
  Translator(std::string_view pattern, RegexDialect dialect, std::string_view where)
      : in_(pattern), dialect_(dialect), where_(where) {}

  std::string run() {
    if (in_.size() > kMaxPattern)
      fail(ErrorCode::kBadInput, "{}: a regular expression of {} bytes, expected at most {}",
           where_, in_.size(), kMaxPattern);
    if (const auto bad = first_invalid_utf8(in_))
      fail(ErrorCode::kBadInput, "{}: byte {} of a regular expression isn't UTF-8", where_, *bad);
    while (at_ < in_.size()) step();
    if (!open_.empty()) refuse("a group that isn't closed");
    return std::move(out_);
  }

 private:
  struct Group {
    std::size_t begin = 0;  ///< into out_
    bool is_look = false;
    bool outer_caseless = false;
  };

  [[noreturn]] void refuse(std::string_view what) const {
    fail(ErrorCode::kBadInput, "{}: regular expression {}: {} isn't supported", where_,
         json_string(in_.substr(0, 80)), what);
  }
  [[noreturn]] void refuse_text(std::string_view text) const {
    refuse(fmt::format("'{}'", escape_terminal(text)));
  }

  char peek(std::size_t ahead = 0) const {
    return at_ + ahead < in_.size() ? in_[at_ + ahead] : '\0';
  }

  char32_t take_character() {
    const auto c = decode_utf8(in_, at_);
    at_ += c->n_byte;
    return c->code;
  }

  static std::string spelled(char32_t code) {
    return fmt::format("\\x{{{:x}}}", static_cast<std::uint32_t>(code));
  }

  void put_atom(std::string_view text) {
    atom_ = out_.size();
    out_ += text;
  }

  void step() {
    switch (peek()) {
      case '\\': {
        const Escape e = escape();
        if (e.character)
          put_literal(*e.character);
        else
          put_atom(fmt::format("[{}]", e.set));
        return;
      }
      case '[':
        put_class();
        return;
      case '(':
        open_group();
        return;
      case ')':
        close_group();
        return;
      case '|':
        ++at_;
        out_ += '|';
        atom_.reset();
        last_literal_ = 0;
        return;
      case '*':
      case '+':
      case '?':
        quantifier(std::string(1, in_[at_++]), false);
        return;
      case '{':
        braces();
        return;
      case '^':
      case '$':
        out_ += in_[at_++];
        atom_.reset();
        last_literal_ = 0;
        return;
      case '.':
        ++at_;
        put_atom("[^\\x{a}]");
        last_literal_ = 0;
        return;
      default:
        put_literal(take_character());
    }
  }

  void put_literal(char32_t code) {
    if (caseless_) check_caseless(code);
    last_literal_ = code;
    put_atom(spelled(code));
  }

  /// Under (?i) Oniguruma also takes one character for two, such as U+00DF for "ss".
  void check_caseless(char32_t code) const {
    if (code >= 0x80) refuse("a character beyond ASCII under (?i)");
    constexpr std::string_view kPairs[] = {"ss", "ff", "fi", "fl", "st"};
    const auto lower = [](char32_t c) {
      return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
    };
    const std::array<char, 2> pair = {lower(last_literal_), lower(code)};
    for (const std::string_view p : kPairs)
      if (p == std::string_view(pair.data(), 2)) refuse(fmt::format("'{}' under (?i)", p));
  }

  /// Reads an escape behind its backslash.
  Escape escape() {
    const std::size_t begin = at_++;
    if (at_ >= in_.size()) refuse("a backslash at the end");
    const char c = in_[at_];
    if (!is_letter(c) && !is_digit(c)) return {take_character(), {}};
    ++at_;
    constexpr std::pair<char, char32_t> kControls[] = {{'t', 9},  {'n', 10}, {'v', 11}, {'f', 12},
                                                       {'r', 13}, {'a', 7},  {'e', 27}};
    for (const auto& [letter, code] : kControls)
      if (c == letter) return {code, {}};
    if (c == 'x' || c == 'u') return {code_point(c, begin), {}};
    last_literal_ = 0;
    if (caseless_) refuse(fmt::format("'\\{}' under (?i)", c));
    if (c == 's') return {std::nullopt, std::string(kSpace)};
    if (c == 'S') return {std::nullopt, std::string(kNoSpace)};
    if (c == 'd') return {std::nullopt, "\\p{Nd}"};
    if (c == 'D') return {std::nullopt, "\\P{Nd}"};
    if (c == 'w') {
      const bool odd = dialect_ == RegexDialect::kOniguruma && !in_class_;
      return {std::nullopt, fmt::format("{}{}", kWord, odd ? kOddWord : "")};
    }
    if (c == 'p' || c == 'P') return {std::nullopt, property(c == 'P', begin)};
    refuse_text(in_.substr(begin, 2));
  }

  char32_t code_point(char kind, std::size_t begin) {
    const bool braced = kind == 'x' && peek() == '{';
    if (braced) ++at_;
    const std::size_t most = braced ? 6 : kind == 'x' ? 2 : 4;
    std::uint32_t code = 0;
    std::size_t n = 0;
    for (; n < most && hex_value(peek()); ++n) code = code * 16 + *hex_value(in_[at_++]);
    const bool closed = !braced || (peek() == '}' && at_++ < in_.size());
    const bool whole = n > 0 && closed && (kind != 'u' || n == 4);
    const bool surrogate = code >= 0xd800 && code <= 0xdfff;
    // "\xE9" is a byte there and a character here.
    const bool byte = kind == 'x' && !braced && code >= 0x80;
    if (!whole || surrogate || byte || code > 0x10ffff) refuse_text(in_.substr(begin, at_ - begin));
    return static_cast<char32_t>(code);
  }

  /// `\p{Name}`: a general category, or a script (not its extensions, which PCRE2 would take).
  std::string property(bool negated, std::size_t begin) {
    const std::size_t end = in_.find('}', at_);
    if (peek() != '{' || end == std::string_view::npos || end - at_ > 40)
      refuse_text(in_.substr(begin, 2));
    std::string_view name = in_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    if (name.starts_with('^')) {
      negated = !negated;
      name.remove_prefix(1);
    }
    const bool category =
        std::find(std::begin(kCategories), std::end(kCategories), name) != std::end(kCategories);
    const bool script = name.size() > 2 && std::all_of(name.begin(), name.end(), [](char c) {
                          return is_letter(c) || c == '_';
                        });
    if (!category && !script) refuse_text(in_.substr(begin, end + 1 - begin));
    return fmt::format("\\{}{{{}{}}}", negated ? 'P' : 'p', category ? "" : "sc:", name);
  }

  /// One end of a range or a set, inside a class.
  Escape class_item() {
    const char c = peek();
    if (c == '\\') return escape();
    if (c == '[') refuse(peek(1) == ':' ? "'[:…:]'" : "a class within a class");
    if (c == '&' && peek(1) == '&') refuse("'&&' in a class");
    return {take_character(), {}};
  }

  void put_class() {
    ++at_;
    in_class_ = true;
    std::string set = "[";
    if (peek() == '^') {
      ++at_;
      set += '^';
    }
    bool empty = true;
    for (; at_ < in_.size() && peek() != ']'; empty = false) {
      const bool dash = peek() == '-';
      const Escape first = class_item();
      if (dash && !empty && peek() != ']') refuse("'-' in the middle of a class");
      if (!first.character) {
        if (peek() == '-' && peek(1) != ']') refuse("a range that begins with a set");
        set += first.set;
        continue;
      }
      if (caseless_ && *first.character >= 0x80) refuse("a character beyond ASCII under (?i)");
      set += spelled(*first.character);
      if (dash || peek() != '-' || peek(1) == ']' || peek(1) == '\0') continue;
      ++at_;
      const Escape last = class_item();
      if (!last.character || *last.character < *first.character) refuse("a range out of order");
      if (caseless_ && *last.character >= 0x80) refuse("a character beyond ASCII under (?i)");
      set += '-' + spelled(*last.character);
    }
    if (at_ >= in_.size()) refuse("a class that isn't closed");
    if (empty) refuse("an empty class");
    ++at_;
    in_class_ = false;
    last_literal_ = 0;
    put_atom(set + ']');
  }

  void open_group() {
    struct Opening {
      std::string_view text;
      std::string_view written;
      bool is_look = false;
      bool caseless = false;
    };
    constexpr Opening kOpenings[] = {
        {"(?:", "(?:"},         {"(?i:", "(?i:", false, true}, {"(?>", "(?>"},
        {"(?=", "(?=", true},   {"(?!", "(?!", true},          {"(?<=", "(?<=", true},
        {"(?<!", "(?<!", true},
    };
    const std::string_view rest = in_.substr(at_);
    if (open_.size() >= kMaxDepth) refuse(fmt::format("over {} groups in each other", kMaxDepth));
    last_literal_ = 0;
    if (at_ == 0 && rest.starts_with("(?i)")) {
      at_ += 4;
      out_ += "(?i)";
      caseless_ = true;
      return;
    }
    Opening opening{"(", "(?:"};
    if (rest.starts_with("(?") || rest.starts_with("(*")) {
      const auto* known = std::find_if(std::begin(kOpenings), std::end(kOpenings),
                                       [&](const Opening& o) { return rest.starts_with(o.text); });
      if (known == std::end(kOpenings)) {
        const std::size_t shown = std::min(rest.find_first_of(":)>", 2), std::size_t{12});
        refuse_text(rest.substr(0, shown == std::string_view::npos ? 3 : shown + 1));
      }
      opening = *known;
    }
    open_.push_back({out_.size(), opening.is_look, caseless_});
    caseless_ = caseless_ || opening.caseless;
    at_ += opening.text.size();
    out_ += opening.written;
    atom_.reset();
  }

  void close_group() {
    if (open_.empty()) refuse("')' without '('");
    const Group group = open_.back();
    open_.pop_back();
    ++at_;
    out_ += ')';
    caseless_ = group.outer_caseless;
    last_literal_ = 0;
    if (group.is_look)
      atom_.reset();
    else
      atom_ = group.begin;
  }

  void quantifier(const std::string& text, bool braced) {
    if (!atom_) refuse(fmt::format("'{}' with nothing before it to repeat", text));
    out_ += text;
    last_literal_ = 0;
    if (peek() == '?') {
      if (braced && text.find(',') == std::string::npos) refuse(fmt::format("'{}?'", text));
      out_ += in_[at_++];
    } else if (peek() == '+') {
      ++at_;
      if (braced && dialect_ == RegexDialect::kOniguruma) {
        // There it repeats the interval, here it would make it possessive.
        out_.insert(*atom_, "(?:");
        out_ += ")+";
      } else {
        out_ += '+';
      }
    }
    atom_.reset();
  }

  std::optional<std::uint32_t> number() {
    std::uint32_t value = 0;
    const std::size_t begin = at_;
    for (; is_digit(peek()) && at_ - begin < 6; ++at_)
      value = value * 10 + static_cast<std::uint32_t>(peek() - '0');
    if (at_ == begin) return std::nullopt;
    if (value > kMaxRepeat) refuse(fmt::format("repeating over {} times", kMaxRepeat));
    return value;
  }

  void braces() {
    const std::size_t begin = at_++;
    const auto least = number();
    const bool comma = peek() == ',';
    if (comma) ++at_;
    const auto most = comma ? number() : least;
    if (peek() != '}' || (!least && !most)) {
      at_ = begin + 1;
      put_literal('{');
      return;
    }
    ++at_;
    if (least && most && *least > *most) refuse_text(in_.substr(begin, at_ - begin));
    const std::uint32_t low = least.value_or(0);
    std::string text = fmt::format("{{{}", low);
    if (comma) text += most ? fmt::format(",{}", *most) : ",";
    quantifier(text + '}', true);
  }

  std::string_view in_;
  RegexDialect dialect_;
  std::string_view where_;
  std::size_t at_ = 0;
  std::string out_;
  std::optional<std::size_t> atom_;  ///< where in out_ what a quantifier would repeat begins
  std::vector<Group> open_;
  bool caseless_ = false;
  bool in_class_ = false;
  char32_t last_literal_ = 0;
};

}  // namespace

std::string to_pcre2(std::string_view pattern, RegexDialect dialect, std::string_view where) {
  return Translator(pattern, dialect, where).run();
}

}  // namespace moescope::tokenizer

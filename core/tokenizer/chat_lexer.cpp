#include "core/tokenizer/chat_lexer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "core/base/error.hpp"
#include "core/base/escape.hpp"
#include "core/base/utf8.hpp"
#include "core/tokenizer/chat_string_literal.hpp"
#include "core/tokenizer/chat_text.hpp"
#include "core/tokenizer/chat_unicode.hpp"

namespace moescope::tokenizer {
namespace {

using Kind = ChatTokenKind;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_name_part(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/// Line ends become \n, and the last of them goes.
std::string plain_lines(std::string_view source) {
  std::string out;
  out.reserve(source.size());
  for (std::size_t i = 0; i < source.size(); ++i) {
    if (source[i] != '\r') {
      out += source[i];
      continue;
    }
    out += '\n';
    if (i + 1 < source.size() && source[i + 1] == '\n') ++i;
  }
  if (out.ends_with('\n')) out.pop_back();
  return out;
}

class Lexer {
 public:
  Lexer(std::string source, const std::string& where) : source_(std::move(source)), where_(where) {}

  std::vector<ChatToken> run() {
    while (at_ < source_.size()) data();
    out_.push_back({Kind::kEnd, place(at_), {}});
    return std::move(out_);
  }

 private:
  [[noreturn]] void refuse(std::size_t at, std::string_view message) {
    fail_template(where_, place(at), message);
  }

  /// The line and column of a byte; asked for in rising order almost always.
  Place place(std::size_t at) {
    if (at < placed_) {
      placed_ = 0;
      now_ = {1, 1};
    }
    for (; placed_ < at; ++placed_) {
      const char c = source_[placed_];
      if (c == '\n')
        now_ = {now_.line + 1, 1};
      else if ((static_cast<unsigned char>(c) & 0xc0u) != 0x80u)
        ++now_.column;
    }
    return now_;
  }

  bool looking_at(std::string_view text, std::size_t at) const {
    return std::string_view(source_).substr(at, text.size()) == text;
  }
  std::size_t skip_space(std::size_t at) const {
    for (auto c = decode_utf8(source_, at); c && is_python_space(c->code);
         c = decode_utf8(source_, at))
      at += c->n_byte;
    return at;
  }

  /// Text before a tag, without what the tag's sign or its place in the line takes away.
  void add_data(std::size_t begin, std::size_t end, char sign, bool is_print) {
    std::string_view text = std::string_view(source_).substr(begin, end - begin);
    if (sign == '-') {
      text = text.substr(0, strip_range(text, nullptr, {.left = false}).end);
    } else if (sign != '+' && !is_print) {
      const std::size_t line = text.rfind('\n') + 1;  // npos + 1 is 0
      const std::string_view rest = text.substr(line);
      const bool blank = !rest.empty() && strip_range(rest, nullptr, {.right = false}).begin ==
                                              static_cast<std::uint32_t>(rest.size());
      if ((line > 0 || line_starting_) && blank) text = text.substr(0, line);
    }
    if (!text.empty()) out_.push_back({Kind::kData, place(begin), std::string(text)});
  }

  void data() {
    const std::size_t begin = at_;
    std::size_t open = source_.find('{', begin);
    while (open != std::string::npos && !looking_at("{%", open) && !looking_at("{{", open) &&
           !looking_at("{#", open))
      open = source_.find('{', open + 1);
    if (open == std::string::npos) {
      add_data(begin, source_.size(), '+', false);
      at_ = source_.size();
      return;
    }
    const char kind = source_[open + 1];
    std::size_t after = open + 2;
    char sign = ' ';
    if (after < source_.size() && (source_[after] == '-' || source_[after] == '+'))
      sign = source_[after++];
    if (kind == '%' && raw_block(begin, open, sign, after)) return;
    add_data(begin, open, sign, kind == '{');
    line_starting_ = false;
    if (kind == '#')
      comment(open, after);
    else
      tag(open, after, kind == '{');
  }

  /// The place behind an end tag that stands at `at`, with what it swallows.
  std::size_t behind_end(std::size_t at, std::string_view end, char sign, bool trims) const {
    at += end.size() + (sign == ' ' ? 0 : 1);
    if (sign == '-') return skip_space(at);
    return trims && sign == ' ' && at < source_.size() && source_[at] == '\n' ? at + 1 : at;
  }
  char sign_at(std::size_t at) const {
    return source_[at] == '-' || source_[at] == '+' ? source_[at] : ' ';
  }
  void finish(std::size_t at) {
    at_ = at;
    line_starting_ = at > 0 && source_[at - 1] == '\n';
  }

  /// Whether a tag that nothing follows may stay without its end, as in Jinja.
  bool ends_template(std::size_t after) {
    if (after < source_.size()) return false;
    at_ = after;
    return true;
  }

  void comment(std::size_t open, std::size_t after) {
    if (ends_template(after)) return;
    const std::size_t end = source_.find("#}", after);
    if (end == std::string::npos) refuse(open, "the comment has no end '#}'");
    const char sign = end > after ? sign_at(end - 1) : ' ';
    finish(behind_end(sign == ' ' ? end : end - 1, "#}", sign, true));
  }

  bool raw_block(std::size_t begin, std::size_t open, char sign, std::size_t after) {
    std::size_t at = skip_space(after);
    if (!looking_at("raw", at)) return false;
    at = skip_space(at + 3);
    const bool minus = looking_at("-%}", at);
    if (!minus && !looking_at("%}", at)) return false;
    add_data(begin, open, sign, false);
    at = minus ? skip_space(at + 3) : at + 2;
    if (ends_template(at)) return true;
    line_starting_ = source_[at - 1] == '\n';
    for (std::size_t end = source_.find("{%", at); end != std::string::npos;
         end = source_.find("{%", end + 1)) {
      std::size_t inner = end + 2;
      char end_sign = ' ';
      if (inner < source_.size() && (source_[inner] == '-' || source_[inner] == '+'))
        end_sign = source_[inner++];
      inner = skip_space(inner);
      if (!looking_at("endraw", inner)) continue;
      inner = skip_space(inner + 6);
      if (!looking_at("%}", inner) && !looking_at("-%}", inner) && !looking_at("+%}", inner))
        continue;
      add_data(at, end, end_sign, false);
      finish(behind_end(inner, "%}", sign_at(inner), true));
      return true;
    }
    refuse(open, "the raw block has no end");
  }

  /// Whether the tag ends here: "%}" with its signs; nothing while brackets are open.
  std::optional<std::size_t> tag_end(bool is_print) const {
    if (!brackets_.empty()) return std::nullopt;
    const std::string_view end = is_print ? "}}" : "%}";
    const char sign = is_print && source_[at_] == '+' ? ' ' : sign_at(at_);
    if (!looking_at(end, at_ + (sign == ' ' ? 0 : 1))) return std::nullopt;
    return behind_end(at_, end, sign, !is_print);
  }

  void tag(std::size_t open, std::size_t after, bool is_print) {
    out_.push_back({is_print ? Kind::kPrintBegin : Kind::kBlockBegin, place(open), {}});
    at_ = after;
    brackets_.clear();
    while (true) {
      if (at_ >= source_.size()) refuse(open, "the tag has no end");
      if (const auto end = tag_end(is_print)) {
        out_.push_back({is_print ? Kind::kPrintEnd : Kind::kBlockEnd, place(at_), {}});
        finish(*end);
        return;
      }
      if (const std::size_t past = skip_space(at_); past != at_) {
        at_ = past;
        continue;
      }
      token();
    }
  }

  void add(Kind kind, std::size_t n_byte) {
    out_.push_back({kind, place(at_), source_.substr(at_, n_byte)});
    at_ += n_byte;
  }

  void token() {
    const char c = source_[at_];
    if (is_digit(c)) {
      const NumberLiteral number =
          scan_number(std::string_view(source_).substr(at_), at_ > 0 && source_[at_ - 1] == '.');
      add(number.is_float ? Kind::kFloat : Kind::kInteger, number.n_byte);
    } else if (is_name_part(c)) {
      std::size_t n = 1;
      while (at_ + n < source_.size() && is_name_part(source_[at_ + n])) ++n;
      add(Kind::kName, n);
    } else if (c == '"' || c == '\'') {
      string();
    } else {
      op();
    }
  }

  void string() {
    std::size_t end = at_ + 1;
    while (end < source_.size() && source_[end] != source_[at_])
      end += source_[end] == '\\' ? 2 : 1;
    if (end >= source_.size()) refuse(at_, "the string has no end");
    StringLiteral literal =
        read_string_literal(std::string_view(source_).substr(at_ + 1, end - at_ - 1));
    if (!literal.problem.empty()) refuse(at_, literal.problem);
    out_.push_back({Kind::kString, place(at_), std::move(literal.text)});
    at_ = end + 1;
  }

  void op() {
    for (const std::string_view two : {"//", "**", "==", "!=", ">=", "<="})
      if (looking_at(two, at_)) return add(Kind::kOperator, 2);
    constexpr std::string_view kSingle = "+-*/%~[](){}><=.:|,;";
    const char c = source_[at_];
    if (kSingle.find(c) == std::string_view::npos) {
      const auto whole = decode_utf8(source_, at_);
      const std::string shown = source_.substr(at_, whole ? whole->n_byte : 1);
      refuse(at_, fmt::format("unexpected character {}", json_string(escape_terminal(shown))));
    }
    constexpr std::string_view kOpen = "([{";
    constexpr std::string_view kClose = ")]}";
    if (kOpen.find(c) != std::string_view::npos) brackets_ += kClose[kOpen.find(c)];
    if (kClose.find(c) != std::string_view::npos) {
      if (brackets_.empty() || brackets_.back() != c)
        refuse(at_, fmt::format("unexpected '{}'", c));
      brackets_.pop_back();
    }
    add(Kind::kOperator, 1);
  }

  std::string source_;
  const std::string& where_;
  std::size_t at_ = 0;
  std::size_t placed_ = 0;
  Place now_{1, 1};
  bool line_starting_ = true;
  std::string brackets_;  ///< the closing ones that are awaited
  std::vector<ChatToken> out_;
};

}  // namespace

void fail_template(const std::string& where, Place place, std::string_view message) {
  fail(ErrorCode::kBadInput, "{}: line {}, column {}: {}", where, place.line, place.column,
       message);
}

std::vector<ChatToken> lex_chat_template(std::string_view source, const std::string& where,
                                         const ChatLimits& limits) {
  if (source.size() > limits.max_template)
    fail(ErrorCode::kBadInput, "{}: limit broken: template of {} bytes, at most {}", where,
         source.size(), limits.max_template);
  if (const auto bad = first_invalid_utf8(source))
    fail(ErrorCode::kBadInput, "{}: byte {}: expected UTF-8, got byte 0x{:02x}", where, *bad,
         static_cast<unsigned char>(source[*bad]));
  return Lexer(plain_lines(source), where).run();
}

}  // namespace moescope::tokenizer

#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace moescope::tokenizer {

/// Bytes [begin, end) of a text.
struct TextRange {
  std::size_t begin = 0;
  std::size_t end = 0;
  bool operator==(const TextRange&) const = default;
};

/// Whose rules a pattern follows where the dialects differ.
enum class RegexDialect {
  kOniguruma,  ///< tokenizer.json
  kTiktoken,   ///< tekken.json
};

/// Writes a foreign pattern as PCRE2 reads it: `\s`, `\w` and `\d` spelled out, groups that don't
/// capture. Only what both sides take alike is let through.
/// Errors: kBadInput that opens with `where` and names the construct.
std::string to_pcre2(std::string_view pattern, RegexDialect dialect, std::string_view where);

/// What one thread needs to run any Regex.
class RegexWorkspace {
 public:
  RegexWorkspace();
  ~RegexWorkspace();
  RegexWorkspace(const RegexWorkspace&) = delete;
  RegexWorkspace& operator=(const RegexWorkspace&) = delete;

  /// Sets how long all searches from now on may take together, for a text of this size.
  void begin(std::size_t n_byte);

 private:
  friend class Regex;
  struct Data;
  std::unique_ptr<Data> data_;
};

/// A compiled pattern. Copies share it; any number of threads may run it.
class Regex {
 public:
  /// Errors: kBadInput, opening with `where`: a construct that isn't supported, a pattern that is
  /// malformed, too long, or matches the empty text.
  Regex(std::string_view pattern, RegexDialect dialect, std::string_view where);
  /// A pattern that matches exactly `text`.
  static Regex literal(std::string_view text, std::string_view where);

  /// Adds all matches in valid UTF-8, from left to right, none within another.
  /// Errors: kBadInput where the pattern takes far longer on the text than such patterns do.
  void find_all(std::string_view text, RegexWorkspace& workspace,
                std::vector<TextRange>& out) const;

 private:
  struct Code;
  explicit Regex(std::shared_ptr<const Code> code) : code_(std::move(code)) {}
  std::shared_ptr<const Code> code_;
};

}  // namespace moescope::tokenizer

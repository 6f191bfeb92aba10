#include "core/tokenizer/regex.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "core/base/error.hpp"
#include "core/base/utf8.hpp"
#include "tests/error_of.hpp"

namespace moescope::tokenizer {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> matches(std::string_view pattern, std::string_view text,
                                 RegexDialect dialect = RegexDialect::kOniguruma) {
  RegexWorkspace workspace;
  workspace.begin(text.size());
  std::vector<TextRange> found;
  Regex(pattern, dialect, "t").find_all(text, workspace, found);
  std::vector<std::string> out;
  for (const TextRange& r : found) out.emplace_back(text.substr(r.begin, r.end - r.begin));
  return out;
}

/// How many characters a pattern for one character takes.
std::size_t count_taken(std::string_view pattern) {
  RegexWorkspace workspace;
  const Regex regex(pattern, RegexDialect::kOniguruma, "t");
  std::size_t n = 0;
  std::string text;
  for (char32_t code = 0; code < 0x110000; code += 0x800) {
    if (code == 0xd800) continue;
    text.clear();
    for (char32_t c = code; c < code + 0x800; ++c) append_utf8(text, c);
    workspace.begin(text.size());
    std::vector<TextRange> found;
    regex.find_all(text, workspace, found);
    n += found.size();
  }
  return n;
}

TEST(Regex, SpacesAreThoseOfTheReference) {
  EXPECT_EQ(count_taken(R"(\s)"), 25u);
  EXPECT_EQ(count_taken(R"([^\S])"), 25u);
  EXPECT_EQ(count_taken(R"(\S)"), 0x110000u - 0x800 - 25);
  EXPECT_EQ(count_taken(R"([^\s])"), 0x110000u - 0x800 - 25);
  EXPECT_THAT(matches(R"(\s)", "\u180e\u200b\u00a0\u0085"), ElementsAre("\u00a0", "\u0085"));
}

TEST(Regex, LettersAreThoseOfTheReference) {
  EXPECT_THAT(matches(R"(\w+)", "a_\u0301½ b"), ElementsAre("a_\u0301½", "b"));
  EXPECT_THAT(matches(R"([\w]+)", "a_\u0301½ b"), ElementsAre("a_\u0301", "b"));
  EXPECT_THAT(matches(R"(\w+)", "a½", RegexDialect::kTiktoken), ElementsAre("a"));
  EXPECT_THAT(matches(R"(\d)", "1٣½"), ElementsAre("1", "٣"));
  EXPECT_THAT(matches(R"(\p{Han}|\p{^L})", "漢a、ー"), ElementsAre("漢", "、"));
  EXPECT_THAT(matches("(?i:'s|k)", "'S'ſK\u212a"), ElementsAre("'S", "'ſ", "K", "\u212a"));
}

TEST(Regex, ReadsWhatPatternsUse) {
  EXPECT_THAT(matches(R"(\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s+(?!\S)|\s+)", "1234  !\n  a"),
              ElementsAre("123", "4", " ", " !\n", " ", " "));
  EXPECT_THAT(matches(R"([!-/\[\]\\^-]+)", "a[\\]^-!"), ElementsAre("[\\]^-!"));
  EXPECT_THAT(matches(R"((?<=a)b|(?<!a)c)", "abcac"), ElementsAre("b", "c"));
  EXPECT_THAT(matches("a{,2}b|x{2}|{y", "aab xx {y"), ElementsAre("aab", "xx", "{y"));
  EXPECT_THAT(matches("^.|.$", "ab\ncd"), ElementsAre("a", "b", "c", "d"));
  EXPECT_THAT(matches(R"(\x{e9}|\u0061|\x62)", "éabc"), ElementsAre("é", "a", "b"));
  EXPECT_THAT(matches("a++b|c*?d|e+?", "aab ccd ee"), ElementsAre("aab", "ccd", "e", "e"));
}

TEST(Regex, AnIntervalAndAPlusMeanWhatTheirDialectSays) {
  EXPECT_THAT(matches("a{1,2}+", "aaaaa"), ElementsAre("aaaaa"));
  EXPECT_THAT(matches("a{1,2}+", "aaaaa", RegexDialect::kTiktoken), ElementsAre("aa", "aa", "a"));
}

TEST(Regex, LiteralsAreNoPatterns) {
  RegexWorkspace workspace;
  std::vector<TextRange> found;
  Regex::literal("a.(é", "t").find_all("a.(é axé", workspace, found);
  EXPECT_THAT(found, ElementsAre(TextRange{0, 5}));
}

TEST(Regex, FindsAllInTextsOfAnyLength) {
  for (const std::size_t n : {std::size_t{4095}, std::size_t{4097}, std::size_t{1} << 20}) {
    std::string text(n, 'x');
    for (std::size_t i = 0; i + 2 < n; i += 1000) text.replace(i, 2, "é");
    EXPECT_EQ(matches("é", text).size(), (n + 997) / 1000) << n;
  }
}

TEST(Regex, RefusesByNameWhatIsReadDifferently) {
  const std::pair<const char*, const char*> cases[] = {
      {R"(\bword)", R"('\b' isn't supported)"},
      {R"((a)\1)", R"('\1' isn't supported)"},
      {R"(\h)", R"('\h')"},
      {R"(\Ka)", R"('\K')"},
      {R"(a\)", "a backslash at the end"},
      {R"([a&&b])", "'&&' in a class"},
      {R"([a[bc]])", "a class within a class"},
      {R"([[:alpha:]])", "'[:…:]'"},
      {"[]a]", "an empty class"},
      {"[a", "a class that isn't closed"},
      {"[z-a]", "a range out of order"},
      {R"([\s-z])", "a range that begins with a set"},
      {R"([\W])", R"('\W')"},
      {"(?<name>a)", "'(?<name>'"},
      {"(?P<n>a)", "'(?P<n>'"},
      {"a(?i)b", "'(?i)'"},
      {"(*LIMIT_MATCH=1)a", "'(*"},
      {"(a", "a group that isn't closed"},
      {"a)", "')' without '('"},
      {"*a", "'*' with nothing before it"},
      {"(?=a)*b", "'*' with nothing before it"},
      {"a**", "'*' with nothing before it"},
      {"a{5,2}", "'{5,2}'"},
      {"a{2}?", "'{2}?'"},
      {"a{2000}", "repeating over 1000 times"},
      {R"(\p{Alpha}x)", "unknown property"},
      {R"(\p{IsLetter2}x)", R"('\p{IsLetter2}')"},
      {R"(\pLx)", R"('\p')"},
      {R"(\xe9)", R"('\xe9')"},
      {R"(\x{d800})", R"('\x{d800}')"},
      {R"(\x{110000})", R"('\x{110000}')"},
      {"(?i:é)", "a character beyond ASCII under (?i)"},
      {"(?i:Straße|ss)", "under (?i)"},
      {"(?i:sS)", "'ss' under (?i)"},
      {R"((?i:\p{Lu}))", R"('\p' under (?i))"},
      {"a*", "matches the empty text"},
      {"", "matches the empty text"},
  };
  for (const auto& [pattern, message] : cases) {
    SCOPED_TRACE(pattern);
    EXPECT_THAT(error_of([&, p = pattern] { Regex(p, RegexDialect::kOniguruma, "f"); }),
                HasSubstr(message));
  }
  EXPECT_THAT(error_of([&] { Regex(std::string(20000, 'a'), RegexDialect::kOniguruma, "f"); }),
              HasSubstr("f: a regular expression of 20000 bytes, expected at most 16384"));
  EXPECT_THAT(error_of([&] {
                Regex(std::string(100, '(') + "a" + std::string(100, ')'), RegexDialect::kOniguruma,
                      "f");
              }),
              HasSubstr("over 32 groups in each other"));
  EXPECT_THAT(error_of([] {
                std::string bomb = "x";
                for (int i = 0; i < 4; ++i) bomb = "(?:" + bomb + "){1000}";
                Regex(bomb, RegexDialect::kOniguruma, "f");
              }),
              HasSubstr("regular expression"));
}

TEST(Regex, BombsEndInAnErrorAndNotInHours) {
  const auto start = std::chrono::steady_clock::now();
  for (const char* bomb :
       {"(?:a+)+X", "(?:a|aa)+X", "(?:a*)*X", "a+a+a+a+a+X", "(?:a?){30}a{30}X"}) {
    SCOPED_TRACE(bomb);
    const std::string text(3000, 'a');
    EXPECT_THAT(error_of([&] { EXPECT_TRUE(matches(bomb, text + "Y X").empty()); }),
                testing::AnyOf(testing::IsEmpty(), HasSubstr("needs too many steps"),
                               HasSubstr("takes too long")));
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  EXPECT_LT(took.count(), 60.0);
}

TEST(Regex, PatternsInUseTakeAnyRun) {
  constexpr std::string_view kLlama3 =
      R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
  const std::size_t n = 1u << 20;
  EXPECT_EQ(matches(kLlama3, std::string(n, 'a')).size(), 1u);
  EXPECT_EQ(matches(kLlama3, std::string(n, ' ')).size(), 1u);
  EXPECT_EQ(matches(kLlama3, std::string(n, '!')).size(), 1u);
  EXPECT_EQ(matches(kLlama3, std::string(n, '1')).size(), (n + 2) / 3);
}

}  // namespace
}  // namespace moescope::tokenizer

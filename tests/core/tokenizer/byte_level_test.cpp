#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "core/base/error.hpp"
#include "core/base/utf8.hpp"
#include "core/tokenizer/nfc.hpp"
#include "core/tokenizer/tokenizer.hpp"
#include "tests/core/tokenizer/byte_json.hpp"
#include "tests/error_of.hpp"

namespace moescope::tokenizer {
namespace {

using namespace testing_bytes;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr auto kPlain = SpecialText::kPlain;
constexpr auto kRecognise = SpecialText::kRecognise;
using Pairs = std::vector<std::pair<std::size_t, std::size_t>>;

std::vector<std::string> pieces_of(const Tokenizer& t, std::string_view text,
                                   SpecialText special = kPlain) {
  std::vector<std::string> out;
  for (const Token& token : t.encode(text, special)) out.emplace_back(t.piece(token.id));
  return out;
}

Pairs spans_of(const Tokenizer& t, std::string_view text, SpecialText special = kPlain) {
  Pairs out;
  for (const Token& token : t.encode(text, special)) out.emplace_back(token.begin, token.end);
  return out;
}

std::string split(std::string_view pattern, std::string_view behavior, bool invert = false) {
  return R"({"type":"Sequence","pretokenizers":[{"type":"Split","pattern":)" +
         std::string(pattern) + R"(,"behavior":")" + std::string(behavior) + R"(","invert":)" +
         (invert ? "true" : "false") +
         R"(},{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":false}]})";
}

/// All of a to d beside each other join, unless something cuts between them.
ByteJson joining() {
  ByteJson json;
  json.pieces = {"aa", "aaaa", "ab", "ba", "aab", "Ġa"};
  json.merges = R"(["a a","aa aa","a b","b a","aa b","Ġ a"])";
  return json;
}

TEST(ByteLevel, AlphabetGoesBothWays) {
  std::string all;
  for (unsigned byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  std::string piece;
  append_byte_piece(piece, all);
  EXPECT_EQ(bytes_of_piece(piece), all);
  EXPECT_EQ(byte_pieces()[0x20], "Ġ");
  EXPECT_EQ(byte_pieces()[0x0a], "Ċ");
  EXPECT_EQ(byte_pieces()[0xad], "Ń");
  EXPECT_FALSE(bytes_of_piece("a b"));
  EXPECT_FALSE(bytes_of_piece("漢"));
}

TEST(ByteLevel, CutsBeforeItMerges) {
  const auto t = joining().load();
  EXPECT_THAT(pieces_of(t, "aa a'sab"), ElementsAre("aa", "Ġa", "'", "s", "ab"));
  EXPECT_EQ(spans_of(t, "aa a"), (Pairs{{0, 2}, {2, 4}}));
  EXPECT_THAT(pieces_of(t, "é\n"), ElementsAre("Ã", "©", "Ċ"));
  EXPECT_EQ(spans_of(t, "aé"), (Pairs{{0, 1}, {1, 3}, {1, 3}}));
}

TEST(ByteLevel, PutsASpaceBeforeWhereAsked) {
  auto json = joining();
  json.pre_tokenizer =
      R"({"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true,"use_regex":true})";
  const auto t = json.load();
  EXPECT_THAT(pieces_of(t, "a a"), ElementsAre("Ġa", "Ġa"));
  EXPECT_THAT(pieces_of(t, " a"), ElementsAre("Ġa"));
  EXPECT_EQ(spans_of(t, "a a"), (Pairs{{0, 1}, {1, 3}}));
  EXPECT_EQ(spans_of(t, "éa"), (Pairs{{0, 2}, {0, 2}, {0, 2}, {2, 3}}));
}

TEST(ByteLevel, PostProcessorTrimsOffsets) {
  auto json = joining();
  json.post_processor = R"({"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true})";
  EXPECT_EQ(spans_of(json.load(), "a a  "), (Pairs{{0, 1}, {2, 3}, {4, 4}, {5, 5}}));
  json.post_processor = R"({"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true})";
  EXPECT_EQ(spans_of(json.load(), " a a"), (Pairs{{0, 2}, {3, 4}}));
}

TEST(ByteLevel, TrimsAddedTokensByTheirNormalisedText) {
  auto json = joining();
  json.normalizer = R"({"type":"Prepend","prepend":" "})";
  json.added = R"([{"id":262,"content":"<x>","special":false,"normalized":true}])";
  json.post_processor = R"({"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true})";
  EXPECT_EQ(spans_of(json.load(), "<x>b"), (Pairs{{1, 3}, {3, 4}}));
}

TEST(ByteLevel, BytesWithoutAPieceAreAnErrorOrUnknown) {
  ByteJson json;
  std::string text = json.text();
  text.replace(text.find("\"a\":97,"), 7, "");
  const auto t = Tokenizer::from_json_bytes(text, "t.json");
  EXPECT_THAT(error_of([&] { t.encode("ba", kPlain); }), HasSubstr("byte 0x61 has no token"));
  json.model_flags = R"("unk_token":"?","fuse_unk":true)";
  text = json.text();
  text.replace(text.find("\"a\":97,"), 7, "");
  EXPECT_THAT(pieces_of(Tokenizer::from_json_bytes(text, "t.json"), "baab"),
              ElementsAre("b", "?", "b"));
}

TEST(ByteLevel, WholePiecesComeFirstUnderIgnoreMerges) {
  auto json = joining();
  json.pieces.push_back("Ġaab");
  EXPECT_THAT(pieces_of(json.load(), "b aab"), ElementsAre("b", "Ġ", "aab"));
  json.model_flags = R"("ignore_merges":true)";
  EXPECT_THAT(pieces_of(json.load(), "b aab"), ElementsAre("b", "Ġaab"));
}

TEST(ByteLevel, DecodesCharactersWholeAndWhatIsNoneAsTheReferenceDoes) {
  auto json = joining();
  json.added = R"([{"id":262,"content":"Zürich","normalized":false}])";
  const auto t = json.load();
  const auto decode = [&](std::vector<TokenId> ids) {
    DecodeStream stream(t);
    std::string streamed;
    for (const TokenId id : ids) {
      const std::string part = stream.push(id);
      EXPECT_FALSE(first_invalid_utf8(part));
      streamed += part;
    }
    streamed += stream.finish();
    EXPECT_EQ(streamed, t.decode(ids));
    return streamed;
  };
  const auto byte = [](unsigned b) { return TokenId(std::size_t{b}); };
  EXPECT_EQ(decode({byte(0xe6), byte(0xbc), byte(0xa2), TokenId(261u)}), "漢 a");
  EXPECT_EQ(decode({byte(0xe6), byte(0xbc), byte('x')}), "\ufffdx");
  EXPECT_EQ(decode({byte(0xff), byte(0xfe)}), "\ufffd\ufffd");
  EXPECT_EQ(decode({byte(0xf0), byte(0x9f), byte(0xe6), byte(0xbc), byte(0xa2)}), "\ufffd漢");
  EXPECT_EQ(decode({byte(0xed), byte(0xa0), byte(0x80)}), "\ufffd\ufffd\ufffd");
  EXPECT_EQ(decode({byte(0xe6)}), "\ufffd");
  EXPECT_EQ(decode({TokenId(262u), TokenId(261u)}), "Zürich a");
  EXPECT_TRUE(t.is_byte(byte(0xe6)));
  EXPECT_EQ(t.token_bytes(byte(0xe6)), "\xe6");
  EXPECT_EQ(t.token_bytes(TokenId(261u)), " a");
}

TEST(Split, EveryBehavior) {
  auto json = joining();
  json.merges = "[]";
  json.pieces.clear();
  json.model_flags = R"("ignore_merges":true)";
  for (const char* piece : {"x-", "-x", "--x", "x--", "-", "--", "x", "xx", "x-x--x"})
    json.pieces.emplace_back(piece);
  json.pieces.erase(json.pieces.begin() + 4);  // single bytes are there
  json.pieces.erase(std::find(json.pieces.begin(), json.pieces.end(), "x"));
  const auto cut = [&](std::string_view behavior, bool invert = false) {
    json.pre_tokenizer = split(R"({"String":"-"})", behavior, invert);
    return pieces_of(json.load(), "x-x--x");
  };
  EXPECT_THAT(cut("Isolated"), ElementsAre("x", "-", "x", "-", "-", "x"));
  EXPECT_THAT(cut("Removed"), ElementsAre("x", "x", "x"));
  EXPECT_THAT(cut("MergedWithPrevious"), ElementsAre("x-", "x-", "-", "x"));
  EXPECT_THAT(cut("MergedWithNext"), ElementsAre("x", "-x", "-", "-x"));
  EXPECT_THAT(cut("Contiguous"), ElementsAre("x", "-", "x", "--", "x"));
  EXPECT_THAT(cut("Removed", true), ElementsAre("-", "-", "-"));
  json.pre_tokenizer = split(R"({"Regex":"-+x?"})", "Isolated");
  EXPECT_THAT(pieces_of(json.load(), "x-x--x"), ElementsAre("x", "-x", "--x"));
}

TEST(Digits, OneByOneOrTogether) {
  auto json = joining();
  json.pieces.push_back("12");
  json.merges = R"(["1 2"])";
  const auto digits = [](std::string_view single) {
    return R"({"type":"Sequence","pretokenizers":[{"type":"Digits","individual_digits":)" +
           std::string(single) +
           R"(},{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true}]})";
  };
  json.pre_tokenizer = digits("true");
  EXPECT_THAT(pieces_of(json.load(), "a12"), ElementsAre("a", "1", "2"));
  json.pre_tokenizer = digits("false");
  EXPECT_THAT(pieces_of(json.load(), "a12"), ElementsAre("a", "12"));
}

TEST(Nfc, ComposedCharactersSpanWhatTheyWereMadeOf) {
  auto json = joining();
  json.normalizer = R"({"type":"NFC"})";
  const auto t = json.load();
  EXPECT_THAT(pieces_of(t, "e\u0301a"), ElementsAre("Ã", "©", "a"));
  EXPECT_EQ(spans_of(t, "e\u0301a"), (Pairs{{0, 3}, {0, 3}, {3, 4}}));
  EXPECT_EQ(spans_of(t, "éa"), (Pairs{{0, 2}, {0, 2}, {2, 3}}));
  json.normalizer = R"({"type":"Strip","strip_left":true,"strip_right":true})";
  EXPECT_EQ(spans_of(json.load(), "\u3000 a \n"), (Pairs{{4, 5}}));
  EXPECT_TRUE(json.load().encode(" \u00a0 ", kPlain).empty());
}

std::string nfc(std::string_view text) {
  AlignedText aligned(text, 0);
  to_nfc(aligned);
  for (std::size_t i = 0; i < aligned.text().size(); ++i)
    EXPECT_LE(aligned.origin(i, i + 1).end, text.size());
  return std::string(aligned.text());
}

TEST(Nfc, OrdersComposesAndExcludes) {
  EXPECT_EQ(nfc("a\u0301\u0323"), "\u1ea1\u0301");
  EXPECT_EQ(nfc("q\u0307\u0323"), "q\u0323\u0307");
  EXPECT_EQ(nfc("\u1112\u1161\u11ab"), "한");
  EXPECT_EQ(nfc("\u1112\u1161\u11a7"), "하\u11a7") << "a vowel, not a trailing consonant";
  EXPECT_EQ(nfc("\u0958"), "\u0915\u093c") << "excluded from composition";
  EXPECT_EQ(nfc("\u212b"), "\u00c5");
  EXPECT_EQ(nfc("か\u3099"), "が");
  EXPECT_EQ(nfc("\u0344"), "\u0308\u0301");
  EXPECT_EQ(nfc("\u1e9b\u0323"), "\u1e9b\u0323") << "no letter has both";
  EXPECT_EQ(nfc("ascii, Zürich, 漢字"), "ascii, Zürich, 漢字");
  // Marks of Unicode 10 and later stay where they are, as the reference doesn't know them.
  EXPECT_EQ(nfc("a\u0301\U00011d42\u0323"), "\u00e1\U00011d42\u0323");
  EXPECT_EQ(nfc("\U00011935\U00011930"), "\U00011935\U00011930");
}

TEST(Nfc, StaysQuickOnManyMarks) {
  std::string text;
  for (std::size_t i = 0; i < 200'000; ++i) text += i % 2 ? "\u0301" : "\u0323";
  EXPECT_EQ(nfc("a" + text).size(), text.size() + 1) << "one mark joins the a";
}

TEST(Metaspace, PutsMarksByItsScheme) {
  const auto load = [](std::string_view scheme, std::string_view more) {
    const std::string text =
        R"({"version":"1.0","added_tokens":[{"id":5,"content":"<s>","special":true,"normalized":false},
                                            {"id":6,"content":"<▁>","special":true,"normalized":false}],
            "pre_tokenizer":{"type":"Metaspace","replacement":"▁","prepend_scheme":")" +
        std::string(scheme) + R"(")" + std::string(more) +
        R"(},"decoder":{"type":"Metaspace","replacement":"▁","prepend_scheme":")" +
        std::string(scheme) +
        R"("},"model":{"type":"BPE","vocab":{"▁":0,"a":1,"b":2,"▁a":3,"a▁":4},"merges":["a ▁","▁ a"]}})";
    return Tokenizer::from_json_bytes(text, "t.json");
  };
  const std::string whole = R"(,"split":false)";
  EXPECT_THAT(pieces_of(load("always", ""), "a a<s>a", kRecognise),
              ElementsAre("▁a", "▁a", "<s>", "▁a"));
  EXPECT_THAT(pieces_of(load("first", ""), "a a<s>a", kRecognise),
              ElementsAre("▁a", "▁a", "<s>", "a"));
  EXPECT_THAT(pieces_of(load("never", ""), "a a"), ElementsAre("a", "▁a"));
  EXPECT_THAT(pieces_of(load("never", whole), "a a"), ElementsAre("a▁", "a"));
  EXPECT_THAT(pieces_of(load("always", whole), " b  a"), ElementsAre("▁", "b", "▁", "▁a"));
  EXPECT_EQ(spans_of(load("always", ""), "b a"), (Pairs{{0, 1}, {0, 1}, {1, 3}}));
  const auto decode = [](const Tokenizer& t, std::vector<TokenId> ids) { return t.decode(ids); };
  EXPECT_EQ(decode(load("always", ""), {TokenId(3u), TokenId(3u)}), "a a");
  EXPECT_EQ(decode(load("never", ""), {TokenId(3u), TokenId(3u)}), " a a");
  EXPECT_EQ(decode(load("never", ""), {TokenId(6u), TokenId(1u)}), "< >a") << "special or not";
}

TEST(Encoding, ThreadsShareATokenizer) {
  auto json = joining();
  const auto t = json.load();
  const std::string text = "aab ba a'aab éaa  ";
  const auto want = t.encode(text, kPlain);
  std::vector<std::thread> threads;
  std::vector<int> wrong(4);
  for (std::size_t i = 0; i < wrong.size(); ++i)
    threads.emplace_back([&, i] {
      for (int n = 0; n < 500; ++n) wrong[i] += t.encode(text, kPlain) != want;
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(wrong, ElementsAre(0, 0, 0, 0));
}

}  // namespace
}  // namespace moescope::tokenizer

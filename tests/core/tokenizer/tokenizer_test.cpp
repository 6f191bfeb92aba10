#include "core/tokenizer/tokenizer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>

#include "core/base/error.hpp"
#include "core/base/escape.hpp"
#include "core/base/sha256.hpp"
#include "core/base/utf8.hpp"
#include "tests/core/tokenizer/model_bytes.hpp"
#include "tests/error_of.hpp"

namespace moescope::tokenizer {
namespace {

using namespace testing_bytes;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr auto kPlain = SpecialText::kPlain;
constexpr auto kRecognise = SpecialText::kRecognise;

/// A tokenizer.json of the demo's kind; ids follow the order of `pieces`.
struct Json {
  std::vector<std::string> pieces;
  std::string merges = "[]";
  std::string added = "[]";
  std::string model_flags = R"("unk_token":"<unk>","fuse_unk":true)";
  std::string normalizer =
      R"({"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"▁"},
          {"type":"Replace","pattern":{"String":" "},"content":"▁"}]})";
  std::string decoder =
      R"({"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"▁"},"content":" "},
          {"type":"ByteFallback"},{"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":0}]})";
  std::string post_processor = "null";

  std::string text() const {
    std::string vocab;
    for (std::size_t i = 0; i < pieces.size(); ++i)
      vocab += (i ? "," : "") + json_string(pieces[i]) + ":" + std::to_string(i);
    return R"({"version":"1.0","added_tokens":)" + added + R"(,"normalizer":)" + normalizer +
           R"(,"pre_tokenizer":null,"post_processor":)" + post_processor + R"(,"decoder":)" +
           decoder + R"(,"model":{"type":"BPE",)" + model_flags + R"(,"vocab":{)" + vocab +
           R"(},"merges":)" + merges + "}}";
  }
  Tokenizer load() const { return Tokenizer::from_json_bytes(text(), "t.json"); }
};

std::string added_token(std::size_t id, std::string_view content, std::string_view flags) {
  return R"({"id":)" + std::to_string(id) + R"(,"content":)" + json_string(content) + "," +
         std::string(flags) + "}";
}

std::vector<std::string> pieces_of(const Tokenizer& t, std::string_view text,
                                   SpecialText special = kPlain) {
  std::vector<std::string> out;
  for (const Token& token : t.encode(text, special)) out.emplace_back(t.piece(token.id));
  return out;
}

std::vector<std::pair<std::size_t, std::size_t>> spans_of(const Tokenizer& t, std::string_view text,
                                                          SpecialText special = kPlain) {
  std::vector<std::pair<std::size_t, std::size_t>> out;
  for (const Token& token : t.encode(text, special)) out.emplace_back(token.begin, token.end);
  return out;
}

using Pairs = std::vector<std::pair<std::size_t, std::size_t>>;

Json letters() {
  Json json;
  json.pieces = {"<unk>", "▁", "a", "b", "c", "é", "ab", "bc", "▁a", "abc", "▁ab"};
  json.merges = R"([["b","c"],["▁","a"],["a","b"],["▁","ab"]])";
  return json;
}

/// letters() with byte fallback; the piece of a byte has id 11 + byte.
Json letters_and_bytes() {
  Json json = letters();
  json.model_flags += R"(,"byte_fallback":true)";
  for (const ScoredPiece& piece : spm_beginning(true))
    if (piece.type == PieceType::kByte) json.pieces.push_back(piece.text);
  return json;
}

TEST(JsonBpe, MergesByRankAndThenFromTheLeft) {
  const auto t = letters().load();
  EXPECT_THAT(pieces_of(t, "abc"), ElementsAre("▁a", "bc"));
  EXPECT_THAT(pieces_of(t, "ab"), ElementsAre("▁a", "b"));
  EXPECT_THAT(pieces_of(t, "cab"), ElementsAre("▁", "c", "ab"));
  Json twice;
  twice.pieces = {"<unk>", "▁", "a", "aa"};
  twice.merges = R"(["a a"])";
  EXPECT_THAT(pieces_of(twice.load(), "aaa"), ElementsAre("▁", "aa", "a"));
  EXPECT_TRUE(t.encode("", kPlain).empty());
}

TEST(JsonBpe, SpansAreBytesOfTheOriginal) {
  const auto t = letters().load();
  // A lone prefix takes the next character's span; a merged one is part of it.
  EXPECT_EQ(spans_of(t, "cab"), (Pairs{{0, 1}, {0, 1}, {1, 3}}));
  EXPECT_EQ(spans_of(t, "éa b"), (Pairs{{0, 2}, {0, 2}, {2, 3}, {3, 4}, {4, 5}}));
  EXPECT_EQ(spans_of(t, "b ab"), (Pairs{{0, 1}, {0, 1}, {1, 3}, {3, 4}}));
}

TEST(JsonBpe, UnknownCharactersFuseOnlyWhereTheFileSaysSo) {
  auto json = letters();
  EXPECT_THAT(pieces_of(json.load(), "axyb"), ElementsAre("▁a", "<unk>", "b"));
  EXPECT_EQ(spans_of(json.load(), "a漢yb"), (Pairs{{0, 1}, {1, 5}, {5, 6}}));
  json.model_flags = R"("unk_token":"<unk>","fuse_unk":false)";
  EXPECT_THAT(pieces_of(json.load(), "axyb"), ElementsAre("▁a", "<unk>", "<unk>", "b"));
  json.model_flags = R"("unk_token":null)";
  EXPECT_THAT(error_of([&] { json.load().encode("ax", kPlain); }),
              HasSubstr("character U+0078 has no token"));
}

TEST(JsonBpe, BytesOfACharacterSpanAllOfIt) {
  const auto t = letters_and_bytes().load();
  EXPECT_THAT(pieces_of(t, "a漢\n"), ElementsAre("▁a", "<0xE6>", "<0xBC>", "<0xA2>", "<0x0A>"));
  EXPECT_EQ(spans_of(t, "a漢\n"), (Pairs{{0, 1}, {1, 4}, {1, 4}, {1, 4}, {4, 5}}));
  const auto id = *t.find("<0x0A>");
  EXPECT_TRUE(t.is_byte(id));
  EXPECT_FALSE(t.is_byte(*t.find("a")));
  EXPECT_EQ(t.token_bytes(id), "\n");
  EXPECT_EQ(t.token_bytes(*t.find("▁ab")), " ab");
}

TEST(JsonBpe, WholePiecesComeFirstUnderIgnoreMerges) {
  auto json = letters();
  json.normalizer = "null";
  EXPECT_THAT(pieces_of(json.load(), "abc"), ElementsAre("a", "bc"));
  json.model_flags += R"(,"ignore_merges":true)";
  EXPECT_THAT(pieces_of(json.load(), "abc"), ElementsAre("abc"));
  json.added = "[" + added_token(11, "cc", R"("special":true)") + "]";
  EXPECT_THAT(pieces_of(json.load(), "cc"), ElementsAre("c", "c"));
}

TEST(AddedTokens, SpecialOnesAreTextUnlessAsked) {
  auto json = letters();
  json.pieces.insert(json.pieces.end(), {"</s>", "<", "/", "s", ">"});
  json.added = "[" + added_token(11, "</s>", R"("special":true)") + "]";
  const auto t = json.load();
  EXPECT_THAT(pieces_of(t, "a</s>b"), ElementsAre("▁a", "<", "/", "s", ">", "b"));
  EXPECT_THAT(pieces_of(t, "a</s>b", kRecognise), ElementsAre("▁a", "</s>", "▁", "b"));
  EXPECT_EQ(spans_of(t, "a</s>b", kRecognise), (Pairs{{0, 1}, {1, 5}, {5, 6}, {5, 6}}));
  EXPECT_TRUE(t.is_special(TokenId(11u)));
  EXPECT_EQ(t.token_bytes(TokenId(11u)), "</s>");
}

TEST(AddedTokens, TheLeftmostAndThenTheLongestWins) {
  auto json = letters();
  json.added = "[" + added_token(11, "bc", R"("normalized":false)") + "," +
               added_token(12, "bca", R"("normalized":false)") + "]";
  json.pieces[7] = "xx";
  json.merges = "[]";
  const auto t = json.load();
  EXPECT_THAT(pieces_of(t, "abcab"), ElementsAre("▁", "a", "bca", "▁", "b"));
  EXPECT_THAT(pieces_of(t, "abcb"), ElementsAre("▁", "a", "bc", "▁", "b"));
}

TEST(AddedTokens, TakeTheSpaceAroundThemWhereTheySaySo) {
  auto json = letters();
  json.added =
      "[" + added_token(11, "<m>", R"("lstrip":true,"rstrip":true,"normalized":false)") + "]";
  const auto t = json.load();
  EXPECT_THAT(pieces_of(t, "a \u00a0<m>\n b"), ElementsAre("▁a", "<m>", "▁", "b"));
  EXPECT_EQ(spans_of(t, "a \u00a0<m>\n b"), (Pairs{{0, 1}, {1, 9}, {9, 10}, {9, 10}}));
}

TEST(AddedTokens, SingleWordsTouchNoWordCharacter) {
  auto json = letters();
  json.added = "[" + added_token(11, "ok", R"("single_word":true,"normalized":false)") + "]";
  json.model_flags = R"("unk_token":"<unk>","fuse_unk":false)";
  const auto t = json.load();
  EXPECT_THAT(pieces_of(t, "ok"), ElementsAre("ok"));
  EXPECT_THAT(pieces_of(t, "a ok!"), ElementsAre("▁a", "▁", "ok", "▁", "<unk>"));
  EXPECT_THAT(pieces_of(t, "éok"), ElementsAre("▁", "é", "<unk>", "<unk>"));
  EXPECT_THAT(pieces_of(t, "ok_"), ElementsAre("▁", "<unk>", "<unk>", "<unk>"));
}

TEST(AddedTokens, NormalizedOnesAreLookedForInNormalisedText) {
  auto json = letters();
  json.added = "[" + added_token(11, "b c", R"("normalized":true)") + "]";
  const auto t = json.load();
  // The pattern becomes "▁b▁c".
  EXPECT_THAT(pieces_of(t, "a b c"), ElementsAre("▁a", "b c"));
  EXPECT_EQ(spans_of(t, "a b c"), (Pairs{{0, 1}, {1, 5}}));
  EXPECT_THAT(pieces_of(t, "ab c"), ElementsAre("▁a", "b", "▁", "c"));
}

TEST(Decoding, DropsOneSpaceAndReplacesWhatIsNoText) {
  const auto t = letters_and_bytes().load();
  const auto decode = [&](const std::vector<unsigned>& ids) {
    std::vector<TokenId> tokens;
    for (const unsigned id : ids) tokens.emplace_back(id);
    DecodeStream stream(t);
    std::string streamed;
    for (const TokenId id : tokens) {
      const std::string part = stream.push(id);
      EXPECT_FALSE(first_invalid_utf8(part));
      streamed += part;
    }
    streamed += stream.finish();
    return std::pair(t.decode(tokens), streamed);
  };
  EXPECT_EQ(decode({8, 1, 3}), (std::pair<std::string, std::string>("a b", "a b")));
  EXPECT_EQ(decode({1, 1, 3}).first, " b");
  constexpr unsigned kE6 = 11 + 0xe6, kBc = 11 + 0xbc, kA2 = 11 + 0xa2;
  EXPECT_EQ(decode({8, kE6, kBc, kA2, 3}).second, "a漢b");
  EXPECT_EQ(decode({8, kE6, kBc, 3}).first, "a\ufffd\ufffdb");
  EXPECT_EQ(decode({8, kE6, kBc, 3}).second, "a\ufffd\ufffdb");
  // The reference gives up a whole run of bytes; the stream has let the good part go already.
  EXPECT_EQ(decode({8, kE6, kBc, kA2, kBc}).first, "a\ufffd\ufffd\ufffd\ufffd");
  EXPECT_EQ(decode({8, kE6, kBc, kA2, kBc}).second, "a漢\ufffd");
  EXPECT_THAT(error_of([&] { t.decode(std::vector{TokenId(999u)}); }),
              HasSubstr("t.json: token id 999: expected less than 267"));
}

TEST(Encoding, RefusesTextThatIsNoUtf8) {
  EXPECT_EQ(error_of([] { letters().load().encode("ab\xff", kPlain); }),
            "text: byte 2: expected UTF-8, got byte 0xff");
}

TEST(Encoding, StaysQuickOnOneLongRun) {
  Json json;
  json.pieces = {"<unk>", "▁", "a", "aa", "aaaa", "aaaaaaaa", "aaa"};
  json.merges = R"([["a","a"],["aa","aa"],["aaaa","aaaa"],["aa","a"]])";
  const auto t = json.load();
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(t.encode(std::string((1u << 20) + 3, 'a'), kPlain).size(), (1u << 17) + 2u);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  EXPECT_LT(took.count(), 20.0) << "a quadratic merge would take hours";
}

TEST(PostProcessor, TellsWhatStandsAroundAText) {
  auto json = letters();
  json.pieces.insert(json.pieces.end(), {"<s>", "</s>"});
  json.post_processor = R"({"type":"TemplateProcessing","single":[
      {"SpecialToken":{"id":"<s>","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],"pair":[],
      "special_tokens":{"<s>":{"id":"<s>","ids":[11],"tokens":["<s>"]}}})";
  const auto t = json.load();
  EXPECT_EQ(t.bos(), TokenId(11u));
  EXPECT_TRUE(t.add_bos());
  EXPECT_FALSE(t.eos());
  EXPECT_FALSE(t.add_eos());
  EXPECT_EQ(t.unk(), TokenId(0u));
  EXPECT_EQ(t.n_vocab(), 13u);
  EXPECT_EQ(t.kind(), "tokenizer.json bpe");
  EXPECT_EQ(t.hash(), sha256_hex(json.text()));
}

Tokenizer spm(std::vector<ScoredPiece> more, const SpmOptions& options = {}) {
  auto pieces = spm_beginning(options.byte_fallback);
  pieces.insert(pieces.end(), more.begin(), more.end());
  return Tokenizer::from_sentencepiece_bytes(spm_model(pieces, options), "t.model");
}

const std::vector<ScoredPiece> kScored = {{"▁", -9},  {"a", -9},  {"b", -9},  {"c", -9},
                                          {"ab", -2}, {"bc", -1}, {"▁a", -3}, {"abc", -4}};

TEST(SentencePiece, MergesByScore) {
  const auto t = spm(kScored);
  EXPECT_THAT(pieces_of(t, "abc"), ElementsAre("▁a", "bc"));
  EXPECT_THAT(pieces_of(t, "cabc"), ElementsAre("▁", "c", "abc"));
  EXPECT_THAT(pieces_of(t, "ab abb"), ElementsAre("▁", "ab", "▁", "ab", "b"));
  EXPECT_EQ(spans_of(t, "ab abb"), (Pairs{{0, 1}, {0, 2}, {2, 3}, {3, 5}, {5, 6}}));
  EXPECT_EQ(t.kind(), "sentencepiece bpe");
  EXPECT_EQ(t.bos(), TokenId(1u));
  EXPECT_EQ(t.eos(), TokenId(2u));
  EXPECT_EQ(t.unk(), TokenId(0u));
}

TEST(SentencePiece, NeverFindsControlPiecesInText) {
  auto pieces = kScored;
  pieces.push_back({"<s", -5});
  pieces.push_back({"<", -9});
  pieces.push_back({"s", -9});
  pieces.push_back({">", -9});
  const auto t = spm(pieces);
  EXPECT_THAT(pieces_of(t, "a<s>"), ElementsAre("▁a", "<s", ">"));
  EXPECT_THAT(pieces_of(t, "a<s>b", kRecognise), ElementsAre("▁a", "<s>", "▁", "b"));
  EXPECT_EQ(t.decode(std::vector{TokenId(1u), *t.find("▁a"), TokenId(2u)}), "a");
  EXPECT_EQ(t.token_bytes(TokenId(1u)), "<s>");
}

TEST(SentencePiece, AlwaysFindsUserDefinedPieces) {
  auto pieces = kScored;
  pieces.push_back({"[abc]", 0, PieceType::kUserDefined});
  pieces.push_back({"[a", 0, PieceType::kUserDefined});
  const auto t = spm(pieces);
  EXPECT_THAT(pieces_of(t, "a[abc]b"), ElementsAre("▁a", "[abc]", "b"));
  EXPECT_THAT(pieces_of(t, "[ab"), ElementsAre("▁", "[a", "b"));
  EXPECT_EQ(spans_of(t, "a[abc]b"), (Pairs{{0, 1}, {1, 6}, {6, 7}}));
}

TEST(SentencePiece, WritesSpacesByItsRules) {
  const auto lean = spm(kScored, {.remove_extra_whitespaces = true});
  EXPECT_THAT(pieces_of(lean, "  a   b "), ElementsAre("▁a", "▁", "b"));
  EXPECT_EQ(spans_of(lean, "  a   b "), (Pairs{{2, 3}, {3, 4}, {6, 7}}));
  EXPECT_TRUE(lean.encode("   ", kPlain).empty());
  const auto bare = spm(kScored, {.add_dummy_prefix = false});
  EXPECT_THAT(pieces_of(bare, "a b"), ElementsAre("a", "▁", "b"));
  const auto after = spm(kScored, {.treat_whitespace_as_suffix = true});
  EXPECT_THAT(pieces_of(after, "b"), ElementsAre("b", "▁"));
  EXPECT_EQ(spans_of(after, "b"), (Pairs{{0, 1}, {0, 1}}));
}

class FolderTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::path(testing::TempDir()) /
              testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  void write(std::string_view name, std::string_view text) {
    std::ofstream(folder_ / name, std::ios::binary) << text;
  }
  std::filesystem::path folder_;
};

TEST_F(FolderTest, SaysWhichFilesAreMissing) {
  EXPECT_EQ(
      error_of([&] { Tokenizer::load_model_folder(folder_); }),
      folder_.string() +
          ": no tokenizer: neither tokenizer.json nor tokenizer.model nor tekken.json is there");
}

TEST_F(FolderTest, ReadsTheSettingsBesideAJson) {
  auto json = letters();
  json.pieces.insert(json.pieces.end(), {"<s>", "</s>"});
  write("tokenizer.json", json.text());
  const std::string config =
      R"({"bos_token":{"content":"<s>"},"eos_token":"</s>","add_bos_token":false,"add_eos_token":true})";
  write("tokenizer_config.json", config);
  const auto t = Tokenizer::load_model_folder(folder_);
  EXPECT_EQ(t.bos(), TokenId(11u));
  EXPECT_EQ(t.eos(), TokenId(12u));
  EXPECT_FALSE(t.add_bos());
  EXPECT_TRUE(t.add_eos());
  EXPECT_TRUE(t.is_special(TokenId(12u)));
  EXPECT_THAT(pieces_of(t, "</s>", kRecognise), ElementsAre("</s>"));
  std::vector<std::string> lines = {sha256_hex(json.text()) + "  tokenizer.json\n",
                                    sha256_hex(config) + "  tokenizer_config.json\n"};
  std::sort(lines.begin(), lines.end());
  EXPECT_EQ(t.hash(), sha256_hex(lines[0] + lines[1]));
}

TEST_F(FolderTest, ReadsTheTokensAddedToASentencePieceModel) {
  auto pieces = spm_beginning(false);
  pieces.insert(pieces.end(), kScored.begin(), kScored.end());
  write("tokenizer.model", spm_model(pieces));
  write("added_tokens.json", R"({"<pad>":11})");
  write("special_tokens_map.json", R"({"bos_token":"<s>","pad_token":"<pad>"})");
  const auto t = Tokenizer::load_model_folder(folder_);
  EXPECT_EQ(t.n_vocab(), 12u);
  EXPECT_THAT(pieces_of(t, "a<pad>b"), ElementsAre("▁a", "<pad>", "▁", "b"));
  EXPECT_TRUE(t.add_bos());
}

TEST_F(FolderTest, RefusesASettingThatNamesNoToken) {
  write("tokenizer.json", letters().text());
  write("tokenizer_config.json", R"({"bos_token":"<bos>"})");
  EXPECT_THAT(
      error_of([&] { Tokenizer::load_model_folder(folder_); }),
      HasSubstr("tokenizer_config.json: key 'bos_token': expected a token of the vocabulary"));
}

TEST_F(FolderTest, TellsTheKindByContent) {
  write("x.bin", letters().text());
  EXPECT_EQ(Tokenizer::load_file(folder_ / "x.bin").kind(), "tokenizer.json bpe");
  auto pieces = spm_beginning(false);
  write("y.json", spm_model(pieces));
  EXPECT_EQ(Tokenizer::load_file(folder_ / "y.json").kind(), "sentencepiece bpe");
  write("empty", "");
  EXPECT_THAT(error_of([&] { Tokenizer::load_file(folder_ / "empty"); }),
              HasSubstr("the file is empty"));
  write("z.gguf", "GGUF\3\0\0\0");
  EXPECT_THAT(error_of([&] { Tokenizer::load_file(folder_ / "z.gguf"); }),
              HasSubstr("z.gguf: byte 4: version"));
  write("zip", "PK\3\4....");
  EXPECT_THAT(error_of([&] { Tokenizer::load_file(folder_ / "zip"); }),
              HasSubstr("begins with \"PK"));
  EXPECT_THAT(error_of([&] { Tokenizer::load_file(folder_ / "none"); }), HasSubstr("no such file"));
}

}  // namespace
}  // namespace moescope::tokenizer

#include "core/tokenizer/gguf_vocabulary.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/error.hpp"
#include "core/tokenizer/tokenizer.hpp"
#include "tests/core/tokenizer/byte_json.hpp"
#include "tests/core/tokenizer/model_bytes.hpp"
#include "tests/error_of.hpp"

namespace moescope::tokenizer {
namespace {

using namespace testing_bytes;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr auto kPlain = SpecialText::kPlain;
constexpr auto kRecognise = SpecialText::kRecognise;

std::vector<std::string> pieces_of(const Tokenizer& t, std::string_view text,
                                   SpecialText special = kPlain) {
  std::vector<std::string> out;
  for (const Token& token : t.encode(text, special)) out.emplace_back(t.piece(token.id));
  return out;
}

GgufVocabulary gpt2(std::string_view pre) {
  GgufVocabulary v{.where = "t.gguf", .model = "gpt2", .pre = std::string(pre)};
  v.tokens = byte_pieces();
  v.token_types.assign(256, 1);
  const auto add = [&](const char* token, PieceType type) {
    v.tokens.emplace_back(token);
    v.token_types.push_back(static_cast<std::int64_t>(type));
  };
  for (const char* token : {"12", "123", "ab", "Ġab", "abab"}) add(token, PieceType::kNormal);
  add("<s>", PieceType::kControl);
  add("<tool>", PieceType::kUserDefined);
  add("Zürich", PieceType::kUserDefined);
  v.merges = {"1 2", "12 3", "a b", "Ġ ab"};
  v.bos = 261;
  return v;
}

TEST(GgufVocabulary, ThePreTokenizerDecidesWhereTextIsCut) {
  const auto digits = [](std::string_view pre) {
    return pieces_of(Tokenizer::from_gguf_vocabulary(gpt2(pre)), "123");
  };
  EXPECT_THAT(digits("gpt-2"), ElementsAre("123"));
  EXPECT_THAT(digits("olmo"), ElementsAre("123"));
  EXPECT_THAT(digits("llama-bpe"), ElementsAre("123"));
  EXPECT_THAT(digits("deepseek-v3"), ElementsAre("123"));
  for (const char* pre : {"qwen2", "starcoder", "smollm"})
    EXPECT_THAT(digits(pre), ElementsAre("1", "2", "3")) << pre;
}

TEST(GgufVocabulary, SomeTakeWholePiecesFirst) {
  for (const char* pre : {"llama-bpe", "gpt-4o"})
    EXPECT_THAT(pieces_of(Tokenizer::from_gguf_vocabulary(gpt2(pre)), "abab"), ElementsAre("abab"));
  for (const char* pre : {"gpt-2", "qwen2"})
    EXPECT_THAT(pieces_of(Tokenizer::from_gguf_vocabulary(gpt2(pre)), "abab"),
                ElementsAre("ab", "ab"));
}

TEST(GgufVocabulary, TypesSayWhatIsFoundInText) {
  const auto t = Tokenizer::from_gguf_vocabulary(gpt2("llama-bpe"));
  EXPECT_EQ(t.kind(), "gguf gpt2");
  EXPECT_THAT(pieces_of(t, "<tool>Zürich"), ElementsAre("<tool>", "Zürich"));
  EXPECT_THAT(pieces_of(t, "<s>"), ElementsAre("<", "s", ">"));
  EXPECT_THAT(pieces_of(t, "<s> ab", kRecognise), ElementsAre("<s>", "Ġab"));
  EXPECT_TRUE(t.is_special(TokenId(261u)));
  EXPECT_FALSE(t.is_special(TokenId(262u)));
  EXPECT_EQ(t.bos(), TokenId(261u));
  EXPECT_FALSE(t.add_bos()) << "gpt2 adds none unless told to";
  std::vector<TokenId> ids;
  for (const Token& token : t.encode("Zürich ab 漢", kPlain)) ids.push_back(token.id);
  EXPECT_EQ(t.decode(ids), "Zürich ab 漢");
}

TEST(GgufVocabulary, ScoresMakeASentencePieceModel) {
  GgufVocabulary v{.where = "t.gguf", .model = "llama", .pre = "default"};
  auto pieces = spm_beginning(true);
  pieces.insert(pieces.end(), {{"▁", -9}, {"a", -8}, {"b", -7}, {"▁a", -2}, {"ab", -1}});
  pieces.push_back({"[x]", 0, PieceType::kUserDefined});
  for (const ScoredPiece& p : pieces) {
    v.tokens.push_back(p.text);
    v.scores.push_back(p.score);
    v.token_types.push_back(static_cast<std::int64_t>(p.type));
  }
  v.bos = 1;
  v.eos = 2;
  const auto t = Tokenizer::from_gguf_vocabulary(v);
  EXPECT_EQ(t.kind(), "gguf llama");
  EXPECT_THAT(pieces_of(t, "ab a[x]\n"), ElementsAre("▁", "ab", "▁a", "[x]", "<0x0A>"));
  EXPECT_TRUE(t.add_bos());
  EXPECT_FALSE(t.add_eos());
  EXPECT_EQ(t.unk(), TokenId(0u));
  v.add_space_prefix = false;
  EXPECT_THAT(pieces_of(Tokenizer::from_gguf_vocabulary(v), "ab"), ElementsAre("ab"));
}

TEST(GgufVocabulary, TheHashIsThatOfWhatItSays) {
  auto v = gpt2("gpt-2");
  const auto hash = [&] { return Tokenizer::from_gguf_vocabulary(v).hash(); };
  const std::string first = hash();
  EXPECT_EQ(first.size(), 64u);
  v.where = "elsewhere.gguf";
  EXPECT_EQ(hash(), first);
  v.merges.pop_back();
  EXPECT_NE(hash(), first);
}

TEST(GgufVocabulary, IsGatheredFromKeys) {
  GgufKeys keys;
  keys.where = "t.gguf";
  std::vector<std::string> asked;
  const auto nothing = [&]([[maybe_unused]] auto type) {
    return [&](std::string_view key) {
      asked.emplace_back(key);
      return std::optional<decltype(type)>();
    };
  };
  keys.string = nothing(std::string());
  keys.uint = nothing(std::uint64_t{});
  keys.boolean = nothing(false);
  keys.strings = nothing(std::vector<std::string>());
  keys.floats = nothing(std::vector<float>());
  keys.integers = nothing(std::vector<std::int64_t>());
  EXPECT_THAT(error_of([&] { gather_gguf_vocabulary(keys); }),
              HasSubstr("t.gguf: key 'tokenizer.ggml.model' is missing"));
  keys.string = [](std::string_view key) -> std::optional<std::string> {
    if (key == "tokenizer.ggml.model") return "gpt2";
    if (key == "tokenizer.ggml.pre") return "gpt-2";
    return std::nullopt;
  };
  EXPECT_THAT(error_of([&] { gather_gguf_vocabulary(keys); }),
              HasSubstr("key 'tokenizer.ggml.tokens' is missing"));
  keys.strings = [](std::string_view key) -> std::optional<std::vector<std::string>> {
    if (key == "tokenizer.ggml.tokens") return byte_pieces();
    return std::nullopt;
  };
  keys.boolean = [](std::string_view key) -> std::optional<bool> {
    if (key == "tokenizer.ggml.add_bos_token") return true;
    return std::nullopt;
  };
  const GgufVocabulary v = gather_gguf_vocabulary(keys);
  EXPECT_EQ(v.model, "gpt2");
  EXPECT_EQ(v.pre, "gpt-2");
  EXPECT_EQ(v.tokens.size(), 256u);
  EXPECT_EQ(v.add_bos, true);
  EXPECT_FALSE(v.add_eos);
  EXPECT_FALSE(v.bos);
}

}  // namespace
}  // namespace moescope::tokenizer

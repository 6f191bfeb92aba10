#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "core/base/random.hpp"
#include "core/base/utf8.hpp"
#include "core/tokenizer/tokenizer.hpp"
#include "tests/core/tokenizer/model_bytes.hpp"

#ifdef MOESCOPE_HAS_SENTENCEPIECE
#include <sentencepiece_processor.h>
#endif

// libsentencepiece itself says what the ids are; it is linked here and nowhere else.
namespace moescope::tokenizer {
namespace {

#ifdef MOESCOPE_HAS_SENTENCEPIECE

using namespace testing_bytes;

void compare(const sentencepiece::SentencePieceProcessor& oracle, const Tokenizer& ours,
             const std::string& text) {
  std::vector<int> want;
  ASSERT_TRUE(oracle.Encode(text, &want).ok());
  std::vector<int> got;
  std::vector<TokenId> ids;
  std::size_t begin = 0;
  for (const Token& token : ours.encode(text, SpecialText::kPlain)) {
    got.push_back(static_cast<int>(token.id.value));
    ids.push_back(token.id);
    EXPECT_GE(token.begin, begin) << "spans run forwards";
    EXPECT_LT(token.begin, token.end);
    EXPECT_LE(token.end, text.size());
    begin = token.begin;
  }
  ASSERT_EQ(got, want) << "text: " << testing::PrintToString(text);
  std::string decoded;
  ASSERT_TRUE(oracle.Decode(want, &decoded).ok());
  EXPECT_EQ(ours.decode(ids), decoded) << "text: " << testing::PrintToString(text);
}

std::string random_text(Random& random, const std::vector<std::string>& alphabet,
                        std::size_t longest) {
  std::string text;
  for (std::size_t n = random.below(longest); n > 0; --n)
    text += alphabet[random.below(alphabet.size())];
  return text;
}

std::string random_unicode(Random& random) {
  std::string text;
  for (std::size_t n = random.below(60); n > 0; --n) {
    constexpr char32_t kTops[] = {0x80, 0x80, 0x250, 0x3100, 0xd800, 0x11000, 0x1fa00, 0x110000};
    const auto code = static_cast<char32_t>(random.below(kTops[random.below(8)]));
    const bool usable = code != 0 && (code < 0xd800 || code > 0xdfff);
    const std::size_t again = random.below(8) == 0 ? 1 + random.below(5) : 1;
    for (std::size_t i = 0; i < again; ++i) append_utf8(text, usable ? code : U' ');
  }
  return text;
}

/// A vocabulary over few characters, with equal scores, so that ties matter.
std::string random_model(Random& random) {
  const std::vector<std::string> alphabet = {"a", "b", "c", "é", "漢", "▁", " "};
  const auto coin = [&] { return random.below(2) == 0; };
  const SpmOptions options{.byte_fallback = coin(),
                           .add_dummy_prefix = random.below(3) != 0,
                           .remove_extra_whitespaces = coin(),
                           .escape_whitespaces = random.below(4) != 0,
                           .treat_whitespace_as_suffix = random.below(4) == 0};
  auto pieces = spm_beginning(options.byte_fallback);
  const bool odd_types = coin();
  for (std::size_t n = 5 + random.below(40); n > 0; --n) {
    ScoredPiece piece{random_text(random, alphabet, 6), -static_cast<float>(random.below(8)),
                      PieceType::kNormal};
    if (odd_types && random.below(6) == 0) piece.type = PieceType::kUnused;
    if (odd_types && random.below(9) == 0) piece.type = PieceType::kUserDefined;
    const auto same = [&](const ScoredPiece& p) { return p.text == piece.text; };
    if (!piece.text.empty() && std::none_of(pieces.begin(), pieces.end(), same))
      pieces.push_back(piece);
  }
  return spm_model(pieces, options);
}

TEST(SentencePieceOracle, RandomModelsOverRandomText) {
  Random random(20240607);
  const std::vector<std::string> alphabet = {"a", "b", "c", "é", "漢", "▁", " ", " ", "x", "😀"};
  for (int round = 0; round < 400; ++round) {
    const std::string model = random_model(random);
    sentencepiece::SentencePieceProcessor oracle;
    ASSERT_TRUE(oracle.LoadFromSerializedProto(model).ok());
    const auto ours = Tokenizer::from_sentencepiece_bytes(model, "random.model");
    ASSERT_EQ(ours.n_vocab(), static_cast<std::size_t>(oracle.GetPieceSize()));
    for (int line = 0; line < 50; ++line) {
      compare(oracle, ours, random_text(random, alphabet, 30));
      if (HasFatalFailure()) FAIL() << "round " << round;
    }
  }
}

TEST(SentencePieceOracle, PublishedModelsOverRandomText) {
  const auto files =
      std::filesystem::path(MOESCOPE_SHARED_DIR) / "goldens" / "tokenizers" / "files";
  if (!std::filesystem::exists(files))
    GTEST_SKIP() << "shared/goldens/tokenizers is not beside the repository";
  Random random(7);
  const std::vector<std::string> words = {"the",    "The",    " ",     "  ",     "\n",   "\t",
                                          "▁",      "ing",    "ation", "é",      "漢字", "😀",
                                          "0",      "12",     "<s>",   "[INST]", "de",   "<0x0A>",
                                          "\u00a0", "\u3000", ".",     "ß",      "ﬁ",    "e\u0301"};
  for (const char* name : {"mixtral_v1.model", "mistral_v3.model"}) {
    sentencepiece::SentencePieceProcessor oracle;
    ASSERT_TRUE(oracle.Load((files / name).string()).ok());
    const auto ours = Tokenizer::load_file(files / name);
    for (int line = 0; line < 1500; ++line) {
      compare(oracle, ours, random_unicode(random));
      compare(oracle, ours, random_text(random, words, 40));
      if (HasFatalFailure()) FAIL() << name;
    }
  }
}

TEST(SentencePieceOracle, DecodesAnyTokensAlike) {
  Random random(11);
  for (int round = 0; round < 300; ++round) {
    const std::string model = random_model(random);
    sentencepiece::SentencePieceProcessor oracle;
    ASSERT_TRUE(oracle.LoadFromSerializedProto(model).ok());
    const auto ours = Tokenizer::from_sentencepiece_bytes(model, "random.model");
    std::vector<int> ids;
    std::vector<TokenId> tokens;
    for (std::size_t n = random.below(20); n > 0; --n) {
      tokens.emplace_back(random.below(ours.n_vocab()));
      ids.push_back(static_cast<int>(tokens.back().value));
    }
    std::string want;
    ASSERT_TRUE(oracle.Decode(ids, &want).ok());
    EXPECT_EQ(ours.decode(tokens), want) << "round " << round;
    std::string streamed;
    DecodeStream stream(ours);
    for (const TokenId id : tokens) streamed += stream.push(id);
    EXPECT_EQ(streamed + stream.finish(), want) << "round " << round;
  }
}

#else

TEST(SentencePieceOracle, NeedsTheLibrary) {
  GTEST_SKIP() << "libsentencepiece-dev is not installed, so nothing says what the ids should be";
}

#endif

}  // namespace
}  // namespace moescope::tokenizer

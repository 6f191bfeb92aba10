#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "core/base/json.hpp"
#include "core/base/utf8.hpp"
#include "core/tokenizer/gguf_vocabulary.hpp"
#include "core/tokenizer/nfc.hpp"
#include "core/tokenizer/tokenizer.hpp"
#include "tests/core/tokenizer/gguf_keys.hpp"

namespace moescope::tokenizer {
namespace {

const std::filesystem::path kFolder =
    std::filesystem::path(MOESCOPE_SHARED_DIR) / "goldens" / "tokenizers";

/// Lines of a JSONL file, split on line feeds only.
std::vector<nlohmann::json> load(const std::string& name) {
  std::ifstream in(kFolder / name, std::ios::binary);
  std::vector<nlohmann::json> out;
  for (std::string line; std::getline(in, line, '\n');) out.push_back(parse_json(line, name));
  return out;
}

std::vector<std::uint32_t> ids_of(const std::vector<Token>& tokens) {
  std::vector<std::uint32_t> ids;
  for (const Token& t : tokens) ids.push_back(t.id.value);
  return ids;
}

/// Byte offset of every character of the text, and its end.
std::vector<std::size_t> character_starts(std::string_view text) {
  std::vector<std::size_t> starts;
  for (std::size_t at = 0; at < text.size(); at += decode_utf8(text, at)->n_byte)
    starts.push_back(at);
  starts.push_back(text.size());
  return starts;
}

bool is_nfc(std::string_view text) {
  AlignedText normalised(text, 0);
  to_nfc(normalised);
  return normalised.text() == text;
}

/// Whether the tokens stand for other text: normalised text, or spaces that an added token took.
bool loses_text(std::string_view name, std::string_view text) {
  if (name == "metaspace" && text.starts_with(' ')) return true;  // it counts as the prefix
  const bool normalises = name == "qwen2" || name == "neox_nfc";
  return (normalises && !is_nfc(text)) || (name == "qwen2" && text.find("tool>") != text.npos);
}

class Golden : public testing::TestWithParam<std::pair<const char*, const char*>> {
 protected:
  void SetUp() override {
    name_ = GetParam().first;
    file_ = kFolder / "files" / GetParam().second;
    if (!std::filesystem::exists(file_))
      GTEST_SKIP() << "shared/goldens/tokenizers is not beside the repository";
    lines_ = load("lines.jsonl");
    ASSERT_GT(lines_.size(), 1900u);
  }
  std::string name_;
  std::filesystem::path file_;
  std::vector<nlohmann::json> lines_;
};

/// What only exists of tokenizer.json files: both readings, and offsets.
class JsonGolden : public Golden {};

TEST_P(Golden, EveryLineGivesTheReferenceIds) {
  const auto tokenizer = Tokenizer::load_file(file_);
  const auto want = load(name_ + ".ids.jsonl");
  ASSERT_EQ(want.size(), lines_.size());
  const bool json = file_.extension() == ".json" && name_ != "tekken_240718";
  const auto reading = json ? SpecialText::kRecognise : SpecialText::kPlain;
  for (std::size_t i = 0; i < lines_.size(); ++i) {
    const auto tokens = tokenizer.encode(lines_[i].get<std::string>(), reading);
    EXPECT_EQ(ids_of(tokens), want[i].get<std::vector<std::uint32_t>>()) << "line " << i;
  }
}

TEST_P(JsonGolden, SpecialTokensInTextStayText) {
  const auto tokenizer = Tokenizer::load_file(file_);
  auto want = load(name_ + ".ids.jsonl");
  for (const auto& row : load(name_ + ".plain.ids.jsonl")) want[row[0].get<std::size_t>()] = row[1];
  for (std::size_t i = 0; i < lines_.size(); ++i) {
    const auto tokens = tokenizer.encode(lines_[i].get<std::string>(), SpecialText::kPlain);
    EXPECT_EQ(ids_of(tokens), want[i].get<std::vector<std::uint32_t>>()) << "line " << i;
  }
}

TEST_P(JsonGolden, OffsetsAreTheReferencesCharacters) {
  const auto tokenizer = Tokenizer::load_file(file_);
  const auto want = load(name_ + ".offsets.jsonl");
  for (std::size_t i = 0; i < lines_.size(); ++i) {
    const auto text = lines_[i].get<std::string>();
    const auto starts = character_starts(text);
    const auto tokens = tokenizer.encode(text, SpecialText::kRecognise);
    ASSERT_EQ(tokens.size(), want[i].size()) << "line " << i;
    for (std::size_t t = 0; t < tokens.size(); ++t) {
      ASSERT_EQ(tokens[t].begin, starts[want[i][t][0].get<std::size_t>()]) << i << ", " << t;
      // Where a character was composed, the reference ends at the first of its parts.
      const std::size_t end = starts[want[i][t][1].get<std::size_t>()];
      ASSERT_TRUE(tokens[t].end == end || (tokens[t].end > end && !is_nfc(text)))
          << i << ", " << t << ": " << tokens[t].end << " instead of " << end;
    }
  }
}

TEST_P(Golden, DecodingGivesTheTextBack) {
  const auto tokenizer = Tokenizer::load_file(file_);
  for (std::size_t i = 0; i < lines_.size(); ++i) {
    const auto text = lines_[i].get<std::string>();
    std::vector<TokenId> ids;
    std::string streamed;
    DecodeStream stream(tokenizer);
    for (const Token& t : tokenizer.encode(text, SpecialText::kPlain)) {
      ids.push_back(t.id);
      streamed += stream.push(t.id);
    }
    streamed += stream.finish();
    EXPECT_EQ(streamed, tokenizer.decode(ids)) << "line " << i;
    if (text.find("\xe2\x96\x81") == std::string::npos && !loses_text(name_, text)) {
      EXPECT_EQ(streamed, text) << "line " << i;
    }
  }
}

const auto kName = [](const auto& param) { return std::string(param.param.first); };

const std::vector<std::pair<const char*, const char*>> kJsonFiles = {
    {"deepseek3", "deepseek3.json"}, {"demo", "demo.json"},
    {"gpt2", "gpt2.json"},           {"llama3", "llama3.json"},
    {"metaspace", "metaspace.json"}, {"neox_nfc", "neox_nfc.json"},
    {"o200k", "o200k.json"},         {"qwen2", "qwen2.json"},
    {"starcoder", "starcoder.json"},
};

/// Vocabularies inside GGUF files.
class GgufGolden : public Golden {};

std::string file_bytes(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// Lines for which a GGUF vocabulary gives other ids: it has no normaliser, and no flags of added
/// tokens.
bool gguf_differs(std::string_view name, std::size_t line, std::string_view text) {
  const bool normalises = name == "qwen2" || name == "neox_nfc";
  return (normalises && !is_nfc(text)) || (name == "qwen2" && line >= 1773 && line <= 1775);
}

TEST_P(GgufGolden, EveryLineGivesTheReferenceIds) {
  const std::string bytes = file_bytes(file_);
  const auto vocabulary = gather_gguf_vocabulary(testing_gguf::keys_of(bytes, file_.string()));
  const auto tokenizer = Tokenizer::from_gguf_vocabulary(vocabulary);
  const auto want = load(name_ + ".ids.jsonl");
  const auto reading = name_ == "mixtral_v1" ? SpecialText::kPlain : SpecialText::kRecognise;
  for (std::size_t i = 0; i < lines_.size(); ++i) {
    const auto text = lines_[i].get<std::string>();
    if (gguf_differs(name_, i, text)) continue;
    EXPECT_EQ(ids_of(tokenizer.encode(text, reading)), want[i].get<std::vector<std::uint32_t>>())
        << "line " << i;
  }
}

TEST_P(GgufGolden, SpecialTokensInTextStayText) {
  const std::string bytes = file_bytes(file_);
  const auto vocabulary = gather_gguf_vocabulary(testing_gguf::keys_of(bytes, file_.string()));
  const auto tokenizer = Tokenizer::from_gguf_vocabulary(vocabulary);
  auto want = load(name_ + ".ids.jsonl");
  if (name_ != "mixtral_v1")
    for (const auto& row : load(name_ + ".plain.ids.jsonl"))
      want[row[0].get<std::size_t>()] = row[1];
  for (std::size_t i = 0; i < lines_.size(); ++i) {
    const auto text = lines_[i].get<std::string>();
    if (gguf_differs(name_, i, text)) continue;
    EXPECT_EQ(ids_of(tokenizer.encode(text, SpecialText::kPlain)),
              want[i].get<std::vector<std::uint32_t>>())
        << "line " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Vocabularies, GgufGolden,
                         testing::ValuesIn(std::vector<std::pair<const char*, const char*>>{
                             {"deepseek3", "deepseek3.gguf"},
                             {"gpt2", "gpt2.gguf"},
                             {"llama3", "llama3.gguf"},
                             {"mixtral_v1", "mixtral_v1.gguf"},
                             {"neox_nfc", "neox_nfc.gguf"},
                             {"o200k", "o200k.gguf"},
                             {"qwen2", "qwen2.gguf"},
                             {"starcoder", "starcoder.gguf"}}),
                         kName);
INSTANTIATE_TEST_SUITE_P(Tekken, Golden,
                         testing::Values(std::pair{"tekken_240718", "tekken_240718.json"}), kName);
INSTANTIATE_TEST_SUITE_P(Models, Golden,
                         testing::Values(std::pair{"mixtral_v1", "mixtral_v1.model"},
                                         std::pair{"mistral_v3", "mistral_v3.model"}),
                         kName);
INSTANTIATE_TEST_SUITE_P(Tokenizers, Golden, testing::ValuesIn(kJsonFiles), kName);
INSTANTIATE_TEST_SUITE_P(Tokenizers, JsonGolden, testing::ValuesIn(kJsonFiles), kName);

}  // namespace
}  // namespace moescope::tokenizer

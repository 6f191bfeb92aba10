#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include "core/base/json.hpp"
#include "core/tokenizer/chat_template.hpp"

namespace moescope::tokenizer {
namespace {

std::vector<nlohmann::ordered_json> lines_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::vector<nlohmann::ordered_json> out;
  for (std::string line; std::getline(in, line);)
    out.push_back(nlohmann::ordered_json::parse(line));
  return out;
}

/// Published templates on conversations, against what transformers' environment renders; the files
/// lie beside the repository.
TEST(ChatGolden, EveryConversationEqualsTheReference) {
  const auto folder = std::filesystem::path(MOESCOPE_SHARED_DIR) / "goldens" / "chat";
  if (!std::filesystem::exists(folder / "cases.jsonl"))
    GTEST_SKIP() << "missing: " << folder << " (shared/ beside the repository)";
  std::map<std::string, nlohmann::ordered_json> templates;
  for (auto& row : lines_of(folder / "templates.jsonl")) templates[row.at("name")] = row;
  const auto cases = lines_of(folder / "cases.jsonl");
  EXPECT_GT(cases.size(), 300u);
  for (const auto& c : cases) {
    const auto& row = templates.at(c.at("template"));
    const auto parsed =
        ChatTemplate::parse(row.at("template").get<std::string>(), c.at("template"));
    const ChatOutcome outcome =
        parsed.render({.variables = {{"messages", c.at("messages")},
                                     {"add_generation_prompt", c.at("add_generation_prompt")},
                                     {"bos_token", row.at("bos_token")},
                                     {"eos_token", row.at("eos_token")}}});
    EXPECT_EQ(outcome.refusal.has_value(), c.contains("error")) << c.dump();
    EXPECT_EQ(outcome.chat.text, c.value("text", outcome.chat.text));
  }
}

}  // namespace
}  // namespace moescope::tokenizer

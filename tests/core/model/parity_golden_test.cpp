#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include "core/base/error.hpp"
#include "core/model/parity.hpp"
#include "tests/core/model/tiny_model.hpp"

namespace moescope::model {
namespace {

/// References that tests/golden holds; their absence is a failure, not a skip.
const std::set<std::string> kCopied = {"mixtral",     "mistral_swa",   "llama3_rope", "demo",
                                       "deepseek_v3", "gpt_oss_mxfp4", "mixtral_fp8"};

/// Recorded outputs of transformers 4.57.6 with torch 2.13.0 (float32, CPU), one folder a family.
class Parity : public testing::TestWithParam<const char*> {};

std::string read(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

struct Place {
  std::filesystem::path golden;
  std::filesystem::path model;
};

/// The copy in the repository where it has one, else the folder beside the repository.
Place place_of(const std::string& name) {
  const std::filesystem::path source = MOESCOPE_SOURCE_DIR;
  const auto copies = source / "tests" / "golden";
  const auto more = std::filesystem::path(MOESCOPE_SHARED_DIR) / "goldens";
  if (name == "demo") return {copies / name / "golden.json", source / "models" / name};
  const auto& parent = kCopied.contains(name) ? copies : more;
  return {parent / name / "golden.json", parent / name};
}

TEST_P(Parity, EqualsTheReference) {
  const std::string name = GetParam();
  const auto [golden, folder] = place_of(name);
  if (!kCopied.contains(name) && !std::filesystem::exists(golden))
    GTEST_SKIP() << "missing: " << golden << " (shared/ beside the repository)";
  const auto document = parse_json(read(golden), golden.string());
  const Model model = open_model(folder);
  const ParityResult result = compare_with_reference(model, JsonNode(document, golden.string()));
  for (const SiteParity& site : result.sites) {
    EXPECT_TRUE(site.equal()) << site.key << ": largest error " << site.largest_error << " at "
                              << site.worst;
    RecordProperty(site.key, std::to_string(site.largest_error));
    std::printf("%-12s %-20s %8lu values, largest error %.3g\n", name.c_str(), site.key.c_str(),
                static_cast<unsigned long>(site.n_value), site.largest_error);
  }
  EXPECT_TRUE(result.routing.empty()) << result.routing.size() << " routing differences";
  EXPECT_TRUE(result.not_compared.empty());
  EXPECT_EQ(result.n_choice, result.n_token * model.config.n_route());
  if (result.n_choice > 0)
    std::printf("%-12s smallest margin %.3g\n", name.c_str(), result.smallest_margin);
}

/// Newer files keep the scaling of angles under another key; yarn's factor on attention is there too.
TEST(ParityOfConfigurations, RopeParametersAreRopeScaling) {
  const auto folder = place_of("deepseek_v3").model;
  std::string config = read(folder / "config.json");
  const std::size_t at = config.find("\"rope_scaling\"");
  ASSERT_NE(at, std::string::npos);
  config.replace(at, 14, "\"rope_parameters\"");
  const testing_support::TempFolder copy;
  std::filesystem::copy(folder / "model.safetensors", copy.path() / "model.safetensors");
  std::ofstream(copy.path() / "config.json") << config;
  const auto golden = place_of("deepseek_v3").golden;
  const auto document = parse_json(read(golden), golden.string());
  const ParityResult result =
      compare_with_reference(open_model(copy.path()), JsonNode(document, golden.string()));
  EXPECT_TRUE(result.equal());
}

INSTANTIATE_TEST_SUITE_P(Goldens, Parity,
                         testing::Values("mixtral", "mixtral_tied", "mistral", "mistral_swa",
                                         "llama", "llama3_rope", "demo", "olmoe", "qwen2_moe",
                                         "qwen3", "qwen3_moe", "qwen3_moe_all", "granitemoe",
                                         "phimoe", "phimoe_longrope", "phimoe_shortrope",
                                         "deepseek_v2", "deepseek_v2_yarn", "deepseek_v3",
                                         "glm4_moe", "gpt_oss", "gpt_oss_yarn", "mixtral_fp8",
                                         "mixtral_fp8_tensor", "gpt_oss_mxfp4"),
                         [](const auto& param_info) { return std::string(param_info.param); });

}  // namespace
}  // namespace moescope::model

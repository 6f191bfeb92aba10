#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "core/model/engine.hpp"
#include "core/model/parity.hpp"
#include "tests/core/model/event_log.hpp"
#include "tests/core/model/gguf_from_hf.hpp"
#include "tests/core/model/tiny_model.hpp"

namespace moescope::model {
namespace {

using testing_support::GgufLayout;
using testing_support::TempFolder;
using testing_support::write_gguf_from_hf;

/// The reference outputs of each family, given by its weights in GGUF: files that lie beside the
/// repository, or written here from the safetensors in that format's layout.
class GgufParity : public testing::TestWithParam<const char*> {
 protected:
  static std::filesystem::path goldens() {
    return std::filesystem::path(MOESCOPE_SHARED_DIR) / "goldens";
  }
  static void expect_equal(const std::filesystem::path& file,
                           const std::filesystem::path& reference) {
    std::ifstream in(reference, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    const auto document = parse_json(text, reference.string());
    const Model model = open_model(file);
    const ParityResult result =
        compare_with_reference(model, JsonNode(document, reference.string()));
    for (const SiteParity& site : result.sites)
      EXPECT_TRUE(site.equal()) << site.key << ": largest error " << site.largest_error << " at "
                                << site.worst;
    EXPECT_TRUE(result.routing.empty()) << result.routing.size() << " routing differences";
    EXPECT_GT(result.n_token, 0u);
  }
};

TEST_P(GgufParity, WrittenFromTheWeightsGivesTheSame) {
  const std::filesystem::path folder = goldens() / GetParam();
  if (!std::filesystem::exists(folder / "golden.json"))
    GTEST_SKIP() << "missing: " << folder << " (shared/ beside the repository)";
  const TempFolder temporary;
  write_gguf_from_hf(folder, temporary.path() / "model.gguf");
  expect_equal(temporary.path() / "model.gguf", folder / "golden.json");
}

INSTANTIATE_TEST_SUITE_P(Goldens, GgufParity,
                         testing::Values("mixtral", "mixtral_tied", "mistral", "mistral_swa",
                                         "llama", "llama3_rope", "olmoe", "qwen2_moe", "qwen3",
                                         "qwen3_moe", "qwen3_moe_all", "granitemoe", "phimoe",
                                         "deepseek_v2", "deepseek_v2_yarn", "deepseek_v3",
                                         "glm4_moe", "gpt_oss", "gpt_oss_yarn", "gpt_oss_mxfp4"),
                         [](const auto& param_info) { return std::string(param_info.param); });

TEST_F(GgufParity, LatentsWithKeysAndValuesApartGiveTheSame) {
  for (const char* name : {"deepseek_v2", "deepseek_v2_yarn", "deepseek_v3"}) {
    const std::filesystem::path folder = goldens() / name;
    if (!std::filesystem::exists(folder / "golden.json"))
      GTEST_SKIP() << "missing: " << folder << " (shared/ beside the repository)";
    const TempFolder temporary;
    write_gguf_from_hf(folder, temporary.path() / "model.gguf", {.split_latent = true});
    expect_equal(temporary.path() / "model.gguf", folder / "golden.json");
  }
}

TEST_F(GgufParity, FilesOfTheFormatsOwnPackageGiveTheSame) {
  for (const char* name :
       {"llama", "mixtral", "mixtral_v2", "olmoe", "qwen3_moe_all", "mixtral_q8_0"}) {
    const std::filesystem::path file = goldens() / "gguf_models" / (std::string(name) + ".gguf");
    if (!std::filesystem::exists(file))
      GTEST_SKIP() << "missing: " << file << " (shared/ beside the repository)";
    const std::string family = std::string(name) == "mixtral_v2" ? "mixtral" : name;
    const std::filesystem::path own = goldens() / "gguf_models" / (family + ".json");
    expect_equal(file, std::filesystem::exists(own) ? own : goldens() / family / "golden.json");
  }
}

/// The same weights give the same bits in both formats: nothing is computed in another order.
TEST_F(GgufParity, PermutedRowsGiveTheSameBits) {
  using testing_support::TinyModel;
  const TinyModel tiny;
  write_gguf_from_hf(tiny.folder.path(), tiny.folder.path() / "model.gguf");
  const Model gguf = open_model(tiny.folder.path() / "model.gguf");
  EXPECT_EQ(gguf.config.family, "mixtral");
  EXPECT_EQ(gguf.config.rope.theta, tiny->config.rope.theta);
  hooks::Request request;
  for (const std::size_t id : {3u, 1u, 4u, 1u, 5u}) request.ids.emplace_back(id);
  const auto bits = [&](const Model& model) {
    testing_support::EventLog log;
    run_requests(model, {}, testing_support::source_of({request}),
                 {.routing = true, .prediction = true, .logits = true}, {}, log);
    return log.bits;
  };
  EXPECT_EQ(bits(gguf), bits(*tiny));
}

}  // namespace
}  // namespace moescope::model

#include <algorithm>

#include "core/formats/gguf_model.hpp"
#include "core/formats/safetensors.hpp"
#include "tests/core/formats/files.hpp"

namespace moescope::formats {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> gguf_files(std::string_view part) {
  const fs::path folder = fs::path(MOESCOPE_SHARED_DIR) / "goldens" / part;
  std::vector<fs::path> out;
  if (!fs::is_directory(folder)) return out;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().extension() == ".gguf") out.push_back(entry.path());
  std::sort(out.begin(), out.end());
  return out;
}

TEST(GgufFiles, OfOtherWritersAreRead) {
  std::size_t n = 0;
  for (const char* part : {"gguf_types", "gguf_models", "tokenizers/files"}) {
    for (const fs::path& path : gguf_files(part)) {
      const GgufModel model = GgufModel::open(path);
      EXPECT_FALSE(model.metadata.string("general.architecture").empty()) << path;
      EXPECT_EQ(model.weights.tensors().empty(), std::string_view(part) == "tokenizers/files");
      ++n;
    }
  }
  if (n == 0) GTEST_SKIP() << "shared/goldens beside the repository is not there";
}

TEST(GgufFiles, OfBothVersionsHoldTheSame) {
  const fs::path folder = fs::path(MOESCOPE_SHARED_DIR) / "goldens/gguf_models";
  if (!fs::exists(folder / "mixtral_v2.gguf"))
    GTEST_SKIP() << "shared/goldens beside the repository is not there";
  const GgufModel v3 = GgufModel::open(folder / "mixtral.gguf");
  const GgufModel v2 = GgufModel::open(folder / "mixtral_v2.gguf");
  ASSERT_EQ(v2.weights.tensors().size(), v3.weights.tensors().size());
  for (const TensorView& tensor : v3.weights.tensors()) {
    const TensorView& other = v2.weights.require(tensor.name, tensor.shape);
    EXPECT_TRUE(std::ranges::equal(other.bytes, tensor.bytes)) << tensor.name;
  }
  EXPECT_EQ(v3.metadata.uint("llama.expert_count"), 8u);
  v3.weights.require("blk.0.ffn_gate_exps.weight", Shape{8, 96, 64});
}

}  // namespace
}  // namespace moescope::formats

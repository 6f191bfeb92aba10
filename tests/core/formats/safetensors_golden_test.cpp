#include <algorithm>
#include <map>

#include "core/base/sha256.hpp"
#include "core/formats/safetensors_writer.hpp"
#include "core/formats/weight_files.hpp"
#include "tests/core/formats/files.hpp"

namespace moescope::formats {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> reference_files() {
  const fs::path shared = MOESCOPE_SHARED_DIR;
  std::vector<fs::path> out;
  for (const char* part : {"goldens", "models"}) {
    if (!fs::is_directory(shared / part)) continue;
    for (const auto& folder : fs::directory_iterator(shared / part))
      if (fs::exists(folder.path() / "model.safetensors"))
        out.push_back(folder.path() / "model.safetensors");
  }
  if (fs::exists(shared / "goldens/gguf_types/types.safetensors"))
    out.push_back(shared / "goldens/gguf_types/types.safetensors");
  std::sort(out.begin(), out.end());
  return out;
}

class ReferenceFiles : public testing::Test {
 protected:
  void SetUp() override {
    files_ = reference_files();
    if (files_.empty()) GTEST_SKIP() << "shared/goldens beside the repository is not there";
  }
  std::vector<fs::path> files_;
};

TEST_F(ReferenceFiles, AreReadAndWrittenAgainByteForByte) {
  const TempFolder folder;
  for (const fs::path& path : files_) {
    const SafetensorsFile file = SafetensorsFile::open(path);
    ASSERT_FALSE(file.tensors().empty()) << path;
    std::vector<TensorView> in_order(file.tensors().begin(), file.tensors().end());
    std::sort(in_order.begin(), in_order.end(), [](const TensorView& a, const TensorView& b) {
      return a.bytes.data() < b.bytes.data();
    });
    const std::string sha = write_safetensors(folder / "copy", in_order, file.metadata());
    const std::string original = read_file(path);
    EXPECT_EQ(sha, sha256_hex(original)) << path;
    EXPECT_TRUE(read_file(folder / "copy") == original) << path;
  }
}

TEST_F(ReferenceFiles, HoldTheTensorsOfTheirConfiguration) {
  const fs::path mixtral = fs::path(MOESCOPE_SHARED_DIR) / "goldens/mixtral";
  if (!fs::exists(mixtral)) GTEST_SKIP() << "shared/goldens/mixtral is not there";
  const WeightFiles weights = WeightFiles::open(mixtral);
  const TensorView& head = weights.require("lm_head.weight", Shape{320, 64});
  EXPECT_EQ(head.type, ElementType::kF32);
  EXPECT_EQ(head.bytes.size(), 81920u);
  weights.require("model.layers.0.block_sparse_moe.experts.0.w1.weight", Shape{96, 64});
  weights.require("model.layers.0.block_sparse_moe.experts.0.w2.weight", Shape{64, 96});
}

}  // namespace
}  // namespace moescope::formats

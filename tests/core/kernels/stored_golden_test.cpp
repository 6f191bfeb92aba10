#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>

#include "core/formats/gguf.hpp"
#include "core/formats/safetensors.hpp"
#include "core/kernels/matmul.hpp"
#include "core/kernels/ref.hpp"
#include "tests/core/kernels/kernel_data.hpp"

namespace moescope::kernels {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kTypes = 25;

/// Decodes every row of every tensor, plainly and with vectors, and compares with the values that
/// the gguf package gave.
void expect_equal_to_the_bit(const fs::path& stored, const fs::path& values) {
  const auto file = formats::GgufFile::open(stored);
  const auto want = formats::SafetensorsFile::open(values);
  ASSERT_EQ(file.tensors().size(), kTypes);
  for (const formats::TensorView& tensor : file.tensors()) {
    const formats::TensorView* expected = want.find(tensor.name);
    ASSERT_NE(expected, nullptr) << tensor.name;
    ASSERT_EQ(expected->shape, tensor.shape) << tensor.name;
    const Matrix w{tensor.type, tensor.shape[0], tensor.shape[1], tensor.bytes.data()};
    std::vector<float> row(w.n_col);
    std::vector<float> reference(w.n_col);
    for (std::size_t r = 0; r < w.n_row; ++r) {
      std::memcpy(reference.data(), expected->bytes.data() + r * w.n_col * 4, w.n_col * 4);
      ref::decode_row(w, r, row);
      EXPECT_TRUE(bits(row) == bits(reference)) << tensor.name << " plain, row " << r;
      decode_row(w, r, row);
      EXPECT_TRUE(bits(row) == bits(reference)) << tensor.name << " with vectors, row " << r;
    }
  }
}

TEST(StoredTypes, DecodeAsTheGgufPackageDoes) {
  const fs::path folder = fs::path(MOESCOPE_SOURCE_DIR) / "tests/golden/gguf_types";
  expect_equal_to_the_bit(folder / "blocks.gguf", folder / "blocks.safetensors");
}

TEST(StoredTypes, DecodeAsTheRecordedReferenceDoes) {
  const fs::path folder = fs::path(MOESCOPE_SHARED_DIR) / "goldens/gguf_types";
  if (!fs::exists(folder / "types.gguf"))
    GTEST_SKIP() << "shared/goldens beside the repository is not there";
  expect_equal_to_the_bit(folder / "types.gguf", folder / "types.safetensors");
}

}  // namespace
}  // namespace moescope::kernels

#include "core/formats/npz_writer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <numeric>
#include <string>

#include "core/base/error.hpp"
#include "tests/error_of.hpp"

namespace moescope::formats {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class Npz : public testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        fs::temp_directory_path() / ("moescope-npz-" + std::to_string(::getpid()) + "-" +
                                     testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  template <class T>
  static std::span<const std::byte> bytes_of(const std::vector<T>& values) {
    return std::as_bytes(std::span(values));
  }
  static std::string content(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  std::size_t n_file() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder_), {}));
  }

  fs::path folder_;
};

TEST_F(Npz, HeaderIsAMultipleOf64AndNamesShapeAndType) {
  const std::string header = npy_header(ElementType::kF32, {3, 2, 8});
  EXPECT_EQ(header.size() % 64, 0u);
  EXPECT_THAT(header, HasSubstr("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2, 8), }"));
  EXPECT_THAT(npy_header(ElementType::kI32, {5}), HasSubstr("'shape': (5,), }"));
  EXPECT_THAT(npy_header(ElementType::kU8, {}), HasSubstr("'shape': (), }"));
  EXPECT_THAT(error_of([] { npy_header(ElementType::kBF16, {1}); }), HasSubstr("bf16"));
}

TEST_F(Npz, CrcOfTheCheckString) {  // the check value that every CRC-32 catalogue gives
  const std::string text = "123456789";
  EXPECT_EQ(crc32(0, std::as_bytes(std::span(text))), 0xcbf43926u);
}

TEST_F(Npz, IsAFileThatNumpyReads) {
  if (std::system("python3 -c 'import numpy' 2>/dev/null") != 0)
    GTEST_SKIP() << "python3 with numpy is not installed";
  const fs::path path = folder_ / "run.npz";
  std::vector<float> logits(24);
  std::iota(logits.begin(), logits.end(), -3.5f);
  NpzWriter writer(path);
  writer.begin({"logits", ElementType::kF32, {3, 2, 4}});
  writer.append(bytes_of(logits).first(40));
  writer.append(bytes_of(logits).subspan(40));
  writer.begin({"empty", ElementType::kI32, {0, 2}});
  writer.begin({"ids", ElementType::kI32, {3}});
  writer.append(bytes_of(std::vector<std::int32_t>{7, -1, 70000}));
  writer.commit();
  const std::string script =
      "import sys, zipfile, numpy as np\n"
      "assert zipfile.ZipFile(sys.argv[1]).testzip() is None\n"
      "z = np.load(sys.argv[1])\n"
      "assert sorted(z.files) == ['empty', 'ids', 'logits'], z.files\n"
      "assert z['logits'].dtype == np.float32\n"
      "assert np.array_equal(z['logits'], (np.arange(24) - 3.5).reshape(3, 2, 4))\n"
      "assert z['ids'].tolist() == [7, -1, 70000]\n"
      "assert z['empty'].shape == (0, 2)\n";
  std::ofstream(folder_ / "check.py") << script;
  const std::string command =
      "python3 '" + (folder_ / "check.py").string() + "' '" + path.string() + "'";
  EXPECT_EQ(std::system(command.c_str()), 0);
}

TEST_F(Npz, EqualArraysMakeEqualFiles) {
  for (const char* name : {"a.npz", "b.npz"}) {
    NpzWriter writer(folder_ / name);
    writer.begin({"x", ElementType::kU8, {2}});
    writer.append(bytes_of(std::vector<std::uint8_t>{1, 2}));
    writer.commit();
  }
  EXPECT_EQ(content(folder_ / "a.npz"), content(folder_ / "b.npz"));
}

TEST_F(Npz, NothingIsThereUntilItIsWhole) {
  const fs::path path = folder_ / "run.npz";
  {
    NpzWriter writer(path);
    writer.begin({"x", ElementType::kU8, {4}});
    writer.append(bytes_of(std::vector<std::uint8_t>{1, 2}));
    EXPECT_THAT(error_of([&] { writer.commit(); }), HasSubstr("2 bytes of data are missing"));
    EXPECT_FALSE(fs::exists(path));
  }
  EXPECT_EQ(n_file(), 0u);
}

TEST_F(Npz, RefusesWhatWasNotAnnounced) {
  NpzWriter writer(folder_ / "run.npz");
  writer.begin({"x", ElementType::kU8, {1}});
  EXPECT_THAT(error_of([&] {
                writer.append(bytes_of(std::vector<std::uint8_t>{1, 2}));
              }),
              HasSubstr("expected 1 more bytes"));
  writer.append(bytes_of(std::vector<std::uint8_t>{1}));
  EXPECT_THAT(error_of([&] {
                writer.begin({"x", ElementType::kU8, {1}});
              }),
              HasSubstr("there twice"));
}

}  // namespace
}  // namespace moescope::formats

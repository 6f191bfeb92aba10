#include "core/formats/safetensors_writer.hpp"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <limits>

#include "core/base/sha256.hpp"
#include "tests/core/formats/files.hpp"
#include "tests/error_of.hpp"

namespace moescope::formats {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

std::size_t n_entry(const fs::path& folder) {
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

TEST(SafetensorsWriter, WritesTheDocumentedBytes) {
  const TempFolder folder;
  SafetensorsWriter writer(folder / "t.safetensors", {{"a\"", ElementType::kBF16, {2}}},
                           {{"k", "v"}});
  writer.append(as_bytes("abcd"));
  const std::string sha = writer.commit();
  const std::string header =
      R"({"__metadata__":{"k":"v"},"a\"":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]}})";
  const std::string padded = header + std::string((8 - header.size() % 8) % 8, ' ');
  const std::string bytes = read_file(folder / "t.safetensors");
  EXPECT_EQ(bytes, le64(padded.size()) + padded + "abcd");
  EXPECT_EQ(sha, sha256_hex(bytes));
}

TEST(SafetensorsWriter, IsReadBack) {
  const TempFolder folder;
  const std::string big(3 << 20, 'b');
  SafetensorsWriter writer(folder / "t.safetensors", {{"z", ElementType::kF32, {1, 2}},
                                                      {"empty", ElementType::kF32, {0, 9}},
                                                      {"big", ElementType::kU8, {big.size()}},
                                                      {"scalar", ElementType::kU8, {}}});
  for (const char c : std::string_view("01234567")) writer.append(as_bytes({&c, 1}));
  writer.append(as_bytes(big));
  writer.append(as_bytes("s"));
  writer.commit();
  const SafetensorsFile file = SafetensorsFile::open(folder / "t.safetensors");
  ASSERT_EQ(file.tensors().size(), 4u);
  EXPECT_EQ(file.find("z")->shape, (Shape{1, 2}));
  EXPECT_TRUE(std::ranges::equal(file.find("z")->bytes, as_bytes("01234567")));
  EXPECT_TRUE(std::ranges::equal(file.find("big")->bytes, as_bytes(big)));
  EXPECT_TRUE(std::ranges::equal(file.find("scalar")->bytes, as_bytes("s")));
  EXPECT_TRUE(file.find("empty")->bytes.empty());
}

TEST(SafetensorsWriter, LeavesTheOldFileUntilItIsDone) {
  const TempFolder folder;
  const auto path = folder.write("t.safetensors", "old");
  {
    SafetensorsWriter writer(path, {{"a", ElementType::kU8, {4}}});
    writer.append(as_bytes("ab"));
    EXPECT_EQ(read_file(path), "old");
    EXPECT_THAT(error_of([&] { writer.commit(); }),
                HasSubstr("t.safetensors: 2 bytes of data are missing"));
    EXPECT_THAT(error_of([&] { writer.append(as_bytes("cde")); }),
                HasSubstr("expected 2 more bytes of data, got 3"));
  }
  EXPECT_EQ(read_file(path), "old");
  EXPECT_EQ(n_entry(folder.path()), 1u);
  SafetensorsWriter writer(path, {});
  writer.commit();
  EXPECT_EQ(SafetensorsFile::open(path).tensors().size(), 0u);
  EXPECT_EQ(n_entry(folder.path()), 1u);
}

TEST(SafetensorsWriter, RefusesTensorsThatTheFormatForbids) {
  const auto refusal = [](std::vector<TensorSpec> specs) {
    return error_of([&] { safetensors_header(specs, {}); });
  };
  const std::size_t huge = std::numeric_limits<std::size_t>::max() / 2;
  EXPECT_THAT(refusal({{"a", {}, {1}}, {"a", {}, {1}}}), HasSubstr("the name is there twice"));
  EXPECT_THAT(refusal({{"__metadata__", {}, {1}}}), HasSubstr("keeps this name for itself"));
  EXPECT_THAT(refusal({{"\xff", {}, {1}}}), HasSubstr("expected a name in UTF-8"));
  EXPECT_THAT(refusal({{std::string(5000, 'a'), {}, {1}}}), HasSubstr("at most 4096 bytes"));
  EXPECT_THAT(refusal({{"a", {}, {1, 1, 1, 1, 1, 1, 1, 1, 1}}}), HasSubstr("8 dimensions"));
  EXPECT_THAT(refusal({{"a", {}, {huge}}}), HasSubstr("does not fit 64 bits"));
  EXPECT_THAT(refusal({{"a", ElementType::kU8, {huge}},
                       {"b", ElementType::kU8, {huge}},
                       {"c", ElementType::kU8, {2}}}),
              HasSubstr("the size of all tensors does not fit"));
}

TEST(SafetensorsWriter, SaysWhereItMayNotWrite) {
  const TempFolder folder;
  EXPECT_THAT(error_of([&] { SafetensorsWriter(folder / "no/t.safetensors", {}); }),
              HasSubstr("no such file or folder"));
}

void write_over_the_size_limit(const fs::path& path) {
  const rlimit limit{.rlim_cur = 1 << 20, .rlim_max = 1 << 20};
  ::signal(SIGXFSZ, SIG_IGN);
  ::setrlimit(RLIMIT_FSIZE, &limit);
  const std::string data(4 << 20, 'x');
  const std::string message = error_of([&] {
    SafetensorsWriter writer(path, {{"a", ElementType::kU8, {data.size()}}});
    writer.append(as_bytes(data));
    writer.commit();
  });
  std::fputs(message.c_str(), stderr);
  ::_exit(0);
}

TEST(SafetensorsWriterDeathTest, LeavesNothingWhenADiskRefuses) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  const TempFolder folder;
  EXPECT_EXIT(write_over_the_size_limit(folder / "t.safetensors"), testing::ExitedWithCode(0),
              "t.safetensors.*: File too large");
  EXPECT_EQ(n_entry(folder.path()), 0u);
}

}  // namespace
}  // namespace moescope::formats

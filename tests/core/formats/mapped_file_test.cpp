#include "core/formats/mapped_file.hpp"

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <iostream>
#include <thread>
#include <vector>

#include "core/formats/sigbus.hpp"
#include "tests/core/formats/files.hpp"
#include "tests/error_of.hpp"

namespace moescope::formats {
namespace {

using testing::HasSubstr;

TEST(MappedFile, ShowsTheBytesAndTheIdentityOfTheFile) {
  const TempFolder folder;
  const auto path = folder.write("a.bin", "hello");
  const MappedFile file = MappedFile::open(path);
  EXPECT_EQ(file.size(), 5u);
  EXPECT_EQ(file.path(), path);
  EXPECT_EQ(std::to_integer<char>(file.bytes()[1]), 'e');
  struct stat info {};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(file.identity().inode, info.st_ino);
  EXPECT_EQ(file.identity().size, 5u);
  EXPECT_EQ(file.identity(), MappedFile::open(path).identity());
  folder.write("a.bin", "longer text");
  EXPECT_NE(file.identity(), MappedFile::open(path).identity());
}

TEST(MappedFile, KeepsItsBytesWhereTheyAreWhenMoved) {
  const TempFolder folder;
  std::vector<MappedFile> files;
  files.push_back(MappedFile::open(folder.write("a", "abc")));
  const std::byte* first = files[0].bytes().data();
  for (int i = 0; i < 50; ++i) files.push_back(MappedFile::open(folder / "a"));
  EXPECT_EQ(files[0].bytes().data(), first);
}

TEST(MappedFile, RefusesWhatIsNoFileWithBytes) {
  const TempFolder folder;
  EXPECT_EQ(error_of([&] { MappedFile::open(folder.write("empty", "")); }),
            (folder / "empty").string() + ": the file is empty");
  EXPECT_EQ(error_of([&] { MappedFile::open(folder.path()); }),
            folder.path().string() + ": expected a file, got a folder");
  EXPECT_EQ(error_of([&] { MappedFile::open(folder / "none"); }),
            (folder / "none").string() + ": no such file or folder");
  EXPECT_THAT(error_of([&] { MappedFile::open(folder / "empty" / "x"); }),
              HasSubstr("a part of the path is no folder"));
  EXPECT_THAT(error_of([&] { MappedFile::open("/dev/null"); }),
              HasSubstr("expected a regular file"));
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  EXPECT_THAT(error_of([&] { MappedFile::open(folder / "pipe"); }),
              HasSubstr("expected a regular file"));
  EXPECT_EQ(code_of([&] { MappedFile::open(folder / "none"); }), ErrorCode::kBadInput);
}

void open_without_permission(const std::filesystem::path& path) {
  if (::geteuid() == 0 && ::seteuid(65534) != 0) ::_exit(7);  // root may read every file
  std::cerr << error_of([&] { MappedFile::open(path); });
  ::_exit(0);
}

TEST(MappedFileDeathTest, SaysWhenThereIsNoPermission) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  const TempFolder folder;
  const auto path = folder.write("a", "abc");
  ASSERT_EQ(::chmod(path.c_str(), 0), 0);
  EXPECT_EXIT(open_without_permission(path), testing::ExitedWithCode(0), "/a: no permission; ");
}

void read_after_truncation(const std::filesystem::path& path) {
  install_sigbus_handler();
  const MappedFile file = MappedFile::open(path);
  if (::truncate(path.c_str(), 0) != 0) ::_exit(7);
  unsigned sum = 0;
  for (const std::byte b : file.bytes()) sum += std::to_integer<unsigned>(b);
  ::_exit(sum == 0 ? 8 : 9);
}

TEST(SigbusDeathTest, NamesTheFileThatShrankAndLeavesWithOne) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  const TempFolder folder;
  const MappedFile other = MappedFile::open(folder.write("other", "abc"));
  const auto path = folder.write("model.safetensors", std::string(20000, 'x'));
  EXPECT_EXIT(read_after_truncation(path), testing::ExitedWithCode(1),
              "moescope: .*/model.safetensors: the file shrank while it was mapped; ");
}

void send_sigbus() {
  install_sigbus_handler();
  ::kill(::getpid(), SIGBUS);
  ::_exit(7);
}

TEST(SigbusDeathTest, LeavesSignalsFromElsewhereToTheSystem) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(send_sigbus(), testing::KilledBySignal(SIGBUS), "");
}

TEST(ReadTextFile, ReadsUpToItsLimit) {
  const TempFolder folder;
  const auto path = folder.write("t", std::string(100000, 'x'));
  EXPECT_EQ(read_text_file(path, 100000).size(), 100000u);
  EXPECT_EQ(error_of([&] { read_text_file(path, 99999); }),
            path.string() + ": expected at most 99999 bytes, got more");
  EXPECT_EQ(read_text_file(folder.write("empty", ""), 10), "");
  EXPECT_THAT(error_of([&] { read_text_file(folder.path(), 10); }), HasSubstr("got a folder"));
  EXPECT_THAT(error_of([&] { read_text_file(folder / "no", 10); }), HasSubstr("no such file"));
}

TEST(ReadTextFile, ReadsAPipeToItsEnd) {
  const TempFolder folder;
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  std::thread writer([&] { std::ofstream(folder / "pipe") << "from a pipe"; });
  EXPECT_EQ(read_text_file(folder / "pipe", 100), "from a pipe");
  writer.join();
}

}  // namespace
}  // namespace moescope::formats

#include "core/formats/file_hash.hpp"

#include <chrono>
#include <thread>

#include "core/base/sha256.hpp"
#include "core/formats/mapped_file.hpp"
#include "tests/core/formats/files.hpp"
#include "tests/error_of.hpp"

namespace moescope::formats {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr std::string_view kAbc =
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

/// A file last changed an hour ago, as weights are.
fs::path write_settled(const TempFolder& folder, std::string_view name, std::string_view bytes) {
  const fs::path path = folder.write(name, bytes);
  fs::last_write_time(path, fs::file_time_type::clock::now() - std::chrono::hours(1));
  return path;
}

NamedFile named(const fs::path& path) {
  return {path.filename().string(), path, MappedFile::open(path).identity()};
}

HashOptions with_cache(const fs::path& file) {
  HashOptions options;
  options.cache = HashCache(file);
  return options;
}

TEST(FileHash, IsTheSha256OfTheBytes) {
  const TempFolder folder;
  EXPECT_EQ(hash_file(folder.write("a", "abc"), with_cache("")), kAbc);
  EXPECT_EQ(hash_file(folder.write("big", std::string(5'000'000, 'x')), with_cache("")),
            sha256_hex(std::string(5'000'000, 'x')));
}

TEST(FileHash, ModelHashIsThatOfTheSortedLines) {
  const std::vector<FileHash> files{
      {"b", std::string(64, '2')}, {"a", std::string(64, '3')}, {"c", std::string(64, '1')}};
  const std::string lines = std::string(64, '1') + "  c\n" + std::string(64, '2') + "  b\n" +
                            std::string(64, '3') + "  a\n";
  EXPECT_EQ(model_hash(files), sha256_hex(lines));
  EXPECT_NE(model_hash(std::span(files).first(2)), sha256_hex(lines));
}

TEST(FileHash, KeepsHashesByIdentity) {
  const TempFolder folder;
  const fs::path cache = folder / "sub/hashes";
  const fs::path path = write_settled(folder, "a", "abc");
  EXPECT_EQ(hash_file(path, with_cache(cache)), kAbc);
  const FileIdentity identity = named(path).identity;
  EXPECT_EQ(HashCache(cache).find(identity), kAbc);

  // What the cache says is believed: a planted value comes back, so nothing was read again.
  HashCache(cache).add(identity, std::string(64, '0'));
  EXPECT_EQ(hash_file(path, with_cache(cache)), std::string(64, '0'));

  write_settled(folder, "a", "abcd");
  EXPECT_EQ(hash_file(path, with_cache(cache)), sha256_hex("abcd"));
}

TEST(FileHash, DoesNotKeepWhatHasJustChanged) {
  const TempFolder folder;
  const fs::path path = folder.write("a", "abc");
  hash_file(path, with_cache(folder / "hashes"));
  EXPECT_FALSE(HashCache(folder / "hashes").find(named(path).identity));
}

TEST(FileHash, PassesOverWhatIsNotSoundInTheCache) {
  const std::string digest(kAbc);
  const std::string good = digest + " 1 2 3 4\n";
  const FileIdentity identity{.device = 1, .inode = 2, .size = 3, .mtime_ns = 4};
  EXPECT_EQ(read_hash_cache(good), (HashTable{{identity, digest}}));
  EXPECT_EQ(read_hash_cache("junk\n\n" + good + "more").size(), 1u);
  EXPECT_EQ(read_hash_cache(good + std::string(64, '0') + " 1 2 3 4\n").at(identity),
            std::string(64, '0'));
  const std::vector<std::string> bad{
      digest,
      digest + " 1 2 3 4",
      digest + " 1 2 3\n",
      digest + " 1 2 3 4 5\n",
      digest + " 1 2 3 x\n",
      digest + " -1 2 3 4\n",
      digest + " 99999999999999999999 2 3 4\n",
      digest.substr(1) + " 1 2 3 4\n",
      "BA" + digest.substr(2) + " 1 2 3 4\n",
      std::string("\0\xff\n", 3),
      "",
  };
  for (const std::string& text : bad) EXPECT_TRUE(read_hash_cache(text).empty()) << text;
}

TEST(FileHash, WorksWithoutACache) {
  const TempFolder folder;
  const fs::path path = write_settled(folder, "a", "abc");
  EXPECT_EQ(hash_file(path, with_cache(folder / "a/below/a/file")), kAbc);
  EXPECT_EQ(hash_file(path, with_cache(folder.path())), kAbc);
  const fs::path torn = folder.write("hashes", "0123 torn");
  EXPECT_EQ(hash_file(path, with_cache(torn)), kAbc);
  EXPECT_EQ(HashCache(torn).find(named(path).identity), kAbc);
  const fs::path large = folder.write("large", std::string(5 << 20, '\n'));
  EXPECT_EQ(hash_file(path, with_cache(large)), kAbc);
  EXPECT_EQ(HashCache(large).find(named(path).identity), kAbc);
  EXPECT_LT(fs::file_size(large), 1000u);
}

TEST(FileHash, StandardCacheFollowsXdg) {
  const TempFolder folder;
  const char* before = ::getenv("XDG_CACHE_HOME");
  const std::string kept = before != nullptr ? before : "";
  ::setenv("XDG_CACHE_HOME", folder.path().c_str(), 1);
  const fs::path path = write_settled(folder, "a", "abc");
  EXPECT_EQ(hash_file(path, {}), kAbc);
  EXPECT_TRUE(fs::exists(folder / "moescope/hashes"));
  if (before != nullptr)
    ::setenv("XDG_CACHE_HOME", kept.c_str(), 1);
  else
    ::unsetenv("XDG_CACHE_HOME");
}

TEST(FileHash, TellsProgressOverAllFiles) {
  const TempFolder folder;
  const std::vector<NamedFile> files{named(folder.write("a", std::string(3'000'000, 'a'))),
                                     named(folder.write("b", "bb"))};
  HashOptions options = with_cache("");
  std::vector<std::uint64_t> steps;
  options.progress = [&](std::uint64_t done, std::uint64_t total) {
    EXPECT_EQ(total, 3'000'002u);
    steps.push_back(done);
  };
  const auto hashes = hash_files(files, options);
  EXPECT_EQ(hashes[1], (FileHash{"b", sha256_hex("bb")}));
  EXPECT_TRUE(std::ranges::is_sorted(steps));
  EXPECT_EQ(steps.back(), 3'000'002u);
  EXPECT_GE(steps.size(), 4u);
}

TEST(FileHash, StopsWhenAsked) {
  const TempFolder folder;
  const fs::path path = folder.write("a", std::string(3'000'000, 'a'));
  std::stop_source source;
  HashOptions options = with_cache("");
  options.stop = source.get_token();
  options.progress = [&](std::uint64_t done, std::uint64_t) {
    EXPECT_LT(done, 2'000'000u);
    source.request_stop();
  };
  EXPECT_EQ(code_of([&] { hash_file(path, options); }), ErrorCode::kInterrupted);
}

TEST(FileHash, SaysWhenAFileChangedSinceItWasOpened) {
  const TempFolder folder;
  const NamedFile file = named(folder.write("a", "abc"));
  folder.write("a", "abcd");
  const auto hash = [&] { hash_files({&file, 1}, with_cache("")); };
  EXPECT_THAT(error_of(hash), HasSubstr("/a: the file changed since it was opened"));
  EXPECT_EQ(code_of(hash), ErrorCode::kIntegrity);
  fs::remove(file.path);
  EXPECT_THAT(error_of(hash), HasSubstr("no such file"));
}

}  // namespace
}  // namespace moescope::formats

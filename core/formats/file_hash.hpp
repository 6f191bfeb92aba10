#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "core/formats/io.hpp"

namespace moescope::formats {

/// Known hashes by file identity. A file whose size or time changed has another identity.
using HashTable = std::map<FileIdentity, std::string>;

/// Reads the text of a hash cache; lines that are not whole and sound are passed over.
HashTable read_hash_cache(std::string_view text);

/// Where hashes are kept: $XDG_CACHE_HOME/moescope/hashes, or ~/.cache/moescope/hashes; empty where
/// neither variable is an absolute path.
std::filesystem::path standard_cache_file();

/// SHA-256 of files by device, inode, size and time, kept in a file of lines
/// `<sha256> <device> <inode> <size> <mtime in ns>`. A cache that cannot be read or written is no
/// error: hashes are computed again. Safe to use from several threads and processes.
class HashCache {
 public:
  /// The one in standard_cache_file().
  static HashCache standard();
  /// An empty path: nothing is kept.
  explicit HashCache(std::filesystem::path file);

  std::optional<std::string> find(const FileIdentity& identity) const;
  /// Keeps a hash, unless the file changed so lately that its time may not tell the next change.
  void add(const FileIdentity& identity, std::string_view sha256);

 private:
  std::filesystem::path file_;
};

struct HashOptions {
  HashCache cache = HashCache::standard();
  std::function<void(std::uint64_t done, std::uint64_t total)> progress;  ///< bytes of all files
  std::stop_token stop;
};

struct FileHash {
  std::string name;
  std::string sha256;
  bool operator==(const FileHash&) const = default;
};

/// Hashes files in the state in which they were opened.
/// Errors: kIntegrity: a file has changed since; kInterrupted: the stop token; unreadable files.
std::vector<FileHash> hash_files(std::span<const NamedFile> files, HashOptions options);

/// SHA-256 of one file that the user named.
std::string hash_file(const std::filesystem::path& path, HashOptions options);

/// The model hash: SHA-256 of the sorted lines "<file sha256>  <name>\n", which is what
/// `sha256sum FILES | LC_ALL=C sort | sha256sum` prints within the folder.
std::string model_hash(std::span<const FileHash> files);

}  // namespace moescope::formats

#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace moescope::formats {

/// Which file a descriptor stands for, and which state of it.
struct FileIdentity {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t size = 0;
  std::int64_t mtime_ns = 0;
  auto operator<=>(const FileIdentity&) const = default;
};

/// A file of a model and the state in which it was opened.
struct NamedFile {
  std::string name;            ///< within its folder: "model-00001-of-00019.safetensors"
  std::filesystem::path path;  ///< as messages name it
  FileIdentity identity;
};

/// An open descriptor that closes itself.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  ~UniqueFd() { reset(); }
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept;
  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  int release() noexcept;
  void reset() noexcept;

 private:
  int fd_ = -1;
};

/// Throws for an errno of the system: "<where>: no such file or folder".
/// Errors: kRetry when the system lacks space, memory or descriptors, else kBadInput.
[[noreturn]] void fail_errno(std::string_view where, int error);

/// The identity of an open regular file.
/// Errors: kBadInput for a folder, a device or a pipe.
FileIdentity regular_file_identity(int fd, std::string_view where);

/// Opens for reading a regular file that the user named; links are followed. Whether it is one is
/// told by regular_file_identity.
UniqueFd open_named_file(const std::filesystem::path& path);

/// Everything that can be read from `fd`.
/// Errors: kBadInput over max_bytes.
std::string read_all(int fd, std::string_view where, std::size_t max_bytes);

/// The bytes of a file that the user named, a pipe included.
/// Errors: kBadInput: missing, no permission, a folder, over max_bytes.
std::string read_text_file(const std::filesystem::path& path, std::size_t max_bytes);

/// Writes all of it. Errors: kRetry when the disk is full.
void write_all(int fd, std::string_view where, std::string_view bytes);

}  // namespace moescope::formats

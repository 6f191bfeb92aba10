#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "core/formats/io.hpp"

namespace moescope::formats {

/// A whole file mapped for reading; its bytes stay where they are when the object moves.
class MappedFile {
 public:
  /// Maps a file that the user named.
  /// Errors: missing, no permission, empty, a folder or a device.
  static MappedFile open(const std::filesystem::path& path);
  /// Maps an open file; `path` is its name in messages.
  static MappedFile map(UniqueFd fd, const std::filesystem::path& path);

  MappedFile(MappedFile&&) noexcept;
  MappedFile& operator=(MappedFile&&) noexcept;
  ~MappedFile();

  const std::filesystem::path& path() const;
  std::size_t size() const { return bytes().size(); }
  std::span<const std::byte> bytes() const;
  /// Device, inode, size and time of the file as it was mapped.
  const FileIdentity& identity() const;

 private:
  struct Mapping;
  explicit MappedFile(std::unique_ptr<Mapping> mapping);
  std::unique_ptr<Mapping> mapping_;
};

}  // namespace moescope::formats

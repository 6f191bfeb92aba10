#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "core/formats/io.hpp"

namespace moescope::formats {

struct FolderOptions {
  bool kernel_resolves = true;  ///< openat2 where there is one; off: the path of older kernels
};

/// A folder whose files are opened by name without leaving it.
/// Links are followed when their target lies in the folder, or, for a snapshot of the Hugging Face
/// cache (models--ORG--NAME/snapshots/REVISION), in the blobs/ of the same models--ORG--NAME.
class Folder {
 public:
  /// Errors: kBadInput: missing, no folder, no permission.
  static Folder open(const std::filesystem::path& path, FolderOptions options = {});

  /// The path as it was given.
  const std::filesystem::path& path() const { return path_; }
  /// True when an entry of that name exists, even as a link that must not be followed.
  bool has(std::string_view name) const;
  /// Opens a regular file; `name` is one path component.
  /// Errors: kBadInput: a name with '/' or '..', a link that leads out, missing, no permission.
  UniqueFd open_file(std::string_view name) const;
  /// The bytes of such a file; nothing when there is no entry of that name.
  std::optional<std::string> read_optional(std::string_view name, std::size_t max_bytes) const;
  std::string read(std::string_view name, std::size_t max_bytes) const;

 private:
  Folder() = default;
  UniqueFd open_link(const std::string& name) const;
  bool may_lead_to(const std::filesystem::path& target) const;

  std::filesystem::path path_;
  std::filesystem::path real_;   ///< without links
  std::filesystem::path blobs_;  ///< the cache's blobs folder; empty outside of one
  UniqueFd fd_;
  FolderOptions options_;
};

/// True for a name that can only be an entry of its folder.
bool is_single_name(std::string_view name);

}  // namespace moescope::formats

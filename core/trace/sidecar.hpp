#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/base/element_type.hpp"
#include "core/trace/activation_blob.hpp"

namespace moescope::trace {

/// A written side-car: its path relative to the database's folder.
struct SidecarFile {
  std::string path;
  std::string sha256;
  std::uint64_t n_byte = 0;
};

/// The folder FILE.d/run-N beside the database, with one safetensors file a prompt: a tensor
/// [n_row, n_col] for each site, under the site's name. What the file holds depends on the prompt
/// alone, not on how prompts were grouped into transactions.
class SidecarFolder {
 public:
  SidecarFolder(const std::filesystem::path& database, std::int64_t run);

  /// Writes the file of one prompt and waits until it is on the disk.
  /// Errors: kRetry for no space and I/O, kBadInput where the folder can't be made.
  SidecarFile write(std::uint64_t prompt, const std::vector<SiteValues>& sites, ElementType type);

  /// Before a run begins: nothing of another run or database lies where its files will go.
  /// Errors: kBadInput: a folder with files, a link, a file.
  void require_unused() const;

  /// Before a run goes on: its files are there, and those that a killed process left behind go.
  /// Only files under the names that write() gives are ever removed.
  /// Errors: kIntegrity for a file that is missing or has another size; kBadInput for links.
  void restore(const std::vector<SidecarFile>& named) const;

 private:
  void require_own_folders() const;

  std::filesystem::path base_;      ///< the database's folder
  std::filesystem::path relative_;  ///< FILE.d/run-N
};

}  // namespace moescope::trace

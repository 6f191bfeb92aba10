#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "core/formats/io.hpp"

namespace moescope::formats {

/// A file that appears under its name whole or never: written beside it, synced, renamed.
/// Errors: kRetry: no space; kBadInput: no permission, no such folder.
class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path path);
  /// Removes what was written unless commit() was called.
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void append(std::string_view bytes);
  /// Bytes appended so far.
  std::uint64_t size() const { return written_ + buffer_.size(); }
  /// Writes over bytes that were appended before.
  void overwrite(std::uint64_t at, std::string_view bytes);
  /// Puts the file in its place, on disk.
  void commit();

 private:
  void flush();

  std::filesystem::path path_;
  std::filesystem::path part_;
  UniqueFd fd_;
  std::string buffer_;
  std::uint64_t written_ = 0;
};

}  // namespace moescope::formats

#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "core/formats/atomic_file.hpp"
#include "core/formats/safetensors_writer.hpp"

namespace moescope::formats {

/// The header of a .npy file (version 1.0), its data little-endian in C order.
/// Errors: kBadInput for an element type that NumPy lacks (bf16, f8).
/// Source: numpy/lib/format.py, "Format Version 1.0".
std::string npy_header(ElementType type, const Shape& shape);

/// CRC-32 as zip files have it, continued from `crc` (0 at first).
std::uint32_t crc32(std::uint32_t crc, std::span<const std::byte> bytes) noexcept;

/// Writes arrays as a .npz file: a zip file of .npy files, not compressed, zip64 where a size or
/// place needs it, without times. The file appears under its name whole or never.
/// Errors: kRetry: no space; kBadInput: no permission, bytes that do not match what was announced,
/// a name twice.
/// Source: PKWARE APPNOTE 6.3.9, sections 4.3 and 4.5.3.
class NpzWriter {
 public:
  explicit NpzWriter(std::filesystem::path path);

  /// Begins the next array; its bytes follow by append().
  void begin(const TensorSpec& spec);
  void append(std::span<const std::byte> bytes);
  void commit();

 private:
  struct Entry {
    std::string name;
    std::uint64_t at = 0;
    std::uint64_t size = 0;
    std::uint32_t crc = 0;
  };
  void end_entry();

  std::string where_;
  AtomicFile file_;
  std::vector<Entry> entries_;
  std::uint64_t n_missing_ = 0;
};

}  // namespace moescope::formats

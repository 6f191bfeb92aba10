#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "core/base/sha256.hpp"
#include "core/formats/atomic_file.hpp"
#include "core/formats/safetensors.hpp"

namespace moescope::formats {

/// What is announced of a tensor before its bytes follow.
struct TensorSpec {
  std::string name;
  ElementType type = ElementType::kF32;
  Shape shape;
};

/// The header of a file of those tensors, its length included, padded so that data begins at a
/// multiple of 8.
/// Errors: kBadInput: a name twice, too long or no UTF-8, over 8 dimensions, a size over 64 bits.
std::string safetensors_header(std::span<const TensorSpec> specs, const Metadata& metadata);

/// Writes a safetensors file of any size in order; the file appears under its name whole or never.
/// Errors: kRetry: no space; kBadInput: no permission, bytes that do not match what was announced.
class SafetensorsWriter {
 public:
  SafetensorsWriter(std::filesystem::path path, std::vector<TensorSpec> specs,
                    const Metadata& metadata = {});

  /// The next bytes of the data, in the order of the specs; pieces may be of any size.
  void append(std::span<const std::byte> bytes);
  /// Puts the file in its place, on disk, and gives its SHA-256.
  std::string commit();

 private:
  std::string header_;
  std::size_t n_missing_ = 0;
  std::filesystem::path path_;
  AtomicFile file_;
  Sha256 sha_;
};

/// Writes tensors that lie in memory; gives the SHA-256 of the file.
std::string write_safetensors(const std::filesystem::path& path,
                              std::span<const TensorView> tensors, const Metadata& metadata = {});

}  // namespace moescope::formats

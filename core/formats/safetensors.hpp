#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/formats/mapped_file.hpp"
#include "core/formats/tensor.hpp"

namespace moescope::formats {

/// Free text that a safetensors file carries.
using Metadata = std::map<std::string, std::string>;

/// What a safetensors header says, checked against the bytes that follow it.
struct SafetensorsHeader {
  Metadata metadata;
  std::vector<TensorView> tensors;  ///< sorted by name, views into the given bytes
};

/// Reads the header of a safetensors file that lies whole in `bytes`; `where` names it in messages.
/// Errors: kBadInput for everything that the format forbids: overlaps, holes, bytes behind the last
/// tensor, a size that differs from shape and type, names twice or over 4096 bytes, more than 8
/// dimensions, unknown types, a header over 100 MB.
/// Source: the format as the README of huggingface/safetensors defines it.
SafetensorsHeader read_safetensors_header(std::span<const std::byte> bytes, std::string_view where);

/// One mapped safetensors file and its checked header.
class SafetensorsFile {
 public:
  static SafetensorsFile open(const std::filesystem::path& path);
  static SafetensorsFile from(MappedFile file);

  const MappedFile& file() const { return file_; }
  const Metadata& metadata() const { return header_.metadata; }
  std::span<const TensorView> tensors() const { return header_.tensors; }
  /// The tensor of that name, or nullptr.
  const TensorView* find(std::string_view name) const;
  /// Gives the mapping away; views into it stay valid.
  MappedFile take_file() && { return std::move(file_); }

 private:
  SafetensorsFile(MappedFile file, SafetensorsHeader header);
  MappedFile file_;
  SafetensorsHeader header_;
};

/// The tensor of that name in a range sorted by name, or nullptr.
const TensorView* find_tensor(std::span<const TensorView> sorted, std::string_view name);

}  // namespace moescope::formats

#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "core/formats/gguf_metadata.hpp"
#include "core/formats/mapped_file.hpp"
#include "core/formats/tensor.hpp"

namespace moescope::formats {

/// What the head of a GGUF file says, checked against the bytes of the file.
struct GgufHeader {
  std::uint32_t version = 0;
  std::size_t alignment = 0;
  GgufMetadata metadata;
  std::vector<TensorView> tensors;  ///< sorted by name, views into the given bytes
};

/// Reads the head of a GGUF file of version 2 or 3 that lies whole in `bytes`; `where` names it in
/// messages. Nothing is allocated that the size of the file does not vouch for.
/// Shapes: the format gives the fastest dimension first; here it is last: [n_out, n_in],
///         [n_expert, n_out, n_in].
/// Errors: kBadInput for everything that the format forbids: counts and lengths beyond the file,
///         keys or tensors twice, names over 64 bytes, more than 4 dimensions, one of 0, sizes
///         that wrap, rows that leave a block unfilled, unknown types, an alignment that is no
///         power of two from 8 on, tensors that overlap, leave holes or are cut short, other
///         bools than 0 and 1. By name: version 1, versions after 3, big-endian files, arrays of
///         arrays.
/// Source: docs/gguf.md of ggml; that tensors leave no holes is what its reference reader demands.
GgufHeader read_gguf_header(std::span<const std::byte> bytes, std::string_view where);

/// One mapped GGUF file and its checked head; of a split model, one part.
class GgufFile {
 public:
  static GgufFile open(const std::filesystem::path& path);
  static GgufFile from(MappedFile file);

  const MappedFile& file() const { return file_; }
  std::uint32_t version() const { return header_.version; }
  std::size_t alignment() const { return header_.alignment; }
  const GgufMetadata& metadata() const { return header_.metadata; }
  std::span<const TensorView> tensors() const { return header_.tensors; }
  /// The tensor of that name, or nullptr.
  const TensorView* find(std::string_view name) const;
  /// Gives the mapping away; views into it, metadata included, stay valid.
  MappedFile take_file() && { return std::move(file_); }

 private:
  GgufFile(MappedFile file, GgufHeader header);
  MappedFile file_;
  GgufHeader header_;
};

}  // namespace moescope::formats

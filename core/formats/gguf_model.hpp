#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "core/formats/gguf_metadata.hpp"
#include "core/formats/weight_files.hpp"

namespace moescope::formats {

/// A model in GGUF: one file, or all parts of a split one.
struct GgufModel {
  GgufMetadata metadata;  ///< of the first part, which alone holds it; views into weights
  WeightFiles weights;    ///< tensors of all parts; owns the mappings

  /// Opens the file that was named; if it is one part of a split model, all parts, which lie in the
  /// same folder.
  /// Errors: kBadInput: what read_gguf_header refuses; a part that is missing, renamed or of
  /// another model; a tensor in two parts; another number of tensors than the parts promise.
  static GgufModel open(const std::filesystem::path& path);
};

/// Whether a regular file of that path begins as GGUF files do.
bool is_gguf_file(const std::filesystem::path& path);

/// The end of a part's file name, "PREFIX-00002-of-00003.gguf".
struct GgufPartName {
  std::string prefix;
  std::size_t number = 0;  ///< from 1
  std::size_t count = 0;

  /// The name of another part.
  std::string sibling(std::size_t other) const;
};

/// Nothing where the name is not of that form.
std::optional<GgufPartName> parse_gguf_part_name(std::string_view name);

}  // namespace moescope::formats

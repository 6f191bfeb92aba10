#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/formats/folder.hpp"
#include "core/formats/safetensors.hpp"

namespace moescope::formats {

/// Which shard each tensor lies in, as model.safetensors.index.json says.
struct WeightIndex {
  struct Entry {
    std::string tensor;
    std::size_t shard = 0;
  };
  std::vector<std::string> shards;  ///< sorted, each once
  std::vector<Entry> entries;       ///< sorted by tensor
};

/// Reads the text of an index; `where` names it in messages.
/// Errors: kBadInput: malformed, no weight_map, a shard that is no single file name.
WeightIndex read_weight_index(std::string_view text, std::string_view where);

/// All tensors of a model: model.safetensors, the shards that model.safetensors.index.json lists,
/// or what a GGUF model holds.
class WeightFiles {
 public:
  /// Opens a folder, or one .safetensors file that the user named.
  /// Errors: kBadInput: no weights, a malformed file, a shard outside of the folder, an index that
  /// disagrees with its shards.
  static WeightFiles open(const std::filesystem::path& path);
  static WeightFiles open(const Folder& folder);
  static WeightFiles open_single(const std::filesystem::path& file);
  /// Takes over files that are open and the tensors in them, which file_index counts among `files`;
  /// `path` names the whole in messages.
  /// Errors: kBadInput: a tensor stands in two of them.
  static WeightFiles from(const std::filesystem::path& path, std::vector<NamedFile> files,
                          std::vector<MappedFile> maps, std::vector<TensorView> tensors);

  /// The tensor of that name, or nullptr.
  const TensorView* find(std::string_view name) const { return find_tensor(tensors_, name); }
  /// The tensor of that name and shape.
  /// Errors: kBadInput: missing, another shape.
  const TensorView& require(std::string_view name, std::span<const std::size_t> shape) const;
  /// All tensors, sorted by name; file_index counts in files().
  std::span<const TensorView> tensors() const { return tensors_; }
  std::span<const NamedFile> files() const { return files_; }
  /// The index that names the shards, where there is one.
  const std::optional<NamedFile>& index() const { return index_; }

 private:
  WeightFiles() = default;
  void add(const std::string& name, SafetensorsFile file);
  void sort_tensors();
  void check_against(const WeightIndex& index, std::string_view where) const;

  std::filesystem::path path_;
  std::vector<NamedFile> files_;
  std::vector<MappedFile> maps_;
  std::vector<TensorView> tensors_;
  std::optional<NamedFile> index_;
};

inline constexpr std::string_view kSingleWeights = "model.safetensors";
inline constexpr std::string_view kWeightIndex = "model.safetensors.index.json";

}  // namespace moescope::formats

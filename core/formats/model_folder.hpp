#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/formats/folder.hpp"
#include "core/formats/weight_files.hpp"

namespace moescope::formats {

/// A small text file of a model, as it was read.
struct ModelText {
  NamedFile file;
  std::string text;

  /// The name for messages.
  std::string where() const { return file.path.string(); }
};

/// The pieces of a model in the Hugging Face layout, found from the argument that a user gave.
class ModelFolder {
 public:
  /// Opens a folder, or the folder around one .safetensors file, and reads its configuration.
  /// Errors: kBadInput: no config.json, a file that is too large or leads out of the folder.
  static ModelFolder open(const std::filesystem::path& argument);

  const Folder& folder() const { return folder_; }
  const ModelText& config() const { return config_; }
  const std::optional<ModelText>& generation_config() const { return generation_config_; }
  /// The tokenizer files that are there, by name: tokenizer.json, tokenizer.model, …
  const std::vector<std::string>& tokenizer_files() const { return tokenizer_files_; }
  bool has_tokenizer_file(std::string_view name) const;

  /// Maps the weights: the file that was named, or what the folder holds.
  WeightFiles open_weights() const;

  /// The files that make up the model hash: config.json, the index where there is one, every shard.
  /// Tokenizer and generation settings change no weight and are hashed by their own users.
  std::vector<NamedFile> identity_files(const WeightFiles& weights) const;

 private:
  explicit ModelFolder(Folder folder) : folder_(std::move(folder)) {}

  Folder folder_;
  std::optional<std::filesystem::path> named_weights_;
  ModelText config_;
  std::optional<ModelText> generation_config_;
  std::vector<std::string> tokenizer_files_;
};

/// Reads a small file of a folder together with its identity.
ModelText read_model_text(const Folder& folder, std::string_view name, std::size_t max_bytes);

}  // namespace moescope::formats

#include "core/formats/model_folder.hpp"

#include <algorithm>
#include <array>
#include <system_error>
#include <utility>

#include "core/base/error.hpp"

namespace moescope::formats {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxConfigBytes = 16u << 20;
constexpr std::string_view kConfig = "config.json";
constexpr std::string_view kGenerationConfig = "generation_config.json";

constexpr std::array<std::string_view, 8> kTokenizerFiles{
    "tokenizer.json", "tokenizer.model",         "tokenizer_config.json",
    "tekken.json",    "special_tokens_map.json", "vocab.json",
    "merges.txt",     "added_tokens.json",
};

[[noreturn]] void refuse_without_config(const Folder& folder) {
  const std::string where = folder.path().string();
  if (folder.has("snapshots") && folder.has("blobs"))
    fail(ErrorCode::kBadInput,
         "{}: expected a model folder, got a folder of the download cache; name one of its "
         "snapshots: {}/snapshots/REVISION",
         where, where);
  if (folder.has("params.json"))
    fail(ErrorCode::kBadInput,
         "{}: expected {}, got params.json of the original layout; use the Hugging Face layout",
         where, kConfig);
  fail(ErrorCode::kBadInput, "{}: expected a model folder, but {} is missing", where, kConfig);
}

bool is_folder(const fs::path& path) {
  std::error_code error;
  return fs::is_directory(path, error);
}

fs::path folder_of(const fs::path& file) {
  return file.has_parent_path() ? file.parent_path() : fs::path(".");
}

}  // namespace

ModelText read_model_text(const Folder& folder, std::string_view name, std::size_t max_bytes) {
  const UniqueFd fd = folder.open_file(name);
  ModelText out;
  out.file.name = name;
  out.file.path = folder.path() / name;
  out.file.identity = regular_file_identity(fd.get(), out.where());
  out.text = read_all(fd.get(), out.where(), max_bytes);
  return out;
}

ModelFolder ModelFolder::open(const fs::path& argument) {
  const bool is_weights = argument.extension() == ".safetensors" && !is_folder(argument);
  if (is_weights) open_named_file(argument);  // says first when the named file itself is missing
  ModelFolder model(Folder::open(is_weights ? folder_of(argument) : argument));
  if (is_weights) model.named_weights_ = argument;
  if (!model.folder_.has(kConfig)) refuse_without_config(model.folder_);
  model.config_ = read_model_text(model.folder_, kConfig, kMaxConfigBytes);
  if (model.folder_.has(kGenerationConfig))
    model.generation_config_ = read_model_text(model.folder_, kGenerationConfig, kMaxConfigBytes);
  for (const std::string_view name : kTokenizerFiles)
    if (model.folder_.has(name)) model.tokenizer_files_.emplace_back(name);
  return model;
}

bool ModelFolder::has_tokenizer_file(std::string_view name) const {
  return std::find(tokenizer_files_.begin(), tokenizer_files_.end(), name) !=
         tokenizer_files_.end();
}

WeightFiles ModelFolder::open_weights() const {
  return named_weights_ ? WeightFiles::open_single(*named_weights_) : WeightFiles::open(folder_);
}

std::vector<NamedFile> ModelFolder::identity_files(const WeightFiles& weights) const {
  std::vector<NamedFile> files(weights.files().begin(), weights.files().end());
  files.push_back(config_.file);
  if (weights.index()) files.push_back(*weights.index());
  return files;
}

}  // namespace moescope::formats

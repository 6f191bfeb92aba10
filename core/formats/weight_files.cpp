#include "core/formats/weight_files.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

#include "core/base/error.hpp"
#include "core/base/escape.hpp"
#include "core/base/json.hpp"

namespace moescope::formats {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::size_t kMaxIndexBytes = 100'000'000;

[[noreturn]] void refuse_folder_without_weights(const Folder& folder) {
  const std::string where = folder.path().string();
  for (const std::string_view other : {"pytorch_model.bin", "pytorch_model.bin.index.json"})
    if (folder.has(other))
      fail(ErrorCode::kBadInput,
           "{}: expected {}, got {}; convert it: load it with transformers and call "
           "save_pretrained(folder, safe_serialization=True)",
           where, kSingleWeights, other);
  fail(ErrorCode::kBadInput, "{}: expected {} or {}, got neither; is it a model folder?", where,
       kSingleWeights, kWeightIndex);
}

bool is_weight_file(const fs::path& path) {
  std::error_code error;
  return path.extension() == ".safetensors" && !fs::is_directory(path, error);
}

bool is_transposed(std::span<const std::size_t> expected, std::span<const std::size_t> got) {
  return expected.size() > 1 &&
         std::equal(expected.rbegin(), expected.rend(), got.begin(), got.end());
}

}  // namespace

WeightIndex read_weight_index(std::string_view text, std::string_view where) {
  const json root = parse_json(text, where, {.max_bytes = kMaxIndexBytes});
  const JsonNode map = JsonNode(root, std::string(where)).at("weight_map");
  if (!map.is_object()) map.expected("an object");
  const auto& entries = map.value().get_ref<const json::object_t&>();
  WeightIndex index;
  for (const auto& [tensor, shard] : entries) {
    const bool fits = shard.is_string() && is_single_name(shard.get_ref<const std::string&>());
    if (!fits)
      fail(ErrorCode::kBadInput,
           "{}: weight_map: tensor {}: expected the name of a file in this "
           "folder, got {}",
           where, quoted_name(tensor),
           shard.is_string() ? quoted_name(shard.get_ref<const std::string&>()) : "another value");
    index.shards.push_back(shard.get_ref<const std::string&>());
  }
  if (entries.empty()) fail(ErrorCode::kBadInput, "{}: weight_map: it lists no tensor", where);
  std::sort(index.shards.begin(), index.shards.end());
  index.shards.erase(std::unique(index.shards.begin(), index.shards.end()), index.shards.end());
  for (const auto& [tensor, shard] : entries) {
    const auto at = std::lower_bound(index.shards.begin(), index.shards.end(),
                                     shard.get_ref<const std::string&>());
    index.entries.push_back({tensor, static_cast<std::size_t>(at - index.shards.begin())});
  }
  return index;
}

void WeightFiles::add(const std::string& name, SafetensorsFile file) {
  for (const TensorView& tensor : file.tensors()) {
    tensors_.push_back(tensor);
    tensors_.back().file_index = files_.size();
  }
  files_.push_back({name, file.file().path(), file.file().identity()});
  maps_.push_back(std::move(file).take_file());
}

void WeightFiles::sort_tensors() {
  std::sort(tensors_.begin(), tensors_.end(), [](const TensorView& a, const TensorView& b) {
    return std::pair<std::string_view, std::size_t>(a.name, a.file_index) <
           std::pair<std::string_view, std::size_t>(b.name, b.file_index);
  });
  for (std::size_t i = 1; i < tensors_.size(); ++i)
    if (tensors_[i].name == tensors_[i - 1].name)
      fail(ErrorCode::kBadInput, "{}: tensor {}: stands in {} and in {}", path_.string(),
           quoted_name(tensors_[i].name), quoted_name(files_[tensors_[i - 1].file_index].name),
           quoted_name(files_[tensors_[i].file_index].name));
}

void WeightFiles::check_against(const WeightIndex& index, std::string_view where) const {
  for (const WeightIndex::Entry& entry : index.entries) {
    const TensorView* tensor = find(entry.tensor);
    const std::string& shard = index.shards[entry.shard];
    if (tensor == nullptr)
      fail(ErrorCode::kBadInput, "{}: tensor {}: expected in {}, but no shard holds it", where,
           quoted_name(entry.tensor), quoted_name(shard));
    if (tensor->file_index != entry.shard)
      fail(ErrorCode::kBadInput, "{}: tensor {}: expected in {}, got it in {}", where,
           quoted_name(entry.tensor), quoted_name(shard),
           quoted_name(files_[tensor->file_index].name));
  }
}

WeightFiles WeightFiles::open(const fs::path& path) {
  if (is_weight_file(path)) return open_single(path);
  return open(Folder::open(path));
}

WeightFiles WeightFiles::open_single(const fs::path& file) {
  WeightFiles out;
  out.path_ = file;
  out.add(file.filename().string(), SafetensorsFile::open(file));
  return out;
}

WeightFiles WeightFiles::from(const fs::path& path, std::vector<NamedFile> files,
                              std::vector<MappedFile> maps, std::vector<TensorView> tensors) {
  WeightFiles out;
  out.path_ = path;
  out.files_ = std::move(files);
  out.maps_ = std::move(maps);
  out.tensors_ = std::move(tensors);
  out.sort_tensors();
  return out;
}

WeightFiles WeightFiles::open(const Folder& folder) {
  WeightFiles out;
  out.path_ = folder.path();
  const auto add = [&](const std::string& name) {
    MappedFile map = MappedFile::map(folder.open_file(name), folder.path() / name);
    out.add(name, SafetensorsFile::from(std::move(map)));
  };
  if (folder.has(kSingleWeights)) {
    add(std::string(kSingleWeights));
    return out;
  }
  if (!folder.has(kWeightIndex)) refuse_folder_without_weights(folder);
  const std::string where = (folder.path() / kWeightIndex).string();
  const UniqueFd fd = folder.open_file(kWeightIndex);
  out.index_ = {std::string(kWeightIndex), where, regular_file_identity(fd.get(), where)};
  const WeightIndex index = read_weight_index(read_all(fd.get(), where, kMaxIndexBytes), where);
  for (const std::string& shard : index.shards) add(shard);
  out.sort_tensors();
  out.check_against(index, where);
  return out;
}

const TensorView& WeightFiles::require(std::string_view name,
                                       std::span<const std::size_t> shape) const {
  const TensorView* tensor = find(name);
  if (tensor == nullptr)
    fail(ErrorCode::kBadInput, "{}: tensor {}: expected shape {}, got no tensor of that name",
         path_.string(), quoted_name(name), shape_text(shape));
  if (std::equal(shape.begin(), shape.end(), tensor->shape.begin(), tensor->shape.end()))
    return *tensor;
  fail(ErrorCode::kBadInput, "{}: tensor {}: expected shape {}, got {}{}",
       files_[tensor->file_index].path.string(), quoted_name(name), shape_text(shape),
       shape_text(tensor->shape),
       is_transposed(shape, tensor->shape) ? "; was it exported transposed?" : "");
}

}  // namespace moescope::formats

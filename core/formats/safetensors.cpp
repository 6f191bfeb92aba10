#include "core/formats/safetensors.hpp"

#include <algorithm>
#include <utility>

#include "core/base/error.hpp"
#include "core/base/escape.hpp"
#include "core/base/json.hpp"
#include "core/formats/other_formats.hpp"

namespace moescope::formats {
namespace {

using nlohmann::json;

constexpr std::size_t kLengthBytes = 8;
constexpr std::size_t kMaxHeaderBytes = 100'000'000;
constexpr std::size_t kMaxNameBytes = 4096;
constexpr std::size_t kMaxRank = 8;
constexpr std::size_t kMaxValues = 4'000'000;  // about 500,000 tensors
constexpr std::string_view kMetadataKey = "__metadata__";

std::string_view header_text(std::span<const std::byte> bytes, std::string_view where) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  refuse_other_formats(text, "a safetensors file", where);
  if (text.size() < kLengthBytes)
    fail(ErrorCode::kBadInput, "{}: header: expected {} bytes of length, got {}; download it again",
         where, kLengthBytes, text.size());
  std::uint64_t n_byte = 0;
  for (std::size_t i = kLengthBytes; i-- > 0;)
    n_byte = n_byte << 8 | static_cast<unsigned char>(text[i]);
  if (n_byte > kMaxHeaderBytes)
    fail(ErrorCode::kBadInput, "{}: header: expected at most {} bytes, got {}; is it safetensors?",
         where, kMaxHeaderBytes, n_byte);
  if (n_byte > text.size() - kLengthBytes)
    fail(ErrorCode::kBadInput,
         "{}: header: expected {} bytes, got {}: cut short; download it again", where, n_byte,
         text.size() - kLengthBytes);
  const std::string_view header = text.substr(kLengthBytes, n_byte);
  if (!header.starts_with('{'))
    fail(ErrorCode::kBadInput, "{}: header: expected '{{' at its first byte; is it safetensors?",
         where);
  return header;
}

/// Reads the entry of one tensor; says which tensor of which file was wrong.
class EntryReader {
 public:
  EntryReader(std::string_view where, std::span<const std::byte> data)
      : where_(where), data_(data) {}

  TensorView read(const std::string& name, const json& entry) const {
    if (name.size() > kMaxNameBytes)
      refuse(name, "expected a name of at most {} bytes", kMaxNameBytes);
    if (!entry.is_object()) refuse(name, "expected an object of dtype, shape and data_offsets");
    TensorView tensor;
    tensor.name = name;
    tensor.type = type(name, entry);
    tensor.shape = shape(name, entry);
    const auto [begin, end] = offsets(name, entry);
    const auto n_byte = checked_n_byte(tensor.type, tensor.shape);
    if (!n_byte)
      refuse(name, "shape {}: its size does not fit 64 bits, or {} would not fill its last byte",
             shape_text(tensor.shape), moescope::name(tensor.type));
    if (*n_byte != end - begin)
      refuse(name, "expected {} bytes for shape {} of {}, got {}", *n_byte,
             shape_text(tensor.shape), moescope::name(tensor.type), end - begin);
    tensor.bytes = data_.subspan(begin, end - begin);
    return tensor;
  }

 private:
  template <class... Args>
  [[noreturn]] void refuse(const std::string& name, fmt::format_string<Args...> format,
                           Args&&... args) const {
    fail(ErrorCode::kBadInput, "{}: tensor {}: {}", where_, quoted_name(name),
         fmt::format(format, std::forward<Args>(args)...));
  }

  const json& member(const std::string& name, const json& entry, const char* key) const {
    const auto it = entry.find(key);
    if (it == entry.end()) refuse(name, "key '{}' is missing", key);
    return *it;
  }

  std::size_t count(const std::string& name, const char* key, const json& value) const {
    if (!value.is_number_unsigned())
      refuse(name, "{}: expected whole numbers from 0 to 2^64 - 1", key);
    return value.get<std::size_t>();
  }

  ElementType type(const std::string& name, const json& entry) const {
    const json& value = member(name, entry, "dtype");
    if (!value.is_string()) refuse(name, "dtype: expected a string");
    const auto& text = value.get_ref<const std::string&>();
    const auto found = element_type_from_safetensors(text);
    if (text.empty() || !found) refuse(name, "dtype {} is not supported", quoted_name(text));
    return *found;
  }

  Shape shape(const std::string& name, const json& entry) const {
    const json& value = member(name, entry, "shape");
    if (!value.is_array()) refuse(name, "shape: expected an array");
    if (value.size() > kMaxRank)
      refuse(name, "shape: expected at most {} dimensions, got {}", kMaxRank, value.size());
    Shape out;
    for (const json& n : value) out.push_back(count(name, "shape", n));
    return out;
  }

  std::pair<std::size_t, std::size_t> offsets(const std::string& name, const json& entry) const {
    const json& value = member(name, entry, "data_offsets");
    if (!value.is_array() || value.size() != 2) refuse(name, "data_offsets: expected [begin, end]");
    const std::size_t begin = count(name, "data_offsets", value[0]);
    const std::size_t end = count(name, "data_offsets", value[1]);
    if (begin > end) refuse(name, "data_offsets: begin {} lies behind end {}", begin, end);
    if (end > data_.size())
      refuse(name,
             "data_offsets: ends at byte {} of data, but the file holds {}; download it again", end,
             data_.size());
    return {begin, end};
  }

  std::string_view where_;
  std::span<const std::byte> data_;
};

Metadata read_metadata(const json& value, std::string_view where) {
  if (!value.is_object())
    fail(ErrorCode::kBadInput, "{}: {}: expected an object of strings", where, kMetadataKey);
  Metadata out;
  for (const auto& [key, text] : value.items()) {
    if (!text.is_string())
      fail(ErrorCode::kBadInput, "{}: {}: key {}: expected a string", where, kMetadataKey,
           quoted_name(key));
    out.emplace(key, text.get<std::string>());
  }
  return out;
}

/// Holds the data section to the rule that tensors fill it without overlap or hole.
void check_layout(std::span<const TensorView> tensors, std::span<const std::byte> data,
                  std::string_view where) {
  std::vector<const TensorView*> order;
  order.reserve(tensors.size());
  for (const TensorView& tensor : tensors) order.push_back(&tensor);
  std::sort(order.begin(), order.end(), [](const TensorView* a, const TensorView* b) {
    return std::pair(a->bytes.data(), a->bytes.size()) <
           std::pair(b->bytes.data(), b->bytes.size());
  });
  std::size_t filled = 0;
  const TensorView* previous = nullptr;
  for (const TensorView* tensor : order) {
    const auto begin = static_cast<std::size_t>(tensor->bytes.data() - data.data());
    if (begin < filled)
      fail(ErrorCode::kBadInput, "{}: tensor {}: overlaps tensor {} at byte {} of data", where,
           quoted_name(tensor->name), quoted_name(previous->name), begin);
    if (begin > filled)
      fail(ErrorCode::kBadInput, "{}: tensor {}: a hole of {} bytes lies before it", where,
           quoted_name(tensor->name), begin - filled);
    filled = begin + tensor->bytes.size();
    previous = tensor;
  }
  if (filled != data.size())
    fail(ErrorCode::kBadInput, "{}: {} bytes behind the last tensor belong to none", where,
         data.size() - filled);
}

}  // namespace

SafetensorsHeader read_safetensors_header(std::span<const std::byte> bytes,
                                          std::string_view where) {
  const std::string_view text = header_text(bytes, where);
  const json root =
      parse_json(text, fmt::format("{}: header", where),
                 {.max_bytes = kMaxHeaderBytes, .max_depth = 4, .max_values = kMaxValues});
  const std::span<const std::byte> data = bytes.subspan(kLengthBytes + text.size());
  const EntryReader reader(where, data);
  SafetensorsHeader header;
  header.tensors.reserve(root.size());
  for (const auto& [name, entry] : root.get_ref<const json::object_t&>()) {
    if (name == kMetadataKey)
      header.metadata = read_metadata(entry, where);
    else
      header.tensors.push_back(reader.read(name, entry));
  }
  check_layout(header.tensors, data, where);
  return header;
}

const TensorView* find_tensor(std::span<const TensorView> sorted, std::string_view name) {
  const auto at = std::lower_bound(
      sorted.begin(), sorted.end(), name,
      [](const TensorView& t, std::string_view wanted) { return t.name < wanted; });
  return at != sorted.end() && at->name == name ? &*at : nullptr;
}

SafetensorsFile::SafetensorsFile(MappedFile file, SafetensorsHeader header)
    : file_(std::move(file)), header_(std::move(header)) {}

SafetensorsFile SafetensorsFile::open(const std::filesystem::path& path) {
  return from(MappedFile::open(path));
}

SafetensorsFile SafetensorsFile::from(MappedFile file) {
  SafetensorsHeader header = read_safetensors_header(file.bytes(), file.path().string());
  return {std::move(file), std::move(header)};
}

const TensorView* SafetensorsFile::find(std::string_view name) const {
  return find_tensor(header_.tensors, name);
}

}  // namespace moescope::formats

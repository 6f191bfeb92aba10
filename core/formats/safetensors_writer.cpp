#include "core/formats/safetensors_writer.hpp"

#include <fmt/format.h>

#include <set>
#include <string_view>

#include "core/base/error.hpp"
#include "core/base/escape.hpp"
#include "core/base/utf8.hpp"

namespace moescope::formats {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxNameBytes = 4096;
constexpr std::size_t kMaxRank = 8;

std::size_t checked_size(const TensorSpec& spec) {
  const auto refuse = [&](std::string_view why) {
    fail(ErrorCode::kBadInput, "safetensors: tensor {}: {}", quoted_name(spec.name), why);
  };
  if (spec.name.size() > kMaxNameBytes) refuse("expected a name of at most 4096 bytes");
  if (first_invalid_utf8(spec.name)) refuse("expected a name in UTF-8");
  if (spec.name == "__metadata__") refuse("the format keeps this name for itself");
  if (spec.shape.size() > kMaxRank) refuse("expected at most 8 dimensions");
  if (info(spec.type).safetensors_name.empty()) refuse("the format lacks its element type");
  const auto n_byte = checked_n_byte(spec.type, spec.shape);
  if (!n_byte) refuse("its size does not fit 64 bits");
  return *n_byte;
}

std::size_t total_size(std::span<const TensorSpec> specs) {
  std::size_t total = 0;
  for (const TensorSpec& spec : specs)
    if (__builtin_add_overflow(total, checked_size(spec), &total))
      fail(ErrorCode::kBadInput, "safetensors: the size of all tensors does not fit 64 bits");
  return total;
}

std::string little_endian(std::uint64_t value) {
  std::string out;
  for (int shift = 0; shift < 64; shift += 8) out += static_cast<char>(value >> shift & 0xff);
  return out;
}

}  // namespace

std::string safetensors_header(std::span<const TensorSpec> specs, const Metadata& metadata) {
  std::string json = "{";
  if (!metadata.empty()) {
    json += "\"__metadata__\":{";
    for (const auto& [key, value] : metadata)
      json += fmt::format("{}:{},", json_string(key), json_string(value));
    json.back() = '}';
    json += ',';
  }
  std::set<std::string_view> names;
  std::size_t begin = 0;
  for (const TensorSpec& spec : specs) {
    if (!names.insert(spec.name).second)
      fail(ErrorCode::kBadInput, "safetensors: tensor {}: the name is there twice",
           quoted_name(spec.name));
    std::size_t end = 0;
    if (__builtin_add_overflow(begin, checked_size(spec), &end))
      fail(ErrorCode::kBadInput, "safetensors: the size of all tensors does not fit 64 bits");
    json += fmt::format("{}:{{\"dtype\":\"{}\",\"shape\":[{}],\"data_offsets\":[{},{}]}},",
                        json_string(spec.name), info(spec.type).safetensors_name,
                        fmt::join(spec.shape, ","), begin, end);
    begin = end;
  }
  if (json.back() == ',') json.pop_back();
  json += '}';
  json.append((8 - json.size() % 8) % 8, ' ');
  return little_endian(json.size()) + json;
}

SafetensorsWriter::SafetensorsWriter(fs::path path, std::vector<TensorSpec> specs,
                                     const Metadata& metadata)
    : header_(safetensors_header(specs, metadata)),
      n_missing_(total_size(specs)),
      path_(path),
      file_(std::move(path)) {
  sha_.update(header_);
  file_.append(header_);
}

void SafetensorsWriter::append(std::span<const std::byte> bytes) {
  if (bytes.size() > n_missing_)
    fail(ErrorCode::kBadInput, "{}: expected {} more bytes of data, got {}", path_.string(),
         n_missing_, bytes.size());
  n_missing_ -= bytes.size();
  sha_.update(bytes);
  file_.append({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

std::string SafetensorsWriter::commit() {
  if (n_missing_ != 0)
    fail(ErrorCode::kBadInput, "{}: {} bytes of data are missing", path_.string(), n_missing_);
  file_.commit();
  return sha_.hex();
}

std::string write_safetensors(const fs::path& path, std::span<const TensorView> tensors,
                              const Metadata& metadata) {
  std::vector<TensorSpec> specs;
  specs.reserve(tensors.size());
  for (const TensorView& tensor : tensors)
    specs.push_back({tensor.name, tensor.type, tensor.shape});
  SafetensorsWriter writer(path, std::move(specs), metadata);
  for (const TensorView& tensor : tensors) writer.append(tensor.bytes);
  return writer.commit();
}

}  // namespace moescope::formats

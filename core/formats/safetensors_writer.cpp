#include "core/formats/safetensors_writer.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <set>
#include <string_view>

#include "core/base/error.hpp"
#include "core/base/escape.hpp"
#include "core/base/utf8.hpp"

namespace moescope::formats {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBufferBytes = 1u << 20;
constexpr std::size_t kMaxNameBytes = 4096;
constexpr std::size_t kMaxRank = 8;
constexpr int kMaxParts = 1000;

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

UniqueFd create_part(const fs::path& path, fs::path& part) {
  for (int i = 0; i < kMaxParts; ++i) {
    part = path;
    part += fmt::format(".{}-{}.part", ::getpid(), i);
    UniqueFd fd(::open(part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666));
    if (fd.valid()) return fd;
    if (errno != EEXIST) fail_errno(part.string(), errno);
  }
  fail(ErrorCode::kBadInput, "{}: too many unfinished copies beside it; remove them",
       path.string());
}

void sync_folder_of(const fs::path& path) {
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  const UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.valid()) ::fsync(fd.get());  // some file systems cannot; the file itself is synced
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
    : path_(std::move(path)) {
  buffer_ = safetensors_header(specs, metadata);
  n_missing_ = total_size(specs);
  fd_ = create_part(path_, part_);
}

SafetensorsWriter::~SafetensorsWriter() {
  if (fd_.valid()) ::unlink(part_.c_str());
}

void SafetensorsWriter::flush() {
  sha_.update(buffer_);
  write_all(fd_.get(), part_.string(), buffer_);
  buffer_.clear();
}

void SafetensorsWriter::append(std::span<const std::byte> bytes) {
  if (bytes.size() > n_missing_)
    fail(ErrorCode::kBadInput, "{}: expected {} more bytes of data, got {}", path_.string(),
         n_missing_, bytes.size());
  n_missing_ -= bytes.size();
  while (!bytes.empty()) {
    const auto piece = bytes.first(std::min(bytes.size(), kBufferBytes));
    buffer_.append(reinterpret_cast<const char*>(piece.data()), piece.size());
    bytes = bytes.subspan(piece.size());
    if (buffer_.size() >= kBufferBytes) flush();
  }
}

std::string SafetensorsWriter::commit() {
  if (n_missing_ != 0)
    fail(ErrorCode::kBadInput, "{}: {} bytes of data are missing", path_.string(), n_missing_);
  flush();
  if (::fsync(fd_.get()) != 0) fail_errno(part_.string(), errno);
  if (std::rename(part_.c_str(), path_.c_str()) != 0) fail_errno(path_.string(), errno);
  fd_.reset();
  sync_folder_of(path_);
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

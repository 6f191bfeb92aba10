#include "core/formats/gguf_model.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <string_view>
#include <system_error>
#include <utility>

#include "core/base/error.hpp"
#include "core/base/escape.hpp"
#include "core/formats/gguf.hpp"

namespace moescope::formats {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kDigits = 5;
constexpr std::size_t kMaxParts = 1024;
constexpr std::string_view kExtension = ".gguf";
constexpr std::string_view kOf = "-of-";

std::optional<std::size_t> five_digits(std::string_view text) {
  std::size_t out = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    out = out * 10 + static_cast<std::size_t>(c - '0');
  }
  return out;
}

/// Where a file says that it stands among the parts; a whole model is part 1 of 1.
struct PartKeys {
  std::size_t number = 1;
  std::size_t count = 1;
  std::optional<std::uint64_t> n_tensor;  ///< of all parts
};

PartKeys part_keys(const GgufMetadata& metadata) {
  PartKeys out;
  out.count = metadata.find_uint("split.count", 0, kMaxParts).value_or(1);
  if (out.count <= 1) return {};
  out.number = metadata.uint("split.no", 0, out.count - 1) + 1;
  out.n_tensor = metadata.find_uint("split.tensors.count");
  return out;
}

/// Gathers the parts of one model.
class Collector {
 public:
  void add(const std::string& name, GgufFile file) {
    for (const TensorView& tensor : file.tensors()) {
      tensors_.push_back(tensor);
      tensors_.back().file_index = files_.size();
    }
    if (files_.empty()) metadata_ = file.metadata();
    files_.push_back({name, file.file().path(), file.file().identity()});
    maps_.push_back(std::move(file).take_file());
  }

  std::size_t n_tensor() const { return tensors_.size(); }

  GgufModel finish(const fs::path& path) {
    return {std::move(metadata_),
            WeightFiles::from(path, std::move(files_), std::move(maps_), std::move(tensors_))};
  }

 private:
  GgufMetadata metadata_;
  std::vector<NamedFile> files_;
  std::vector<MappedFile> maps_;
  std::vector<TensorView> tensors_;
};

void check_part(const PartKeys& keys, std::size_t number, std::size_t count,
                const std::string& where) {
  if (keys.number != number || keys.count != count)
    fail(ErrorCode::kBadInput,
         "{}: expected part {} of {}, got a file that is part {} of {}; restore its name", where,
         number, count, keys.number, keys.count);
}

GgufModel open_parts(const fs::path& path, const GgufFile& named, const GgufPartName& name) {
  const std::string where = path.string();
  const PartKeys keys = part_keys(named.metadata());
  check_part(keys, name.number, name.count, where);
  const Folder folder = Folder::open(path.has_parent_path() ? path.parent_path() : fs::path("."));
  Collector parts;
  for (std::size_t i = 1; i <= keys.count; ++i) {
    const std::string sibling = name.sibling(i);
    if (!folder.has(sibling))
      fail(ErrorCode::kBadInput, "{}: part {} of {} is missing: expected {} beside it", where, i,
           keys.count, quoted_name(sibling));
    GgufFile file =
        GgufFile::from(MappedFile::map(folder.open_file(sibling), folder.path() / sibling));
    check_part(part_keys(file.metadata()), i, keys.count, (folder.path() / sibling).string());
    parts.add(sibling, std::move(file));
  }
  if (keys.n_tensor && *keys.n_tensor != parts.n_tensor())
    fail(ErrorCode::kBadInput, "{}: expected {} tensors in {} parts, got {}", where, *keys.n_tensor,
         keys.count, parts.n_tensor());
  return parts.finish(path);
}

}  // namespace

std::string GgufPartName::sibling(std::size_t other) const {
  return fmt::format("{}-{:05}{}{:05}{}", prefix, other, kOf, count, kExtension);
}

std::optional<GgufPartName> parse_gguf_part_name(std::string_view name) {
  constexpr std::size_t kTail = 1 + kDigits + kOf.size() + kDigits + kExtension.size();
  if (name.size() <= kTail || !name.ends_with(kExtension)) return std::nullopt;
  const std::string_view tail = name.substr(name.size() - kTail);
  const auto number = five_digits(tail.substr(1, kDigits));
  const auto count = five_digits(tail.substr(1 + kDigits + kOf.size(), kDigits));
  if (tail[0] != '-' || tail.substr(1 + kDigits, kOf.size()) != kOf || !number || !count)
    return std::nullopt;
  return GgufPartName{std::string(name.substr(0, name.size() - kTail)), *number, *count};
}

GgufModel GgufModel::open(const fs::path& path) {
  GgufFile file = GgufFile::open(path);
  const PartKeys keys = part_keys(file.metadata());
  const std::string name = path.filename().string();
  if (keys.count == 1) {
    Collector whole;
    whole.add(name, std::move(file));
    return whole.finish(path);
  }
  const auto part = parse_gguf_part_name(name);
  if (!part)
    fail(ErrorCode::kBadInput,
         "{}: part {} of {}: expected a name that ends in '-{:05}-of-{:05}.gguf', by which the "
         "other parts are found; restore its name",
         path.string(), keys.number, keys.count, keys.number, keys.count);
  return open_parts(path, file, *part);
}

bool is_gguf_file(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return false;
  std::ifstream in(path, std::ios::binary);
  std::array<char, 4> magic{};
  return in.read(magic.data(), magic.size()) &&
         std::string_view(magic.data(), magic.size()) == "GGUF";
}

}  // namespace moescope::formats

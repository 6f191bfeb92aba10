#include "core/formats/gguf.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "core/base/error.hpp"
#include "core/base/escape.hpp"
#include "core/formats/other_formats.hpp"
#include "core/formats/safetensors.hpp"

namespace moescope::formats {
namespace {

constexpr std::string_view kMagic = "GGUF";
constexpr std::string_view kAlignmentKey = "general.alignment";
constexpr std::size_t kDefaultAlignment = 32;
constexpr std::size_t kMaxKeyBytes = 65'535;
constexpr std::size_t kMaxNameBytes = 64;
constexpr std::size_t kMaxRank = 4;
// Limits of ours, far above any model: what a sparse file of many zeros could claim otherwise.
constexpr std::size_t kMaxKeys = 65'536;
constexpr std::size_t kMaxTensors = 262'144;
constexpr std::size_t kMaxElements = std::size_t{1} << 24;
constexpr std::size_t kMinKeyBytes = 8 + 1 + 4 + 1;         // length, key, type, value
constexpr std::size_t kMinTensorBytes = 8 + 1 + 4 + 4 + 8;  // length, name, rank, type, offset

/// Numbers of types that exist and that nothing here can read.
struct RefusedType {
  std::uint32_t id;
  std::string_view why;
};

constexpr std::array<RefusedType, 12> kRefusedTypes{{
    {4, "q4_2, whose support was removed from the format; convert the model again"},
    {5, "q4_3, whose support was removed from the format; convert the model again"},
    {9, "q8_1, which is for intermediate results and not for files"},
    {15, "q8_k, which is for intermediate results and not for files"},
    {31, "q4_0_4_4, whose support was removed from the format; convert the model again"},
    {32, "q4_0_4_8, whose support was removed from the format; convert the model again"},
    {33, "q4_0_8_8, whose support was removed from the format; convert the model again"},
    {36, "iq4_nl_4_4, whose support was removed from the format; convert the model again"},
    {37, "iq4_nl_4_8, whose support was removed from the format; convert the model again"},
    {38, "iq4_nl_8_8, whose support was removed from the format; convert the model again"},
    {40, "nvfp4, which is not supported"},
    {41, "q1_0, which is not supported"},
}};

/// Takes one field after another off the bytes of a file, never beyond their end.
class Cursor {
 public:
  Cursor(std::span<const std::byte> bytes, std::string_view where) : bytes_(bytes), where_(where) {}

  std::size_t at() const { return at_; }
  std::size_t rest() const { return bytes_.size() - at_; }

  template <class... Args>
  [[noreturn]] void refuse(fmt::format_string<Args...> format, Args&&... args) const {
    fail(ErrorCode::kBadInput, "{}: {}", where_, fmt::format(format, std::forward<Args>(args)...));
  }

  std::span<const std::byte> take(std::uint64_t n, std::string_view what) {
    if (n > rest())
      refuse("byte {}: {}: expected {} bytes, but the file holds {}: cut short; download it again",
             at_, what, n, rest());
    const auto out = bytes_.subspan(at_, n);
    at_ += n;
    return out;
  }

  template <class T>
  T number(std::string_view what) {
    T out;
    std::memcpy(&out, take(sizeof(T), what).data(), sizeof(T));
    return out;
  }

  std::string_view text(std::string_view what) {
    const auto n_byte = number<std::uint64_t>(what);
    const auto bytes = take(n_byte, what);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

  /// A count of things that take at least min_bytes each.
  std::size_t count(std::string_view what, std::size_t most, std::size_t min_bytes) {
    const std::size_t from = at_;
    const auto n = number<std::uint64_t>(what);
    if (n > most) refuse("byte {}: {}: expected at most {}, got {}", from, what, most, n);
    if (n > rest() / min_bytes)
      refuse("byte {}: {}: {} do not fit the {} bytes that follow: cut short; download it again",
             from, what, n, rest());
    return n;
  }

 private:
  std::span<const std::byte> bytes_;
  std::string_view where_;
  std::size_t at_ = 0;
};

std::uint32_t read_version(Cursor& in) {
  const auto version = in.number<std::uint32_t>("version");
  if (version == 2 || version == 3) return version;
  const std::uint32_t swapped = __builtin_bswap32(version);
  if (swapped >= 1 && swapped <= 0xffff)
    in.refuse(
        "version: expected 2 or 3, got {} in big-endian order: a big-endian file; convert it "
        "to little-endian",
        swapped);
  if (version == 1)
    in.refuse(
        "version: expected 2 or 3, got 1, whose counts have 32 bits; convert the model again");
  in.refuse("version: expected 2 or 3, got {}", version);
}

bool is_key(std::string_view key) {
  return !key.empty() && key.size() <= kMaxKeyBytes &&
         std::all_of(key.begin(), key.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

GgufType read_type(Cursor& in, std::string_view key, std::string_view what) {
  const auto type = in.number<std::uint32_t>(what);
  if (type > static_cast<std::uint32_t>(GgufType::kFloat64))
    in.refuse("key {}: {}: expected 0 to 12, got {}", quoted_name(key), what, type);
  return static_cast<GgufType>(type);
}

void check_bools(Cursor& in, std::string_view key, std::span<const std::byte> bytes) {
  for (const std::byte b : bytes)
    if (b > std::byte{1})
      in.refuse("key {}: bool: expected 0 or 1, got {}", quoted_name(key),
                std::to_integer<unsigned>(b));
}

/// Walks over the elements of a value; what it covers are its bytes.
void read_elements(Cursor& in, std::string_view key, GgufValue& value,
                   std::span<const std::byte> file) {
  const std::size_t from = in.at();
  const std::string_view what = name(value.type);
  if (value.type == GgufType::kString)
    for (std::size_t i = 0; i < value.n; ++i) in.text(what);
  else
    in.take(value.n * size_of(value.type), what);
  value.bytes = file.subspan(from, in.at() - from);
  if (value.type == GgufType::kBool) check_bools(in, key, value.bytes);
}

GgufEntry read_entry(Cursor& in, std::span<const std::byte> file) {
  const std::size_t from = in.at();
  GgufEntry entry{in.text("key"), {}};
  if (!is_key(entry.key))
    in.refuse("byte {}: key {}: expected 1 to {} bytes of printable ASCII", from,
              quoted_name(entry.key), kMaxKeyBytes);
  GgufValue& value = entry.value;
  value.type = read_type(in, entry.key, "value type");
  if (value.type == GgufType::kArray) {
    value.is_array = true;
    value.type = read_type(in, entry.key, "element type");
    if (value.type == GgufType::kArray)
      in.refuse("key {}: expected an array of numbers or strings, got an array of arrays",
                quoted_name(entry.key));
    const std::size_t min_bytes = value.type == GgufType::kString ? 8 : size_of(value.type);
    value.n = in.count("array length", kMaxElements, min_bytes);
  }
  read_elements(in, entry.key, value, file);
  return entry;
}

GgufMetadata read_metadata(Cursor& in, std::size_t n, std::span<const std::byte> file,
                           std::string_view where) {
  std::vector<GgufEntry> entries;
  entries.reserve(n);
  for (std::size_t i = 0; i < n; ++i) entries.push_back(read_entry(in, file));
  std::sort(entries.begin(), entries.end(),
            [](const GgufEntry& a, const GgufEntry& b) { return a.key < b.key; });
  const auto twice =
      std::adjacent_find(entries.begin(), entries.end(),
                         [](const GgufEntry& a, const GgufEntry& b) { return a.key == b.key; });
  if (twice != entries.end()) in.refuse("key {}: stands twice", quoted_name(twice->key));
  return {std::string(where), std::move(entries)};
}

std::size_t read_alignment(const GgufMetadata& metadata, const Cursor& in) {
  const auto alignment = metadata.find_uint(kAlignmentKey);
  if (!alignment) return kDefaultAlignment;
  if (*alignment < 8 || !std::has_single_bit(*alignment))
    in.refuse("key '{}': expected a power of two from 8 on, got {}", kAlignmentKey, *alignment);
  return *alignment;
}

/// A tensor as the head lists it, before its data section is known.
struct TensorInfo {
  TensorView tensor;
  std::uint64_t offset = 0;
  std::size_t n_byte = 0;
};

ElementType read_element_type(Cursor& in, std::string_view tensor) {
  const auto id = in.number<std::uint32_t>("tensor type");
  if (const auto type = element_type_from_gguf(id)) return *type;
  for (const RefusedType& row : kRefusedTypes)
    if (row.id == id) in.refuse("tensor {}: type {} is {}", quoted_name(tensor), id, row.why);
  in.refuse("tensor {}: type {} is not known", quoted_name(tensor), id);
}

TensorInfo read_tensor(Cursor& in, std::size_t alignment) {
  const std::size_t from = in.at();
  TensorInfo out;
  const std::string_view name = in.text("tensor name");
  if (name.empty() || name.size() > kMaxNameBytes)
    in.refuse("byte {}: tensor {}: expected a name of 1 to {} bytes", from, quoted_name(name),
              kMaxNameBytes);
  const auto refuse = [&]<class... Args>(fmt::format_string<Args...> format, Args&&... args) {
    in.refuse("tensor {}: {}", quoted_name(name), fmt::format(format, std::forward<Args>(args)...));
  };
  out.tensor.name = name;
  const auto rank = in.number<std::uint32_t>("number of dimensions");
  if (rank > kMaxRank) refuse("expected at most {} dimensions, got {}", kMaxRank, rank);
  Shape& shape = out.tensor.shape;
  for (std::uint32_t i = 0; i < rank; ++i) shape.push_back(in.number<std::uint64_t>("dimension"));
  std::reverse(shape.begin(), shape.end());
  if (std::find(shape.begin(), shape.end(), 0u) != shape.end())
    refuse("shape {}: expected no dimension of 0", shape_text(shape));
  const ElementType type = out.tensor.type = read_element_type(in, name);
  const std::size_t n_row = shape.empty() ? 1 : shape.back();
  if (n_row % info(type).block_elems != 0)
    refuse("shape {}: expected rows of whole blocks of {} elements for {}", shape_text(shape),
           info(type).block_elems, moescope::name(type));
  const auto n_byte = checked_n_byte(type, shape);
  if (!n_byte) refuse("shape {}: its size does not fit 64 bits", shape_text(shape));
  out.n_byte = *n_byte;
  out.offset = in.number<std::uint64_t>("tensor offset");
  if (out.offset % alignment != 0)
    refuse("offset {}: expected a multiple of the alignment {}", out.offset, alignment);
  return out;
}

/// Gives every tensor its bytes: in the order of their offsets they fill the data section, with
/// nothing between them but padding.
void place_tensors(std::vector<TensorInfo>& infos, std::span<const std::byte> data,
                   std::size_t alignment, const Cursor& in) {
  std::sort(infos.begin(), infos.end(),
            [](const TensorInfo& a, const TensorInfo& b) { return a.offset < b.offset; });
  std::size_t filled = 0;
  const TensorInfo* previous = nullptr;
  for (TensorInfo& t : infos) {
    const std::string name = quoted_name(t.tensor.name);
    if (t.offset > data.size() || t.n_byte > data.size() - t.offset)
      in.refuse(
          "tensor {}: expected {} bytes at byte {} of data, but the file holds {}; download "
          "it again",
          name, t.n_byte, t.offset, data.size());
    if (t.offset < filled)
      in.refuse("tensor {}: overlaps tensor {} at byte {} of data", name,
                quoted_name(previous->tensor.name), t.offset);
    if (t.offset - filled >= alignment)
      in.refuse("tensor {}: a hole of {} bytes lies before it", name, t.offset - filled);
    t.tensor.bytes = data.subspan(t.offset, t.n_byte);
    filled = t.offset + t.n_byte;
    previous = &t;
  }
  if (data.size() - filled >= alignment)
    in.refuse("{} bytes behind the last tensor belong to none", data.size() - filled);
}

std::vector<TensorView> read_tensors(Cursor& in, std::size_t n, std::size_t alignment,
                                     std::span<const std::byte> file) {
  std::vector<TensorInfo> infos;
  infos.reserve(n);
  for (std::size_t i = 0; i < n; ++i) infos.push_back(read_tensor(in, alignment));
  // A file of a vocabulary alone ends before the place where data would begin.
  const std::size_t padding = (alignment - in.at() % alignment) % alignment;
  place_tensors(infos, file.subspan(in.at() + std::min(padding, in.rest())), alignment, in);
  std::vector<TensorView> out;
  out.reserve(n);
  for (TensorInfo& t : infos) out.push_back(std::move(t.tensor));
  std::sort(out.begin(), out.end(),
            [](const TensorView& a, const TensorView& b) { return a.name < b.name; });
  const auto twice =
      std::adjacent_find(out.begin(), out.end(),
                         [](const TensorView& a, const TensorView& b) { return a.name == b.name; });
  if (twice != out.end()) in.refuse("tensor {}: stands twice", quoted_name(twice->name));
  return out;
}

}  // namespace

GgufHeader read_gguf_header(std::span<const std::byte> bytes, std::string_view where) {
  Cursor in(bytes, where);
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (!text.starts_with(kMagic)) {
    refuse_other_formats(text, "a GGUF file", where);
    in.refuse("expected 'GGUF' at its first byte; is it a GGUF file?");
  }
  in.take(kMagic.size(), "magic");
  GgufHeader out;
  out.version = read_version(in);
  const std::size_t n_tensor = in.count("tensor count", kMaxTensors, kMinTensorBytes);
  const std::size_t n_key = in.count("key count", kMaxKeys, kMinKeyBytes);
  out.metadata = read_metadata(in, n_key, bytes, where);
  out.alignment = read_alignment(out.metadata, in);
  out.tensors = read_tensors(in, n_tensor, out.alignment, bytes);
  return out;
}

GgufFile::GgufFile(MappedFile file, GgufHeader header)
    : file_(std::move(file)), header_(std::move(header)) {}

GgufFile GgufFile::open(const std::filesystem::path& path) {
  return from(MappedFile::open(path));
}

GgufFile GgufFile::from(MappedFile file) {
  GgufHeader header = read_gguf_header(file.bytes(), file.path().string());
  return {std::move(file), std::move(header)};
}

const TensorView* GgufFile::find(std::string_view name) const {
  return find_tensor(header_.tensors, name);
}

}  // namespace moescope::formats

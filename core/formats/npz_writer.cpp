#include "core/formats/npz_writer.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <utility>

#include "core/base/error.hpp"
#include "core/base/escape.hpp"
#include "core/base/utf8.hpp"

namespace moescope::formats {
namespace {

constexpr std::uint64_t kMax32 = 0xffffffff;

/// Little-endian integers, one after the other.
class Bytes {
 public:
  Bytes& u16(std::uint64_t value) { return put(value, 2); }
  Bytes& u32(std::uint64_t value) { return put(value, 4); }
  Bytes& u64(std::uint64_t value) { return put(value, 8); }
  Bytes& text(std::string_view value) {
    out_ += value;
    return *this;
  }
  const std::string& str() const { return out_; }

 private:
  Bytes& put(std::uint64_t value, int n_byte) {
    for (int i = 0; i < n_byte; ++i) out_ += static_cast<char>(value >> (8 * i) & 0xff);
    return *this;
  }
  std::string out_;
};

constexpr std::array<std::uint32_t, 256> make_crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value & 1) ? 0xedb88320u ^ (value >> 1) : value >> 1;
    table[i] = value;
  }
  return table;
}

constexpr auto kCrcTable = make_crc_table();

std::string_view numpy_type(ElementType type) {
  switch (type) {
    case ElementType::kF32:
      return "<f4";
    case ElementType::kF16:
      return "<f2";
    case ElementType::kF64:
      return "<f8";
    case ElementType::kI64:
      return "<i8";
    case ElementType::kI32:
      return "<i4";
    case ElementType::kI16:
      return "<i2";
    case ElementType::kI8:
      return "|i1";
    case ElementType::kU64:
      return "<u8";
    case ElementType::kU32:
      return "<u4";
    case ElementType::kU16:
      return "<u2";
    case ElementType::kU8:
      return "|u1";
    case ElementType::kBool:
      return "|b1";
    default:
      fail(ErrorCode::kBadInput, "npz: NumPy has no element type {}; write safetensors",
           name(type));
  }
}

/// Sizes and flags that the local header and the directory share; sizes are in the zip64 field.
Bytes common_fields(std::uint32_t crc, std::string_view name, std::size_t n_extra) {
  constexpr std::uint16_t kUtf8Names = 1u << 11;
  constexpr std::uint16_t kFirstDay = (1 << 5) | 1;  // 1980-01-01
  Bytes out;
  out.u16(45).u16(kUtf8Names).u16(0).u16(0).u16(kFirstDay).u32(crc).u32(kMax32).u32(kMax32);
  out.u16(name.size()).u16(n_extra);
  return out;
}

}  // namespace

std::string npy_header(ElementType type, const Shape& shape) {
  std::string dims;
  for (const auto n : shape) dims += fmt::format("{},{}", n, shape.size() == 1 ? "" : " ");
  if (shape.size() > 1) dims.resize(dims.size() - 2);
  std::string dict = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}",
                                 numpy_type(type), dims);
  constexpr std::size_t kBefore = 10, kAlign = 64;
  const std::size_t used = kBefore + dict.size() + 1;
  dict.append((kAlign - used % kAlign) % kAlign, ' ');
  dict += '\n';
  return Bytes().text("\x93NUMPY").text({"\x01\x00", 2}).u16(dict.size()).text(dict).str();
}

std::uint32_t crc32(std::uint32_t crc, std::span<const std::byte> bytes) noexcept {
  crc = ~crc;
  for (const std::byte b : bytes)
    crc = kCrcTable[(crc ^ std::to_integer<std::uint32_t>(b)) & 0xff] ^ (crc >> 8);
  return ~crc;
}

NpzWriter::NpzWriter(std::filesystem::path path) : where_(path.string()), file_(std::move(path)) {}

void NpzWriter::begin(const TensorSpec& spec) {
  end_entry();
  if (spec.name.size() > 4096 || first_invalid_utf8(spec.name))
    fail(ErrorCode::kBadInput, "{}: expected array names in UTF-8 of at most 4096 bytes", where_);
  const std::string name = spec.name + ".npy";
  for (const Entry& entry : entries_)
    if (entry.name == name)
      fail(ErrorCode::kBadInput, "{}: array {}: the name is there twice", where_,
           quoted_name(spec.name));
  const auto n_byte = checked_n_byte(spec.type, spec.shape);
  if (!n_byte) fail(ErrorCode::kBadInput, "{}: array {} is too large", where_, quoted_name(name));
  const std::string header = npy_header(spec.type, spec.shape);
  const std::uint64_t size = header.size() + *n_byte;
  entries_.push_back({.name = name, .at = file_.size(), .size = size, .crc = 0});
  const std::string extra = Bytes().u16(1).u16(16).u64(size).u64(size).str();
  file_.append(Bytes().u32(0x04034b50).str());
  file_.append(common_fields(0, name, extra.size()).str());
  file_.append(name);
  file_.append(extra);
  n_missing_ = size;
  append(std::as_bytes(std::span(header)));
}

void NpzWriter::append(std::span<const std::byte> bytes) {
  if (entries_.empty() || bytes.size() > n_missing_)
    fail(ErrorCode::kBadInput, "{}: expected {} more bytes of data, got {}", where_, n_missing_,
         bytes.size());
  n_missing_ -= bytes.size();
  entries_.back().crc = crc32(entries_.back().crc, bytes);
  file_.append({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

void NpzWriter::end_entry() {
  if (n_missing_ != 0)
    fail(ErrorCode::kBadInput, "{}: {} bytes of data are missing", where_, n_missing_);
  if (entries_.empty()) return;
  constexpr std::uint64_t kCrcAt = 14;
  file_.overwrite(entries_.back().at + kCrcAt, Bytes().u32(entries_.back().crc).str());
}

void NpzWriter::commit() {
  end_entry();
  const std::uint64_t directory = file_.size();
  for (const Entry& entry : entries_) {
    const std::string extra =
        Bytes().u16(1).u16(24).u64(entry.size).u64(entry.size).u64(entry.at).str();
    file_.append(Bytes().u32(0x02014b50).u16(45).str());
    file_.append(common_fields(entry.crc, entry.name, extra.size()).str());
    file_.append(Bytes().u16(0).u16(0).u16(0).u32(0).u32(kMax32).str());
    file_.append(entry.name);
    file_.append(extra);
  }
  const std::uint64_t end = file_.size();
  const std::uint64_t n = entries_.size();
  file_.append(Bytes()
                   .u32(0x06064b50)
                   .u64(44)
                   .u16(45)
                   .u16(45)
                   .u32(0)
                   .u32(0)
                   .u64(n)
                   .u64(n)
                   .u64(end - directory)
                   .u64(directory)
                   .str());
  file_.append(Bytes().u32(0x07064b50).u32(0).u64(end).u32(1).str());
  file_.append(Bytes()
                   .u32(0x06054b50)
                   .u16(0)
                   .u16(0)
                   .u16(0xffff)
                   .u16(0xffff)
                   .u32(kMax32)
                   .u32(kMax32)
                   .u16(0)
                   .str());
  file_.commit();
}

}  // namespace moescope::formats

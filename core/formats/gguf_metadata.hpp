#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace moescope::formats {

/// The type of a metadata value, numbered as in the file.
enum class GgufType : std::uint32_t {
  kUint8 = 0,
  kInt8,
  kUint16,
  kInt16,
  kUint32,
  kInt32,
  kFloat32,
  kBool,
  kString,
  kArray,
  kUint64,
  kInt64,
  kFloat64,
};

/// "uint32"
std::string_view name(GgufType type);
/// Bytes of one number; 0 for strings and arrays.
std::size_t size_of(GgufType type);

/// One checked value of the metadata: a view into the mapped file.
struct GgufValue {
  GgufType type = GgufType::kUint8;  ///< of the value, or of each element of an array
  bool is_array = false;
  std::size_t n = 1;                 ///< elements; 1 where it is no array
  std::span<const std::byte> bytes;  ///< numbers one after another; strings with their lengths

  /// "uint32", "array of 3 string"
  std::string description() const;
};

/// One key and its value.
struct GgufEntry {
  std::string_view key;
  GgufValue value;
};

/// The metadata of a GGUF file: keys with typed values, views into the mapped file.
/// Getters throw kBadInput with the file, the key, what was expected and what is there; the find_
/// form gives nothing where the key is absent. Whole numbers are taken from any integer type that
/// holds them, since writers differ in the width they choose.
class GgufMetadata {
 public:
  GgufMetadata() = default;
  /// `entries` sorted by key, each once; `where` names the file in messages.
  GgufMetadata(std::string where, std::vector<GgufEntry> entries);

  const std::string& where() const { return where_; }
  /// All entries, sorted by key.
  std::span<const GgufEntry> entries() const { return entries_; }
  /// The value of that key, or nullptr.
  const GgufValue* find(std::string_view key) const;
  const GgufValue& require(std::string_view key, std::string_view expected) const;

  std::string_view string(std::string_view key) const;
  std::optional<std::string_view> find_string(std::string_view key) const;
  std::uint64_t uint(std::string_view key, std::uint64_t lo = 0,
                     std::uint64_t hi = UINT64_MAX) const;
  std::optional<std::uint64_t> find_uint(std::string_view key, std::uint64_t lo = 0,
                                         std::uint64_t hi = UINT64_MAX) const;
  /// float32 or float64; NaN and infinities are refused.
  double number(std::string_view key) const;
  std::optional<double> find_number(std::string_view key) const;
  bool boolean(std::string_view key) const;
  std::optional<bool> find_boolean(std::string_view key) const;

  /// An array of strings as views into the file.
  std::vector<std::string_view> strings(std::string_view key) const;
  /// An array of any integer type.
  /// Errors: kBadInput also for a value beyond 63 bits.
  std::vector<std::int64_t> integers(std::string_view key) const;
  /// An array of float32, bit for bit.
  std::vector<float> floats(std::string_view key) const;
  std::vector<bool> booleans(std::string_view key) const;
  /// One whole number for each of n layers: an array of n, or one number that stands for all.
  std::vector<std::uint64_t> uint_per_layer(std::string_view key, std::size_t n,
                                            std::uint64_t hi = UINT64_MAX) const;

  /// Throws kBadInput: "<where>: key '<key>': expected <expected>, got <what is there>".
  [[noreturn]] void expected(std::string_view key, std::string_view what) const;

 private:
  const GgufValue& array(std::string_view key, std::string_view expected) const;

  std::string where_;
  std::vector<GgufEntry> entries_;
};

/// Number i of a value, read at whatever address it lies.
template <class T>
T gguf_number(const GgufValue& value, std::size_t i) {
  static_assert(std::is_arithmetic_v<T>);
  T out;
  std::memcpy(&out, value.bytes.data() + i * sizeof(T), sizeof(T));
  return out;
}

}  // namespace moescope::formats

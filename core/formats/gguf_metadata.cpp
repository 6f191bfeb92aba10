#include "core/formats/gguf_metadata.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "core/base/error.hpp"
#include "core/base/escape.hpp"
#include "core/formats/io.hpp"

namespace moescope::formats {
namespace {

struct TypeRow {
  GgufType type;
  std::string_view name;
  std::size_t size;
};

constexpr std::array<TypeRow, 13> kTypes{{
    {GgufType::kUint8, "uint8", 1},
    {GgufType::kInt8, "int8", 1},
    {GgufType::kUint16, "uint16", 2},
    {GgufType::kInt16, "int16", 2},
    {GgufType::kUint32, "uint32", 4},
    {GgufType::kInt32, "int32", 4},
    {GgufType::kFloat32, "float32", 4},
    {GgufType::kBool, "bool", 1},
    {GgufType::kString, "string", 0},
    {GgufType::kArray, "array", 0},
    {GgufType::kUint64, "uint64", 8},
    {GgufType::kInt64, "int64", 8},
    {GgufType::kFloat64, "float64", 8},
}};

/// A whole number of either sign: its magnitude tells the rest.
struct Whole {
  bool negative = false;
  std::uint64_t magnitude = 0;
};

template <class T>
Whole whole_of(const GgufValue& value, std::size_t i) {
  const T v = gguf_number<T>(value, i);
  if constexpr (std::is_signed_v<T>)
    if (v < 0) return {true, std::uint64_t{0} - static_cast<std::uint64_t>(v)};
  return {false, static_cast<std::uint64_t>(v)};
}

std::optional<Whole> whole(const GgufValue& value, std::size_t i) {
  switch (value.type) {
    case GgufType::kUint8:
      return whole_of<std::uint8_t>(value, i);
    case GgufType::kInt8:
      return whole_of<std::int8_t>(value, i);
    case GgufType::kUint16:
      return whole_of<std::uint16_t>(value, i);
    case GgufType::kInt16:
      return whole_of<std::int16_t>(value, i);
    case GgufType::kUint32:
      return whole_of<std::uint32_t>(value, i);
    case GgufType::kInt32:
      return whole_of<std::int32_t>(value, i);
    case GgufType::kUint64:
      return whole_of<std::uint64_t>(value, i);
    case GgufType::kInt64:
      return whole_of<std::int64_t>(value, i);
    default:
      return std::nullopt;
  }
}

std::string text_of(const Whole& number) {
  return (number.negative ? "-" : "") + std::to_string(number.magnitude);
}

std::string_view text_at(const GgufValue& value, std::size_t& at) {
  std::uint64_t n_byte = 0;
  std::memcpy(&n_byte, value.bytes.data() + at, sizeof n_byte);
  at += sizeof n_byte;
  const auto* text = reinterpret_cast<const char*>(value.bytes.data() + at);
  at += n_byte;
  return {text, n_byte};
}

}  // namespace

std::string_view name(GgufType type) {
  return kTypes[static_cast<std::size_t>(type)].name;
}

std::size_t size_of(GgufType type) {
  return kTypes[static_cast<std::size_t>(type)].size;
}

std::string GgufValue::description() const {
  if (is_array) return fmt::format("array of {} {}", n, name(type));
  return std::string(name(type));
}

GgufMetadata::GgufMetadata(std::string where, std::vector<GgufEntry> entries)
    : where_(std::move(where)), entries_(std::move(entries)) {}

const GgufValue* GgufMetadata::find(std::string_view key) const {
  const auto at =
      std::lower_bound(entries_.begin(), entries_.end(), key,
                       [](const GgufEntry& e, std::string_view wanted) { return e.key < wanted; });
  return at != entries_.end() && at->key == key ? &at->value : nullptr;
}

const GgufValue& GgufMetadata::require(std::string_view key, std::string_view expected) const {
  const GgufValue* value = find(key);
  if (value == nullptr)
    fail(ErrorCode::kBadInput, "{}: key {}: expected {}, got no such key", where_, quoted_name(key),
         expected);
  return *value;
}

void GgufMetadata::expected(std::string_view key, std::string_view what) const {
  fail(ErrorCode::kBadInput, "{}: key {}: expected {}, got {}", where_, quoted_name(key), what,
       require(key, what).description());
}

std::string_view GgufMetadata::string(std::string_view key) const {
  constexpr std::string_view kExpected = "a string";
  const GgufValue& value = require(key, kExpected);
  if (value.is_array || value.type != GgufType::kString) expected(key, kExpected);
  std::size_t at = 0;
  return text_at(value, at);
}

std::uint64_t GgufMetadata::uint(std::string_view key, std::uint64_t lo, std::uint64_t hi) const {
  const std::string range = lo == 0 && hi == UINT64_MAX
                                ? "a whole number that is not negative"
                                : fmt::format("a whole number from {} to {}", lo, hi);
  const GgufValue& value = require(key, range);
  const auto number = value.is_array ? std::nullopt : whole(value, 0);
  if (!number) expected(key, range);
  if ((number->negative && number->magnitude != 0) || number->magnitude < lo ||
      number->magnitude > hi)
    fail(ErrorCode::kBadInput, "{}: key {}: expected {}, got {}", where_, quoted_name(key), range,
         text_of(*number));
  return number->magnitude;
}

double GgufMetadata::number(std::string_view key) const {
  constexpr std::string_view kExpected = "a finite number (float32 or float64)";
  const GgufValue& value = require(key, kExpected);
  const bool is_float = value.type == GgufType::kFloat32 || value.type == GgufType::kFloat64;
  if (value.is_array || !is_float) expected(key, kExpected);
  const double number = value.type == GgufType::kFloat32 ? gguf_number<float>(value, 0)
                                                         : gguf_number<double>(value, 0);
  if (!std::isfinite(number))
    fail(ErrorCode::kBadInput, "{}: key {}: expected {}, got {}", where_, quoted_name(key),
         kExpected, number);
  return number;
}

bool GgufMetadata::boolean(std::string_view key) const {
  constexpr std::string_view kExpected = "a bool";
  const GgufValue& value = require(key, kExpected);
  if (value.is_array || value.type != GgufType::kBool) expected(key, kExpected);
  return value.bytes[0] != std::byte{0};
}

std::optional<std::string_view> GgufMetadata::find_string(std::string_view key) const {
  if (find(key) == nullptr) return std::nullopt;
  return string(key);
}

std::optional<std::uint64_t> GgufMetadata::find_uint(std::string_view key, std::uint64_t lo,
                                                     std::uint64_t hi) const {
  if (find(key) == nullptr) return std::nullopt;
  return uint(key, lo, hi);
}

std::optional<double> GgufMetadata::find_number(std::string_view key) const {
  if (find(key) == nullptr) return std::nullopt;
  return number(key);
}

std::optional<bool> GgufMetadata::find_boolean(std::string_view key) const {
  if (find(key) == nullptr) return std::nullopt;
  return boolean(key);
}

const GgufValue& GgufMetadata::array(std::string_view key, std::string_view what) const {
  const GgufValue& value = require(key, what);
  if (!value.is_array) expected(key, what);
  return value;
}

std::vector<std::string_view> GgufMetadata::strings(std::string_view key) const {
  constexpr std::string_view kExpected = "an array of strings";
  const GgufValue& value = array(key, kExpected);
  if (value.type != GgufType::kString) expected(key, kExpected);
  std::vector<std::string_view> out(value.n);
  std::size_t at = 0;
  for (std::string_view& text : out) text = text_at(value, at);
  return out;
}

std::vector<std::int64_t> GgufMetadata::integers(std::string_view key) const {
  constexpr std::string_view kExpected = "an array of whole numbers";
  const GgufValue& value = array(key, kExpected);
  if (value.n > 0 && !whole(value, 0)) expected(key, kExpected);
  std::vector<std::int64_t> out(value.n);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const Whole number = *whole(value, i);
    if (!number.negative && number.magnitude > INT64_MAX)
      fail(ErrorCode::kBadInput, "{}: key {}: element {}: expected at most 2^63 - 1, got {}",
           where_, quoted_name(key), i, number.magnitude);
    out[i] = static_cast<std::int64_t>(number.negative ? std::uint64_t{0} - number.magnitude
                                                       : number.magnitude);
  }
  return out;
}

std::vector<float> GgufMetadata::floats(std::string_view key) const {
  constexpr std::string_view kExpected = "an array of float32";
  const GgufValue& value = array(key, kExpected);
  if (value.type != GgufType::kFloat32) expected(key, kExpected);
  std::vector<float> out(value.n);
  if (!out.empty()) std::memcpy(out.data(), value.bytes.data(), value.bytes.size());
  return out;
}

std::vector<bool> GgufMetadata::booleans(std::string_view key) const {
  constexpr std::string_view kExpected = "an array of bool";
  const GgufValue& value = array(key, kExpected);
  if (value.type != GgufType::kBool) expected(key, kExpected);
  std::vector<bool> out(value.n);
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = value.bytes[i] != std::byte{0};
  return out;
}

std::vector<std::uint64_t> GgufMetadata::uint_per_layer(std::string_view key, std::size_t n,
                                                        std::uint64_t hi) const {
  const std::string what =
      fmt::format("a whole number from 0 to {}, or one for each of {} layers", hi, n);
  const GgufValue& value = require(key, what);
  if (!value.is_array) return std::vector<std::uint64_t>(n, uint(key, 0, hi));
  if (value.n != n || (n > 0 && !whole(value, 0))) expected(key, what);
  std::vector<std::uint64_t> out(n);
  for (std::size_t i = 0; i < n; ++i) {
    const Whole number = *whole(value, i);
    if (number.negative || number.magnitude > hi)
      fail(ErrorCode::kBadInput,
           "{}: key {}: element {}: expected a whole number from 0 to {}, got {}", where_,
           quoted_name(key), i, hi, text_of(number));
    out[i] = number.magnitude;
  }
  return out;
}

}  // namespace moescope::formats

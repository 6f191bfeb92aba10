#include "core/base/element_type.hpp"

#include <array>
#include <bit>
#include <cmath>

namespace moescope {
namespace {

constexpr std::array<ElementTypeInfo, 15> kTable{{
    {ElementType::kF32, "f32", "F32", 1, 4, true},
    {ElementType::kF16, "f16", "F16", 1, 2, true},
    {ElementType::kBF16, "bf16", "BF16", 1, 2, true},
    {ElementType::kF64, "f64", "F64", 1, 8, false},
    {ElementType::kF8E4M3, "f8_e4m3", "F8_E4M3", 1, 1, false},
    {ElementType::kF8E5M2, "f8_e5m2", "F8_E5M2", 1, 1, false},
    {ElementType::kI64, "i64", "I64", 1, 8, false},
    {ElementType::kI32, "i32", "I32", 1, 4, false},
    {ElementType::kI16, "i16", "I16", 1, 2, false},
    {ElementType::kI8, "i8", "I8", 1, 1, false},
    {ElementType::kU64, "u64", "U64", 1, 8, false},
    {ElementType::kU32, "u32", "U32", 1, 4, false},
    {ElementType::kU16, "u16", "U16", 1, 2, false},
    {ElementType::kU8, "u8", "U8", 1, 1, false},
    {ElementType::kBool, "bool", "BOOL", 1, 1, false},
}};

}  // namespace

std::span<const ElementTypeInfo> element_types() {
  return kTable;
}

const ElementTypeInfo& info(ElementType type) {
  return kTable[static_cast<std::size_t>(type)];
}

std::string_view name(ElementType type) {
  return info(type).name;
}

std::optional<ElementType> element_type_from_safetensors(std::string_view name) {
  for (const ElementTypeInfo& row : kTable)
    if (row.safetensors_name == name) return row.type;
  return std::nullopt;
}

float bf16_to_f32(std::uint16_t bits) noexcept {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

std::uint16_t f32_to_bf16(float value) noexcept {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if (std::isnan(value)) return static_cast<std::uint16_t>((bits >> 16) | 0x40u);
  const std::uint32_t round = 0x7fffu + ((bits >> 16) & 1u);
  return static_cast<std::uint16_t>((bits + round) >> 16);
}

float f16_to_f32(std::uint16_t bits) noexcept {
  const std::uint32_t sign = static_cast<std::uint32_t>(bits & 0x8000u) << 16;
  const std::uint32_t exponent = (bits >> 10) & 0x1fu;
  const std::uint32_t mantissa = bits & 0x3ffu;
  if (exponent == 0x1f)
    return std::bit_cast<float>(sign | 0x7f800000u | (mantissa ? (mantissa << 13) | 0x400000u : 0));
  if (exponent != 0)
    return std::bit_cast<float>(sign | ((exponent + 112) << 23) | (mantissa << 13));
  const float magnitude = static_cast<float>(mantissa) * 0x1p-24f;
  return sign != 0 ? -magnitude : magnitude;
}

std::uint16_t f32_to_f16(float value) noexcept {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const auto sign = static_cast<std::uint16_t>((bits >> 16) & 0x8000u);
  const std::uint32_t magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u)
    return static_cast<std::uint16_t>(sign | 0x7e00u | ((magnitude >> 13) & 0x1ffu));
  if (magnitude >= 0x477ff000u) return static_cast<std::uint16_t>(sign | 0x7c00u);
  if (magnitude < 0x38800000u) {  // subnormal: adding 0.5 leaves the rounded value in the low bits
    const float shifted = std::bit_cast<float>(magnitude) + 0.5f;
    return static_cast<std::uint16_t>(sign | (std::bit_cast<std::uint32_t>(shifted) - 0x3f000000u));
  }
  const std::uint32_t odd = (magnitude >> 13) & 1u;
  return static_cast<std::uint16_t>(sign | ((magnitude - 0x38000000u + 0xfffu + odd) >> 13));
}

}  // namespace moescope

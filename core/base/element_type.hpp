#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace moescope {

/// How the elements of a stored tensor are encoded.
enum class ElementType : std::uint8_t {
  kF32,
  kF16,
  kBF16,
  kF64,
  kF8E4M3,
  kF8E5M2,
  kI64,
  kI32,
  kI16,
  kI8,
  kU64,
  kU32,
  kU16,
  kU8,
  kBool,
};

/// One row of the element type table: a block of `block_elems` elements takes `block_bytes` bytes.
struct ElementTypeInfo {
  ElementType type;
  std::string_view name;              ///< our name, lower case: "bf16"
  std::string_view safetensors_name;  ///< "BF16"; empty where that format has none
  std::size_t block_elems;
  std::size_t block_bytes;
  bool is_weight;  ///< the kernels can compute with it
};

std::span<const ElementTypeInfo> element_types();
const ElementTypeInfo& info(ElementType type);
std::string_view name(ElementType type);
std::optional<ElementType> element_type_from_safetensors(std::string_view name);

/// Conversions between stored and computed precision, exact or to nearest even.
float f16_to_f32(std::uint16_t bits) noexcept;
float bf16_to_f32(std::uint16_t bits) noexcept;
std::uint16_t f32_to_f16(float value) noexcept;
std::uint16_t f32_to_bf16(float value) noexcept;

}  // namespace moescope

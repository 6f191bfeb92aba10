#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace moescope {

/// How the elements of a stored tensor are encoded. The names of block types are GGUF's.
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
  kC64,
  kF6E2M3,
  kF6E3M2,
  kE8M0,    ///< a power of two: the scale of a block
  kF4E2M1,  ///< four bits, the low half of a byte first; scales lie in a tensor of their own
  kQ4_0,
  kQ4_1,
  kQ5_0,
  kQ5_1,
  kQ8_0,
  kQ2K,
  kQ3K,
  kQ4K,
  kQ5K,
  kQ6K,
  kIq4Nl,
  kIq4Xs,
  kMxfp4,
  kIq1S,
  kIq1M,
  kIq2Xxs,
  kIq2Xs,
  kIq2S,
  kIq3Xxs,
  kIq3S,
  kTq1_0,
  kTq2_0,
};

/// One row of the element type table: a block of `block_elems` elements takes `block_bytes` bytes.
struct ElementTypeInfo {
  ElementType type;
  std::string_view name;              ///< our name, lower case: "bf16"
  std::string_view safetensors_name;  ///< "BF16"; empty where that format has none
  std::size_t block_elems;
  std::size_t block_bytes;
  bool is_weight;  ///< the kernels can compute with it
  int gguf_id;     ///< number of the type in GGUF; kNoGgufId where that format has none

  static constexpr int kNoGgufId = -1;
};

std::span<const ElementTypeInfo> element_types();
const ElementTypeInfo& info(ElementType type);
std::string_view name(ElementType type);
std::optional<ElementType> element_type_from_safetensors(std::string_view name);
std::optional<ElementType> element_type_from_gguf(std::uint32_t id);

/// Conversions between stored and computed precision, exact or to nearest even.
float f16_to_f32(std::uint16_t bits) noexcept;
float bf16_to_f32(std::uint16_t bits) noexcept;
std::uint16_t f32_to_f16(float value) noexcept;
std::uint16_t f32_to_bf16(float value) noexcept;

/// Small formats as f32, exactly; NaN stays NaN and keeps its sign.
/// Source: "FP8 formats for deep learning" (E4M3 has no infinities) and the OCP microscaling
/// formats 1.0 (E8M0, E2M1).
float f8_e4m3_to_f32(std::uint8_t bits) noexcept;
float f8_e5m2_to_f32(std::uint8_t bits) noexcept;
float e8m0_to_f32(std::uint8_t bits) noexcept;

}  // namespace moescope

#include "core/base/element_type.hpp"

#include <array>
#include <bit>
#include <cmath>

namespace moescope {
namespace {

constexpr int kNone = ElementTypeInfo::kNoGgufId;

// Sizes of blocks and numbers of GGUF: the table GGML_QUANT_SIZES of the gguf Python package, docs/gguf.md of ggml.
constexpr std::array<ElementTypeInfo, 42> kTable{{
    {ElementType::kF32, "f32", "F32", 1, 4, true, 0},
    {ElementType::kF16, "f16", "F16", 1, 2, true, 1},
    {ElementType::kBF16, "bf16", "BF16", 1, 2, true, 30},
    {ElementType::kF64, "f64", "F64", 1, 8, false, 28},
    {ElementType::kF8E4M3, "f8_e4m3", "F8_E4M3", 1, 1, true, kNone},
    {ElementType::kF8E5M2, "f8_e5m2", "F8_E5M2", 1, 1, true, kNone},
    {ElementType::kI64, "i64", "I64", 1, 8, false, 27},
    {ElementType::kI32, "i32", "I32", 1, 4, false, 26},
    {ElementType::kI16, "i16", "I16", 1, 2, false, 25},
    {ElementType::kI8, "i8", "I8", 1, 1, false, 24},
    {ElementType::kU64, "u64", "U64", 1, 8, false, kNone},
    {ElementType::kU32, "u32", "U32", 1, 4, false, kNone},
    {ElementType::kU16, "u16", "U16", 1, 2, false, kNone},
    {ElementType::kU8, "u8", "U8", 1, 1, false, kNone},
    {ElementType::kBool, "bool", "BOOL", 1, 1, false, kNone},
    {ElementType::kC64, "c64", "C64", 1, 8, false, kNone},
    {ElementType::kF6E2M3, "f6_e2m3", "F6_E2M3", 4, 3, false, kNone},
    {ElementType::kF6E3M2, "f6_e3m2", "F6_E3M2", 4, 3, false, kNone},
    {ElementType::kE8M0, "f8_e8m0", "F8_E8M0", 1, 1, false, kNone},
    {ElementType::kF4E2M1, "f4_e2m1", "F4", 2, 1, true, kNone},
    {ElementType::kQ4_0, "q4_0", "", 32, 18, true, 2},
    {ElementType::kQ4_1, "q4_1", "", 32, 20, true, 3},
    {ElementType::kQ5_0, "q5_0", "", 32, 22, true, 6},
    {ElementType::kQ5_1, "q5_1", "", 32, 24, true, 7},
    {ElementType::kQ8_0, "q8_0", "", 32, 34, true, 8},
    {ElementType::kQ2K, "q2_k", "", 256, 84, true, 10},
    {ElementType::kQ3K, "q3_k", "", 256, 110, true, 11},
    {ElementType::kQ4K, "q4_k", "", 256, 144, true, 12},
    {ElementType::kQ5K, "q5_k", "", 256, 176, true, 13},
    {ElementType::kQ6K, "q6_k", "", 256, 210, true, 14},
    {ElementType::kIq4Nl, "iq4_nl", "", 32, 18, true, 20},
    {ElementType::kIq4Xs, "iq4_xs", "", 256, 136, true, 23},
    {ElementType::kMxfp4, "mxfp4", "", 32, 17, true, 39},
    {ElementType::kIq1S, "iq1_s", "", 256, 50, true, 19},
    {ElementType::kIq1M, "iq1_m", "", 256, 56, true, 29},
    {ElementType::kIq2Xxs, "iq2_xxs", "", 256, 66, true, 16},
    {ElementType::kIq2Xs, "iq2_xs", "", 256, 74, true, 17},
    {ElementType::kIq2S, "iq2_s", "", 256, 82, true, 22},
    {ElementType::kIq3Xxs, "iq3_xxs", "", 256, 98, true, 18},
    {ElementType::kIq3S, "iq3_s", "", 256, 110, true, 21},
    {ElementType::kTq1_0, "tq1_0", "", 256, 54, true, 34},
    {ElementType::kTq2_0, "tq2_0", "", 256, 66, true, 35},
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
    if (row.safetensors_name == name && !name.empty()) return row.type;
  return std::nullopt;
}

std::optional<ElementType> element_type_from_gguf(std::uint32_t id) {
  for (const ElementTypeInfo& row : kTable)
    if (row.gguf_id != kNone && static_cast<std::uint32_t>(row.gguf_id) == id) return row.type;
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

float f8_e4m3_to_f32(std::uint8_t bits) noexcept {
  const std::uint32_t sign = static_cast<std::uint32_t>(bits & 0x80u) << 24;
  const std::uint32_t magnitude = bits & 0x7fu;
  const std::uint32_t nan = (magnitude + 1) & 0x80u;  // all bits set
  // Seen as f16, a biased exponent of 15 in place of 7: the same value times 2 to the -8.
  return f16_to_f32(static_cast<std::uint16_t>((sign >> 16) | (magnitude | nan) << 7)) * 256.0f;
}

float f8_e5m2_to_f32(std::uint8_t bits) noexcept {
  return f16_to_f32(static_cast<std::uint16_t>(bits << 8));
}

float e8m0_to_f32(std::uint8_t bits) noexcept {
  if (bits == 0xff) return std::bit_cast<float>(0x7fc00000u);
  return std::bit_cast<float>(bits == 0 ? 0x00400000u : static_cast<std::uint32_t>(bits) << 23);
}

}  // namespace moescope

#include "core/formats/tensor.hpp"

#include <cstdint>
#include <cstring>

#include "core/base/error.hpp"
#include "core/base/escape.hpp"
#include "core/formats/io.hpp"

namespace moescope::formats {
namespace {

template <class T>
T load(std::span<const std::byte> bytes, std::size_t i) {
  T value;
  std::memcpy(&value, bytes.data() + i * sizeof(T), sizeof(T));
  return value;
}

}  // namespace

std::optional<std::size_t> checked_n_element(std::span<const std::size_t> shape) {
  std::size_t product = 1;
  bool empty = false;
  for (const std::size_t n : shape) {
    if (n == 0)
      empty = true;
    else if (__builtin_mul_overflow(product, n, &product))
      return std::nullopt;
  }
  return empty ? 0 : product;
}

std::optional<std::size_t> checked_n_byte(ElementType type, std::span<const std::size_t> shape) {
  const ElementTypeInfo& row = info(type);
  const auto n_element = checked_n_element(shape);
  if (!n_element || *n_element % row.block_elems != 0) return std::nullopt;
  std::size_t n_byte = 0;
  if (__builtin_mul_overflow(*n_element / row.block_elems, row.block_bytes, &n_byte))
    return std::nullopt;
  return n_byte;
}

std::size_t TensorView::n_element() const {
  return checked_n_element(shape).value_or(0);
}

std::string shape_text(std::span<const std::size_t> shape) {
  std::string out = "[";
  for (const std::size_t n : shape) {
    if (out.size() > 1) out += ", ";
    out += std::to_string(n);
  }
  return out + "]";
}

std::vector<float> to_f32(const TensorView& tensor) {
  const ElementType type = tensor.type;
  if (type != ElementType::kF32 && type != ElementType::kF16 && type != ElementType::kBF16)
    fail(ErrorCode::kBadInput, "tensor {}: expected f32, f16 or bf16, got {}",
         quoted_name(tensor.name), name(type));
  std::vector<float> out(tensor.bytes.size() / info(type).block_bytes);
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (type == ElementType::kF32)
      out[i] = load<float>(tensor.bytes, i);
    else if (type == ElementType::kF16)
      out[i] = f16_to_f32(load<std::uint16_t>(tensor.bytes, i));
    else
      out[i] = bf16_to_f32(load<std::uint16_t>(tensor.bytes, i));
  }
  return out;
}

}  // namespace moescope::formats

#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/element_type.hpp"

namespace moescope::formats {

using Shape = std::vector<std::size_t>;

/// A named tensor inside a mapped file: nothing is copied.
/// The bytes are little-endian and row-major, and may begin at any address: the format promises no
/// alignment, so whoever reads them loads unaligned (memcpy, vector loads of the unaligned kind).
struct TensorView {
  std::string name;
  ElementType type = ElementType::kF32;
  Shape shape;                       ///< empty for a scalar; a dimension may be 0
  std::span<const std::byte> bytes;  ///< n_element() elements; valid while the file is mapped
  std::size_t file_index = 0;        ///< which file of the set it lies in

  std::size_t n_element() const;
};

/// Elements of a shape; nothing when the count does not fit 64 bits.
/// The order of dimensions is irrelevant: one 0 among others that would overflow is refused too.
std::optional<std::size_t> checked_n_element(std::span<const std::size_t> shape);

/// Bytes that a tensor takes; nothing when that does not fit or a block is not filled.
std::optional<std::size_t> checked_n_byte(ElementType type, std::span<const std::size_t> shape);

/// "[64, 2048]"
std::string shape_text(std::span<const std::size_t> shape);

/// The values of a tensor of f32, f16 or bf16 as a copy, for small tensors.
/// Errors: kBadInput for other types.
std::vector<float> to_f32(const TensorView& tensor);

}  // namespace moescope::formats

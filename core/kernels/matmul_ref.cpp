#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

#include "core/kernels/lanes.hpp"
#include "core/kernels/ref.hpp"

namespace moescope::kernels::ref {
namespace {

constexpr std::size_t kTokenBlock = 16;

std::uint16_t load_u16(const std::byte* at) {
  std::uint16_t bits = 0;
  std::memcpy(&bits, at, sizeof bits);
  return bits;
}

/// Decodes elements first … first + out.size() - 1 of one row; first is a whole number of blocks.
void decode_span(const Matrix& w, std::size_t row, std::size_t first, std::span<float> out) {
  const ElementTypeInfo& type = info(w.type);
  const std::byte* at = w.data + row * row_bytes(w) + first / type.block_elems * type.block_bytes;
  switch (w.type) {
    case ElementType::kF32:
      std::memcpy(out.data(), at, out.size_bytes());
      break;
    case ElementType::kF16:
      for (std::size_t i = 0; i < out.size(); ++i) out[i] = f16_to_f32(load_u16(at + 2 * i));
      break;
    case ElementType::kBF16:
      for (std::size_t i = 0; i < out.size(); ++i) out[i] = bf16_to_f32(load_u16(at + 2 * i));
      break;
    default:
      std::fill(out.begin(), out.end(), std::numeric_limits<float>::quiet_NaN());
  }
}

}  // namespace

void decode_row(const Matrix& w, std::size_t row, std::span<float> out) noexcept {
  decode_span(w, row, 0, out);
}

float dot(std::span<const float> a, std::span<const float> b) noexcept {
  Lanes lanes;
  lanes.multiply_add(a.data(), b.data(), a.size());
  return lanes.fold();
}

void matmul_rows(const Matrix& w, std::size_t first_row, std::size_t n_row, Rows<const float> x,
                 Rows<float> out) noexcept {
  for (std::size_t t0 = 0; t0 < x.n_row; t0 += kTokenBlock) {
    const std::size_t n_tok = std::min(kTokenBlock, x.n_row - t0);
    for (std::size_t r = 0; r < n_row; ++r) {
      std::array<Lanes, kTokenBlock> lanes{};
      for (std::size_t k = 0; k < w.n_col; k += kDecodeBlock) {
        std::array<float, kDecodeBlock> block;
        const std::size_t n = std::min(kDecodeBlock, w.n_col - k);
        decode_span(w, first_row + r, k, std::span(block).first(n));
        for (std::size_t t = 0; t < n_tok; ++t)
          lanes[t].multiply_add(x.row(t0 + t).data() + k, block.data(), n);
      }
      for (std::size_t t = 0; t < n_tok; ++t) out.at(t0 + t, r) = lanes[t].fold();
    }
  }
}

}  // namespace moescope::kernels::ref

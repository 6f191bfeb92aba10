#include <algorithm>
#include <array>

#include "core/kernels/lanes.hpp"
#include "core/kernels/ref.hpp"
#include "core/kernels/stored.hpp"

namespace moescope::kernels::ref {
namespace {

constexpr std::size_t kTokenBlock = 16;

}  // namespace

void decode_row(const Matrix& w, std::size_t row, std::span<float> out) noexcept {
  decode_part(w, row, 0, out);
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
        decode_part(w, first_row + r, k, std::span(block).first(n));
        for (std::size_t t = 0; t < n_tok; ++t)
          lanes[t].multiply_add(x.row(t0 + t).data() + k, block.data(), n);
      }
      for (std::size_t t = 0; t < n_tok; ++t) out.at(t0 + t, r) = lanes[t].fold();
    }
  }
}

}  // namespace moescope::kernels::ref

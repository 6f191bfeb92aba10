// Products of few tokens with stored rows that are decoded on the way, compiled once per instruction
// set.
#include "core/kernels/simd_stored.hpp"

#if defined(MOESCOPE_CORE_KERNELS_SIMD_DECODED_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef MOESCOPE_CORE_KERNELS_SIMD_DECODED_HPP
#undef MOESCOPE_CORE_KERNELS_SIMD_DECODED_HPP
#else
#define MOESCOPE_CORE_KERNELS_SIMD_DECODED_HPP
#endif

#if MOESCOPE_HAVE_LANES
#include <algorithm>

HWY_BEFORE_NAMESPACE();
namespace moescope::kernels::HWY_NAMESPACE {

inline constexpr std::size_t kDecodedTokens = 8;  ///< at most this many tokens below

/// Fetches what the next tile of rows has where this one reads now.
HWY_INLINE void fetch_ahead(const std::byte* at, std::size_t n_byte) {
  for (std::size_t i = 0; i < n_byte; i += 64) __builtin_prefetch(at + i);
}

/// One token: elements go from the codec straight into the sums. Rows take turns, so that their
/// chains of additions overlap.
inline void multiply_one(const StoredSource& w, std::size_t first_row, std::size_t n_row,
                         const float* x, float* out) {
  const std::size_t n_col = w.w->n_col;
  const std::size_t chunk_bytes = kDecodeBlock / w.block_elements * w.block_bytes;
  for (std::size_t r = 0; r < n_row; r += kTileRows) {
    alignas(64) float sums[kTileRows][kLanes] = {};
    const std::size_t n = std::min(kTileRows, n_row - r);
    for (std::size_t k = 0; k < n_col; k += kDecodeBlock) {
      const std::size_t n_k = std::min(kDecodeBlock, n_col - k);
      for (std::size_t i = 0; i < n; ++i) {
        fetch_ahead(w.address(first_row + r + i, k) + kTileRows * w.stride, chunk_bytes);
        w.add_products(first_row + r + i, k, n_k, x + k, sums[i]);
      }
    }
    for (std::size_t i = 0; i < n; ++i) out[r + i] = fold(sums[i]);
  }
}

/// Sums of one tile of rows with kTokens tokens, n ≤ 256 columns.
template <std::size_t kTokens>
HWY_INLINE void accumulate_block(Rows<const float> x, std::size_t first_token, std::size_t k,
                                 std::size_t n, const float* const* rows, float* sums) {
  const float* xs[kTokens];
  const std::byte* ws[kTileRows];
  for (std::size_t t = 0; t < kTokens; ++t) xs[t] = x.data + (first_token + t) * x.stride + k;
  for (std::size_t r = 0; r < kTileRows; ++r) ws[r] = reinterpret_cast<const std::byte*>(rows[r]);
  const std::size_t n_group = n / kLanes;
  accumulate<LoadF32, kTokens, kTileRows>(xs, ws, n_group, 0, sums);
  if (n % kLanes == 0) return;
  alignas(64) float x_rest[kTokens][kLanes];
  for (std::size_t t = 0; t < kTokens; ++t) {
    pad_group(xs[t] + n_group * kLanes, n % kLanes, x_rest[t]);
    xs[t] = x_rest[t];
  }
  for (std::size_t r = 0; r < kTileRows; ++r) ws[r] += n_group * kLanes * sizeof(float);
  accumulate<LoadF32, kTokens, kTileRows>(xs, ws, 1, 0, sums);
}

HWY_INLINE void accumulate_blocks(Rows<const float> x, std::size_t k, std::size_t n,
                                  const float* const* rows,
                                  float (*sums)[kTileTokens * kTileRows * kLanes]) {
  for (std::size_t t = 0; t < x.n_row; t += kTileTokens) {
    float* tile = sums[t / kTileTokens];
    switch (x.n_row - t) {
      case 1:
        accumulate_block<1>(x, t, k, n, rows, tile);
        break;
      case 2:
        accumulate_block<2>(x, t, k, n, rows, tile);
        break;
      case 3:
        accumulate_block<3>(x, t, k, n, rows, tile);
        break;
      default:
        accumulate_block<4>(x, t, k, n, rows, tile);
    }
  }
}

/// At most kDecodedTokens rows of x: each block is decoded once, into the nearest cache.
inline void multiply_decoded(const StoredSource& w, std::size_t first_row, std::size_t n_row,
                             Rows<const float> x, Rows<float> out) {
  if (x.n_row == 1 && w.can_add_products())
    return multiply_one(w, first_row, n_row, x.data, out.data);
  alignas(64) float block[kTileRows][kDecodeBlock];
  const std::size_t n_col = w.w->n_col;
  for (std::size_t r = 0; r < n_row; r += kTileRows) {
    alignas(64) float sums[kDecodedTokens / kTileTokens][kTileTokens * kTileRows * kLanes] = {};
    const std::size_t n = std::min(kTileRows, n_row - r);
    const float* rows[kTileRows];
    for (std::size_t i = 0; i < kTileRows; ++i) rows[i] = block[std::min(i, n - 1)];
    for (std::size_t k = 0; k < n_col; k += kDecodeBlock) {
      const std::size_t n_k = std::min(kDecodeBlock, n_col - k);
      for (std::size_t i = 0; i < n; ++i) {
        w.part(first_row + r + i, k, n_k, block[i]);
        for (std::size_t j = n_k; j % kLanes != 0; ++j) block[i][j] = 0.0f;
      }
      accumulate_blocks(x, k, n_k, rows, sums);
    }
    for (std::size_t t = 0; t < x.n_row; ++t)
      for (std::size_t i = 0; i < n; ++i) {
        const float* tile = sums[t / kTileTokens];
        out.at(t, r + i) = fold(tile + (t % kTileTokens * kTileRows + i) * kLanes);
      }
  }
}

}  // namespace moescope::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif  // MOESCOPE_HAVE_LANES

#endif  // per-target include guard

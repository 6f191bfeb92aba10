// Products of stored rows with vectors, compiled once per instruction set.
#include "core/kernels/simd_lanes.hpp"

#if defined(MOESCOPE_CORE_KERNELS_SIMD_ROWS_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef MOESCOPE_CORE_KERNELS_SIMD_ROWS_HPP
#undef MOESCOPE_CORE_KERNELS_SIMD_ROWS_HPP
#else
#define MOESCOPE_CORE_KERNELS_SIMD_ROWS_HPP
#endif

#if MOESCOPE_HAVE_LANES
#include <algorithm>

#include "core/base/rows.hpp"

HWY_BEFORE_NAMESPACE();
namespace moescope::kernels::HWY_NAMESPACE {

/// Stored rows of n_col elements, stride_bytes apart.
struct StoredRows {
  const std::byte* data;
  std::size_t stride_bytes;
  std::size_t n_row;
  std::size_t n_col;
};

inline constexpr std::size_t kFetchAhead = 16384;  // next rows, if they then still are in the cache
inline constexpr std::size_t kFetchInRow = 1024;

/// out[t][r] for one tile of tokens and kTileRows rows, of which n_row exist.
template <class Load, std::size_t kTokens>
HWY_INLINE void multiply_tile(const float* const* x, const std::byte* const* w, std::size_t n_col,
                              std::size_t n_row, std::size_t ahead, float* const* out) {
  alignas(64) float sums[kTokens * kTileRows * kLanes] = {};
  const std::size_t n_group = n_col / kLanes;
  const std::size_t rest = n_col % kLanes;
  accumulate<Load, kTokens, kTileRows>(x, w, n_group, ahead, sums);
  if (rest != 0) {
    alignas(64) float x_rest[kTokens][kLanes];
    alignas(64) float w_rest[kTileRows][kLanes] = {};
    const float* x_at[kTokens];
    const std::byte* w_at[kTileRows];
    for (std::size_t t = 0; t < kTokens; ++t) {
      pad_group(x[t] + n_group * kLanes, rest, x_rest[t]);
      x_at[t] = x_rest[t];
    }
    for (std::size_t r = 0; r < kTileRows; ++r) {
      decode_elements<Load>(w[r] + n_group * kLanes * Load::kBytes, rest, w_rest[r]);
      w_at[r] = reinterpret_cast<const std::byte*>(w_rest[r]);
    }
    accumulate<LoadF32, kTokens, kTileRows>(x_at, w_at, 1, 0, sums);
  }
  for (std::size_t t = 0; t < kTokens; ++t)
    for (std::size_t r = 0; r < n_row; ++r) out[t][r] = fold(sums + (t * kTileRows + r) * kLanes);
}

/// Multiplies each stored row, read where it lies, with each row of x: the way for few tokens.
template <class Load>
void multiply_in_place(const StoredRows& w, Rows<const float> x, Rows<float> out) {
  const std::size_t next_tile = kTileRows * w.stride_bytes;
  const std::size_t ahead = next_tile <= kFetchAhead ? next_tile : kFetchInRow;
  for (std::size_t r = 0; r < w.n_row; r += kTileRows) {
    const std::size_t n_row = std::min(kTileRows, w.n_row - r);
    const std::byte* at[kTileRows];
    for (std::size_t i = 0; i < kTileRows; ++i)
      at[i] = w.data + (r + std::min(i, n_row - 1)) * w.stride_bytes;
    for (std::size_t t = 0; t < x.n_row; t += kTileTokens) {
      const float* xs[kTileTokens];
      float* outs[kTileTokens];
      const std::size_t n_tok = std::min(kTileTokens, x.n_row - t);
      for (std::size_t i = 0; i < n_tok; ++i) {
        xs[i] = x.data + (t + i) * x.stride;
        outs[i] = out.data + (t + i) * out.stride + r;
      }
      switch (n_tok) {
        case 1:
          multiply_tile<Load, 1>(xs, at, w.n_col, n_row, ahead, outs);
          break;
        case 2:
          multiply_tile<Load, 2>(xs, at, w.n_col, n_row, ahead, outs);
          break;
        case 3:
          multiply_tile<Load, 3>(xs, at, w.n_col, n_row, ahead, outs);
          break;
        default:
          multiply_tile<Load, 4>(xs, at, w.n_col, n_row, ahead, outs);
      }
    }
  }
}

}  // namespace moescope::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif  // MOESCOPE_HAVE_LANES

#endif  // per-target include guard

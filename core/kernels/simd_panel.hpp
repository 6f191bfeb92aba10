// Products of many tokens with many rows, compiled once per instruction set.
//
// Each lane is its own sum, so every vector of a logical row is a product of its own, with tiles of
// tokens × rows × one vector in registers. Tokens and weights are copied into the order in which
// tiles read them, block by block of K, weights being converted to f32 on the way; sums wait in
// memory between blocks.
#include "core/kernels/simd_lanes.hpp"
#include "core/kernels/simd_stored.hpp"

#if defined(MOESCOPE_CORE_KERNELS_SIMD_PANEL_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef MOESCOPE_CORE_KERNELS_SIMD_PANEL_HPP
#undef MOESCOPE_CORE_KERNELS_SIMD_PANEL_HPP
#else
#define MOESCOPE_CORE_KERNELS_SIMD_PANEL_HPP
#endif

#if MOESCOPE_HAVE_LANES
#include <algorithm>

#include "core/base/rows.hpp"

HWY_BEFORE_NAMESPACE();
namespace moescope::kernels::HWY_NAMESPACE {

inline constexpr std::size_t kBlockColumns = 512;
inline constexpr std::size_t kBlockRows = 48;
inline constexpr std::size_t kBlockTokens = 64;
inline constexpr std::size_t kPanelRows = 12;  // packed at a time: fits the first cache
inline constexpr std::size_t kPanelTiles = kPanelRows / kTileRows;
inline constexpr std::size_t kTileSums = kTileTokens * kTileRows * kWidth;
static_assert(kBlockColumns % kDecodeBlock == 0);
static_assert(kPanelRows % kTileRows == 0 && kBlockRows % kPanelRows == 0 &&
              kBlockTokens % kTileTokens == 0 && kBlockColumns % kLanes == 0);

/// Floats that one vector of every group of one row takes in a packed block.
inline constexpr std::size_t kPackedRow = kBlockColumns / kVectors;

/// Copies n columns as f32, interleaved by row: first the first vector of every group, then at
/// `pass` the second and so on. The last group is filled up with zeros. Tiles that are `ahead`
/// bytes away are fetched into the cache meanwhile.
template <class Load, std::size_t kRows>
void pack(const std::byte* const* rows, std::size_t n, std::size_t pass, std::size_t ahead,
          float* out) {
  const std::size_t n_group = n / kLanes;
  for (std::size_t g = 0; g < n_group; ++g, out += kRows * kWidth) {
    HWY_UNROLL(8)
    for (std::size_t r = 0; r < kRows; ++r) {
      const std::byte* at = rows[r] + g * kLanes * Load::kBytes;
      __builtin_prefetch(at + ahead);
      HWY_UNROLL(4)
      for (std::size_t v = 0; v < kVectors; ++v)
        hn::Store(Load::load(at + v * kWidth * Load::kBytes), D(), out + v * pass + r * kWidth);
    }
  }
  const std::size_t rest = n % kLanes;
  if (rest == 0) return;
  for (std::size_t r = 0; r < kRows; ++r) {
    alignas(64) float group[kLanes] = {};
    decode_elements<Load>(rows[r] + n_group * kLanes * Load::kBytes, rest, group);
    for (std::size_t v = 0; v < kVectors; ++v)
      std::copy_n(group + v * kWidth, kWidth, out + v * pass + r * kWidth);
  }
}

using PackRows = void (*)(const std::byte* const* rows, std::size_t n, std::size_t pass,
                          std::size_t ahead, float* out);

/// Rows first_row … first_row + n_row - 1 of a stored matrix and the way to read them.
struct PackedSource {
  StoredSource stored;
  PackRows pack_rows;  ///< nullptr where blocks are decoded first
  std::size_t first_row;
  std::size_t n_row;
  std::size_t n_col;
};

template <std::size_t kTokens>
HWY_INLINE void accumulate_packed(const float* HWY_RESTRICT x, const float* HWY_RESTRICT w,
                                  std::size_t n_group, bool is_first, float* HWY_RESTRICT sums) {
  constexpr D d;
  V sum[kTokens][kTileRows];
  HWY_UNROLL(8)
  for (std::size_t t = 0; t < kTokens; ++t) HWY_UNROLL(8)
  for (std::size_t r = 0; r < kTileRows; ++r)
    sum[t][r] = is_first ? hn::Zero(d) : hn::Load(d, sums + (t * kTileRows + r) * kWidth);
  HWY_UNROLL(1)
  for (std::size_t g = 0; g < n_group; ++g) {
    V weight[kTileRows];
    HWY_UNROLL(8)
    for (std::size_t r = 0; r < kTileRows; ++r) weight[r] = hn::Load(d, w + r * kWidth);
    HWY_UNROLL(8)
    for (std::size_t t = 0; t < kTokens; ++t) {
      const V value = hn::Load(d, x + t * kWidth);
      HWY_UNROLL(8)
      for (std::size_t r = 0; r < kTileRows; ++r)
        sum[t][r] = hn::MulAdd(value, weight[r], sum[t][r]);
    }
    x += kTokens * kWidth;
    w += kTileRows * kWidth;
  }
  HWY_UNROLL(8)
  for (std::size_t t = 0; t < kTokens; ++t) HWY_UNROLL(8)
  for (std::size_t r = 0; r < kTileRows; ++r)
    hn::Store(sum[t][r], d, sums + (t * kTileRows + r) * kWidth);
}

/// The working memory of one block of tokens and rows.
struct BlockScratch {
  alignas(64) float x[kVectors][kBlockTokens * kPackedRow];
  alignas(64) float w[kVectors][kPanelRows * kPackedRow];
  alignas(64) float sums[kVectors][kBlockTokens * kBlockRows * kWidth];
};

/// Tokens of one tile, interleaved: a whole tile or the rest of the block.
inline void pack_tokens(Rows<const float> x, std::size_t first, std::size_t k, std::size_t n,
                        float* out) {
  constexpr std::size_t kPass = kBlockTokens * kPackedRow;
  const std::size_t ahead = kTileTokens * x.stride * sizeof(float);
  const std::byte* rows[kTileTokens];
  const std::size_t n_tok = std::min(kTileTokens, x.n_row - first);
  for (std::size_t t = 0; t < n_tok; ++t)
    rows[t] = reinterpret_cast<const std::byte*>(x.data + (first + t) * x.stride + k);
  switch (n_tok) {
    case 1:
      return pack<LoadF32, 1>(rows, n, kPass, ahead, out);
    case 2:
      return pack<LoadF32, 2>(rows, n, kPass, ahead, out);
    case 3:
      return pack<LoadF32, 3>(rows, n, kPass, ahead, out);
    default:
      return pack<LoadF32, 4>(rows, n, kPass, ahead, out);
  }
}

/// Packs one tile of rows by way of a buffer that fits the first cache.
inline void pack_decoded(const StoredSource& w, const std::size_t* rows, std::size_t k,
                         std::size_t n, std::size_t pass, float* out) {
  alignas(64) float values[kTileRows][kBlockColumns];
  const std::byte* at[kTileRows];
  for (std::size_t r = 0; r < kTileRows; ++r) {
    at[r] = reinterpret_cast<const std::byte*>(values[r]);
    if (r > 0 && rows[r] == rows[r - 1])
      at[r] = at[r - 1];
    else
      w.part(rows[r], k, n, values[r]);
  }
  pack<LoadF32, kTileRows>(at, n, pass, 0, out);
}

/// Packs one panel of weights; rows beyond the last repeat it, and their sums are never read.
inline void pack_panel(const PackedSource& w, std::size_t first_row, std::size_t k, std::size_t n,
                       float* out) {
  constexpr std::size_t kPass = kPanelRows * kPackedRow;
  const std::size_t ahead = kTileRows * w.stored.stride;
  for (std::size_t i = 0; i < kPanelRows && first_row + i < w.n_row; i += kTileRows) {
    std::size_t rows[kTileRows];
    const std::byte* at[kTileRows];
    for (std::size_t r = 0; r < kTileRows; ++r) {
      rows[r] = w.first_row + std::min(first_row + i + r, w.n_row - 1);
      at[r] = w.stored.address(rows[r], k);
    }
    if (w.pack_rows != nullptr)
      w.pack_rows(at, n, kPass, ahead, out + i * kPackedRow);
    else
      pack_decoded(w.stored, rows, k, n, kPass, out + i * kPackedRow);
  }
}

inline float* tile_sums(float* sums, std::size_t n_token_tile, std::size_t token_tile,
                        std::size_t row_tile) {
  const std::size_t panel = row_tile / kPanelTiles;
  return sums +
         ((panel * n_token_tile + token_tile) * kPanelTiles + row_tile % kPanelTiles) * kTileSums;
}

/// Adds the products of one packed panel with all packed tokens, for one vector of the lanes.
inline void multiply_panel(const float* x, const float* w, std::size_t n_tok, std::size_t n_tile,
                           std::size_t n_group, bool is_first, float* sums) {
  for (std::size_t t = 0; t < n_tok; t += kTileTokens) {
    for (std::size_t i = 0; i < n_tile; ++i) {
      const float* xs = x + t * kPackedRow;
      const float* ws = w + i * kTileRows * kPackedRow;
      float* tile = sums + (t / kTileTokens * kPanelTiles + i) * kTileSums;
      switch (n_tok - t) {
        case 1:
          accumulate_packed<1>(xs, ws, n_group, is_first, tile);
          break;
        case 2:
          accumulate_packed<2>(xs, ws, n_group, is_first, tile);
          break;
        case 3:
          accumulate_packed<3>(xs, ws, n_group, is_first, tile);
          break;
        default:
          accumulate_packed<4>(xs, ws, n_group, is_first, tile);
      }
    }
  }
}

/// The four quarters of four outputs' sixteen sums, folded by the fixed tree.
HWY_INLINE void fold_four(const float* const* sums, float* out) {
  const hn::Full128<float> d;
  hn::Vec<decltype(d)> four[4];
  HWY_UNROLL(4)
  for (std::size_t i = 0; i < 4; ++i) {
    const auto quarter = [&](std::size_t q) HWY_ATTR {
      return hn::Load(d, sums[q * 4 / kWidth] + i * kWidth + q * 4 % kWidth);
    };
    four[i] = hn::Add(hn::Add(quarter(0), quarter(2)), hn::Add(quarter(1), quarter(3)));
  }
  const auto first =
      hn::Add(hn::ConcatLowerLower(d, four[1], four[0]), hn::ConcatUpperUpper(d, four[1], four[0]));
  const auto second =
      hn::Add(hn::ConcatLowerLower(d, four[3], four[2]), hn::ConcatUpperUpper(d, four[3], four[2]));
  hn::Store(hn::Add(hn::ConcatEven(d, second, first), hn::ConcatOdd(d, second, first)), d, out);
}

inline void fold_tile(BlockScratch& scratch, std::size_t n_token_tile, std::size_t token_tile,
                      std::size_t row_tile, float* out) {
  const float* sums[kVectors];
  for (std::size_t v = 0; v < kVectors; ++v)
    sums[v] = tile_sums(scratch.sums[v], n_token_tile, token_tile, row_tile);
  for (std::size_t i = 0; i < kTileTokens * kTileRows; i += 4) {
    fold_four(sums, out + i);
    for (std::size_t v = 0; v < kVectors; ++v) sums[v] += 4 * kWidth;
  }
}

/// out = x wᵀ for at most kBlockTokens tokens and kBlockRows rows.
inline void multiply_block(const PackedSource& w, Rows<const float> x, Rows<float> out) {
  BlockScratch scratch;
  const std::size_t n_token_tile = (x.n_row + kTileTokens - 1) / kTileTokens;
  const std::size_t n_row_tile = (w.n_row + kTileRows - 1) / kTileRows;
  const std::size_t n_panel = (n_row_tile + kPanelTiles - 1) / kPanelTiles;
  for (std::size_t k = 0; k < w.n_col; k += kBlockColumns) {
    const std::size_t n = std::min(kBlockColumns, w.n_col - k);
    const std::size_t n_group = (n + kLanes - 1) / kLanes;
    for (std::size_t t = 0; t < x.n_row; t += kTileTokens)
      pack_tokens(x, t, k, n, scratch.x[0] + t * kPackedRow);
    for (std::size_t p = 0; p < n_panel; ++p) {
      const std::size_t n_tile = std::min(kPanelTiles, n_row_tile - p * kPanelTiles);
      pack_panel(w, p * kPanelRows, k, n, scratch.w[0]);
      for (std::size_t v = 0; v < kVectors; ++v)
        multiply_panel(scratch.x[v], scratch.w[v], x.n_row, n_tile, n_group, k == 0,
                       tile_sums(scratch.sums[v], n_token_tile, 0, p * kPanelTiles));
    }
  }
  for (std::size_t t = 0; t < x.n_row; t += kTileTokens) {
    const std::size_t n_tok = std::min(kTileTokens, x.n_row - t);
    for (std::size_t r = 0; r < w.n_row; r += kTileRows) {
      alignas(64) float tile[kTileTokens * kTileRows];
      fold_tile(scratch, n_token_tile, t / kTileTokens, r / kTileRows, tile);
      const std::size_t n_row = std::min(kTileRows, w.n_row - r);
      for (std::size_t i = 0; i < n_tok; ++i)
        std::copy_n(tile + i * kTileRows, n_row, out.data + (t + i) * out.stride + r);
    }
  }
}

}  // namespace moescope::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif  // MOESCOPE_HAVE_LANES

#endif  // per-target include guard

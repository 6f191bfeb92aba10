// Decoding of stored rows to f32, compiled once per instruction set. Types without a decoder for
// vectors take the plain one, whose bits are the same.
#include "core/kernels/simd_blocks256.hpp"
#include "core/kernels/simd_floats8.hpp"

#if defined(MOESCOPE_CORE_KERNELS_SIMD_STORED_HPP) == defined(HWY_TARGET_TOGGLE)
#ifdef MOESCOPE_CORE_KERNELS_SIMD_STORED_HPP
#undef MOESCOPE_CORE_KERNELS_SIMD_STORED_HPP
#else
#define MOESCOPE_CORE_KERNELS_SIMD_STORED_HPP
#endif

#if MOESCOPE_HAVE_LANES
#include <algorithm>

#include "core/base/rows.hpp"
#include "core/kernels/matrix.hpp"
#include "core/kernels/stored.hpp"

HWY_BEFORE_NAMESPACE();
namespace moescope::kernels::HWY_NAMESPACE {

/// A stored matrix and the way to decode its blocks.
struct StoredSource {
  const Matrix* w;
  ref::Decode decode;

  /// Elements first … first + n - 1 of one row, factors applied, as ref::decode_part gives them.
  void part(std::size_t row, std::size_t first, std::size_t n, float* out) const {
    decode(address(row, first), n, out);
    if (w->scales.data == nullptr) return;
    for (std::size_t i = 0; i < n;) {
      const std::size_t run = scale_run(*w, first + i, n - i);
      multiply(scale_at(*w, row, first + i), run, out + i);
      i += run;
    }
  }

  const std::byte* address(std::size_t row, std::size_t first) const {
    const ElementTypeInfo& type = info(w->type);
    return w->data + row * row_bytes(*w) + first / type.block_elems * type.block_bytes;
  }

 private:
  static void multiply(float factor, std::size_t n, float* values) {
    constexpr D d;
    const V factors = hn::Set(d, factor);
    std::size_t i = 0;
    for (; i + kWidth <= n; i += kWidth)
      hn::StoreU(hn::Mul(hn::LoadU(d, values + i), factors), d, values + i);
    for (; i < n; ++i) values[i] *= factor;
  }
};

template <class Load>
void decode(const std::byte* at, std::size_t n, float* out) {
  decode_elements<Load>(at, n, out);
}

inline ref::Decode decoder(ElementType type) {
  switch (type) {
    case ElementType::kF32:
      return decode<LoadF32>;
    case ElementType::kF16:
      return decode<LoadF16>;
    case ElementType::kBF16:
      return decode<LoadBF16>;
    case ElementType::kF8E4M3:
      return decode<LoadF8E4M3>;
    case ElementType::kF8E5M2:
      return decode<LoadF8E5M2>;
    case ElementType::kF4E2M1:
      return decode_f4_e2m1;
    case ElementType::kQ4_0:
      return decode_q4_0;
    case ElementType::kQ4_1:
      return decode_q4_1;
    case ElementType::kQ5_0:
      return decode_q5_0;
    case ElementType::kQ5_1:
      return decode_q5_1;
    case ElementType::kQ8_0:
      return decode_q8_0;
    case ElementType::kQ2K:
      return decode_q2_k;
    case ElementType::kQ3K:
      return decode_q3_k;
    case ElementType::kQ4K:
      return decode_q4_k;
    case ElementType::kQ5K:
      return decode_q5_k;
    case ElementType::kQ6K:
      return decode_q6_k;
    case ElementType::kIq4Nl:
      return decode_iq4_nl;
    case ElementType::kIq4Xs:
      return decode_iq4_xs;
    case ElementType::kMxfp4:
      return decode_mxfp4;
    default:
      return ref::decoder(type);
  }
}

/// Sums of one tile of rows with all tokens of a small batch, 256 columns at a time.
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

inline constexpr std::size_t kDecodedTokens = 8;  ///< at most this many tokens per pass below

/// Multiplies decoded rows with at most kDecodedTokens rows of x: each block is decoded once, into
/// the nearest cache.
inline void multiply_decoded(const StoredSource& w, std::size_t first_row, std::size_t n_row,
                             Rows<const float> x, Rows<float> out) {
  constexpr std::size_t kTokenTiles = kDecodedTokens / kTileTokens;
  alignas(64) float block[kTileRows][kDecodeBlock];
  const std::size_t n_col = w.w->n_col;
  for (std::size_t r = 0; r < n_row; r += kTileRows) {
    alignas(64) float sums[kTokenTiles][kTileTokens * kTileRows * kLanes] = {};
    const std::size_t n = std::min(kTileRows, n_row - r);
    const float* rows[kTileRows];
    for (std::size_t i = 0; i < kTileRows; ++i) rows[i] = block[std::min(i, n - 1)];
    for (std::size_t k = 0; k < n_col; k += kDecodeBlock) {
      const std::size_t n_k = std::min(kDecodeBlock, n_col - k);
      for (std::size_t i = 0; i < n; ++i) {
        w.part(first_row + r + i, k, n_k, block[i]);
        for (std::size_t j = n_k; j % kLanes != 0; ++j) block[i][j] = 0.0f;
      }
      for (std::size_t t = 0; t < x.n_row; t += kTileTokens) {
        float* tile = sums[t / kTileTokens];
        switch (x.n_row - t) {
          case 1:
            accumulate_block<1>(x, t, k, n_k, rows, tile);
            break;
          case 2:
            accumulate_block<2>(x, t, k, n_k, rows, tile);
            break;
          case 3:
            accumulate_block<3>(x, t, k, n_k, rows, tile);
            break;
          default:
            accumulate_block<4>(x, t, k, n_k, rows, tile);
        }
      }
    }
    for (std::size_t t = 0; t < x.n_row; ++t)
      for (std::size_t i = 0; i < n; ++i)
        out.at(t, r + i) = fold(sums[t / kTileTokens] + (t % kTileTokens * kTileRows + i) * kLanes);
  }
}

}  // namespace moescope::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif  // MOESCOPE_HAVE_LANES

#endif  // per-target include guard

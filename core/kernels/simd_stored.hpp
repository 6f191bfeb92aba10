// Stored rows as f32, into memory or into a sum, compiled once per instruction set. Types without a
// codec for vectors take the plain decoder, whose bits are the same.
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

HWY_BEFORE_NAMESPACE();
namespace moescope::kernels::HWY_NAMESPACE {

/// Adds products of n stored elements, whole codec blocks, with x to the sixteen sums.
using Dot = void (*)(const std::byte* at, std::size_t n, const float* x, float* sums);
/// The same, each element first multiplied by the factor of its run.
using ScaledDot = void (*)(const std::byte* at, std::size_t n, std::size_t run,
                           const float* factors, const float* x, float* sums);

/// How a type is read; dot and scaled_dot are nullptr where only decoding is there.
struct StoredOps {
  ref::Decode decode;
  Dot dot = nullptr;
  ScaledDot scaled_dot = nullptr;
  std::size_t dot_elements = 1;  ///< dot and scaled_dot take whole numbers of these
};

template <class Load>
void decode(const std::byte* at, std::size_t n, float* out) {
  decode_elements<Load>(at, n, out);
}

/// Decodes with a codec; elements that fill none of its blocks, plainly.
template <class Codec, ElementType kType>
void decode_blocks(const std::byte* at, std::size_t n, float* out) {
  StoreSink sink{out};
  std::size_t i = 0;
  for (; i + Codec::kElements <= n; i += Codec::kElements, at += Codec::kBytes)
    Codec::block(at, i, sink);
  if (i < n) ref::decoder(kType)(at, n - i, out + i);
}

HWY_INLINE void load_sums(const float* sums, DotSink& sink) {
  HWY_UNROLL(4)
  for (std::size_t v = 0; v < kVectors; ++v) sink.sum[v] = hn::Load(D(), sums + v * kWidth);
}

HWY_INLINE void store_sums(const DotSink& sink, float* sums) {
  HWY_UNROLL(4)
  for (std::size_t v = 0; v < kVectors; ++v) hn::Store(sink.sum[v], D(), sums + v * kWidth);
}

template <class Codec>
void dot_blocks(const std::byte* at, std::size_t n, const float* x, float* sums) {
  DotSink sink;
  sink.x = x;
  load_sums(sums, sink);
  for (std::size_t i = 0; i < n; i += Codec::kElements, at += Codec::kBytes)
    Codec::block(at, i, sink);
  store_sums(sink, sums);
}

template <class Codec>
void scaled_dot_blocks(const std::byte* at, std::size_t n, std::size_t run, const float* factors,
                       const float* x, float* sums) {
  DotSink sink;
  sink.x = x;
  load_sums(sums, sink);
  for (std::size_t first = 0; first < n; first += run) {
    ScaledSink<DotSink> scaled{&sink, hn::Set(D(), factors[first / run])};
    const std::size_t end = std::min(first + run, n);
    for (std::size_t i = first; i < end; i += Codec::kElements, at += Codec::kBytes)
      Codec::block(at, i, scaled);
  }
  store_sums(sink, sums);
}

/// Block types carry their own factors.
template <class Codec, ElementType kType>
StoredOps block_ops() {
  return {decode_blocks<Codec, kType>, dot_blocks<Codec>, nullptr, Codec::kElements};
}

template <class Codec, ElementType kType>
StoredOps float_ops() {
  return {decode_blocks<Codec, kType>, dot_blocks<Codec>, scaled_dot_blocks<Codec>,
          Codec::kElements};
}

inline StoredOps stored_ops(ElementType type) {
  using enum ElementType;
  switch (type) {
    case kF32:
      return {decode<LoadF32>};
    case kF16:
      return {decode<LoadF16>};
    case kBF16:
      return {decode<LoadBF16>};
    case kF8E4M3:
      return float_ops<CodecF8E4M3, kF8E4M3>();
    case kF8E5M2:
      return float_ops<CodecF8E5M2, kF8E5M2>();
    case kF4E2M1:
      return float_ops<CodecF4E2M1, kF4E2M1>();
    case kQ4_0:
      return block_ops<CodecQ4_0, kQ4_0>();
    case kQ4_1:
      return block_ops<CodecQ4_1, kQ4_1>();
    case kQ5_0:
      return block_ops<CodecQ5_0, kQ5_0>();
    case kQ5_1:
      return block_ops<CodecQ5_1, kQ5_1>();
    case kQ8_0:
      return block_ops<CodecQ8_0, kQ8_0>();
    case kQ2K:
      return block_ops<CodecQ2K, kQ2K>();
    case kQ3K:
      return block_ops<CodecQ3K, kQ3K>();
    case kQ4K:
      return block_ops<CodecQ4K, kQ4K>();
    case kQ5K:
      return block_ops<CodecQ5K, kQ5K>();
    case kQ6K:
      return block_ops<CodecQ6K, kQ6K>();
    case kIq4Nl:
      return block_ops<CodecIq4Nl, kIq4Nl>();
    case kIq4Xs:
      return block_ops<CodecIq4Xs, kIq4Xs>();
    case kMxfp4:
      return block_ops<CodecMxfp4, kMxfp4>();
    default:
      return {ref::decoder(type)};
  }
}

/// A stored matrix and the way to read it.
struct StoredSource {
  const Matrix* w;
  StoredOps ops;
  std::size_t stride;
  std::size_t block_elements;
  std::size_t block_bytes;

  explicit StoredSource(const Matrix& matrix)
      : w(&matrix),
        ops(stored_ops(matrix.type)),
        stride(row_bytes(matrix)),
        block_elements(info(matrix.type).block_elems),
        block_bytes(info(matrix.type).block_bytes) {}

  const std::byte* address(std::size_t row, std::size_t first) const {
    return w->data + row * stride + first / block_elements * block_bytes;
  }

  /// Elements first … first + n - 1 of one row, factors applied, as ref::decode_part gives them.
  /// first is a whole number of decode blocks.
  void part(std::size_t row, std::size_t first, std::size_t n, float* out) const {
    ops.decode(address(row, first), n, out);
    if (w->scales.data == nullptr) return;
    for (std::size_t i = 0; i < n; i += kDecodeBlock)
      scale(row, first + i, std::min(kDecodeBlock, n - i), out + i);
  }

  /// True where add_products may be called.
  bool can_add_products() const {
    if (ops.dot == nullptr || w->n_col % ops.dot_elements != 0) return false;
    return w->scales.data == nullptr || (ops.scaled_dot != nullptr && even_run() != 0);
  }

  /// Adds the products of at most a decode block with x to the sixteen sums of one token.
  void add_products(std::size_t row, std::size_t first, std::size_t n, const float* x,
                    float* sums) const {
    if (w->scales.data == nullptr) return ops.dot(address(row, first), n, x, sums);
    Factors factors;
    load_factors(row, first, n, even_run(), factors);
    ops.scaled_dot(address(row, first), n, even_run(), factors, x, sums);
  }

 private:
  static constexpr std::size_t kMinRun = 16;
  using Factors = float[kDecodeBlock / kMinRun];

  /// Columns that share a factor, where decode blocks fall into runs of that many; else 0.
  std::size_t even_run() const {
    const std::size_t width = w->scales.block_cols;
    if (width == 0 || width % kDecodeBlock == 0) return kDecodeBlock;
    const bool fits = width % std::max(kMinRun, ops.dot_elements) == 0;
    return fits && kDecodeBlock % width == 0 ? width : 0;
  }

  void load_factors(std::size_t row, std::size_t first, std::size_t n, std::size_t run,
                    float* out) const {
    if (w->scales.block_cols == 0)
      out[0] = scale_at(*w, row, 0);
    else
      load_scales(*w, row, first, (n + run - 1) / run, out);
  }

  void scale(std::size_t row, std::size_t first, std::size_t n, float* values) const {
    const std::size_t even = even_run();
    Factors factors;
    if (even != 0) load_factors(row, first, n, even, factors);
    for (std::size_t i = 0; i < n;) {
      const std::size_t run = even != 0 ? std::min(even, n - i) : scale_run(*w, first + i, n - i);
      multiply(even != 0 ? factors[i / even] : scale_at(*w, row, first + i), run, values + i);
      i += run;
    }
  }

  static void multiply(float factor, std::size_t n, float* values) {
    constexpr D d;
    const V factors = hn::Set(d, factor);
    std::size_t i = 0;
    for (; i + kWidth <= n; i += kWidth)
      hn::StoreU(hn::Mul(hn::LoadU(d, values + i), factors), d, values + i);
    for (; i < n; ++i) values[i] *= factor;
  }
};

}  // namespace moescope::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif  // MOESCOPE_HAVE_LANES

#endif  // per-target include guard

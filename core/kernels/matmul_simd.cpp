#include <omp.h>

#include <algorithm>

#include "core/kernels/isa.hpp"
#include "core/kernels/matmul.hpp"
#include "core/kernels/ref.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/kernels/matmul_simd.cpp"
#include "core/kernels/simd_targets.hpp"
// after simd_targets.hpp
#include <hwy/foreach_target.h>

#include "core/kernels/simd_decoded.hpp"
#include "core/kernels/simd_panel.hpp"
#include "core/kernels/simd_rows.hpp"

HWY_BEFORE_NAMESPACE();
namespace moescope::kernels::HWY_NAMESPACE {

#if MOESCOPE_HAVE_LANES
namespace {

constexpr std::size_t kInPlaceTokens = kDecodedTokens;  // from here on, packing pays

/// Packs rows of a type that is read element by element; nullptr for the others.
PackRows packer(const Matrix& w) {
  if (w.scales.data != nullptr) return nullptr;
  switch (w.type) {
    case ElementType::kF32:
      return pack<LoadF32, kTileRows>;
    case ElementType::kF16:
      return pack<LoadF16, kTileRows>;
    case ElementType::kBF16:
      return pack<LoadBF16, kTileRows>;
    default:
      return nullptr;
  }
}

/// The way for few tokens.
void multiply_few(const StoredSource& source, std::size_t first_row, std::size_t n_row,
                  Rows<const float> x, Rows<float> out) {
  const Matrix& w = *source.w;
  const StoredRows rows{source.address(first_row, 0), source.stride, n_row, w.n_col};
  if (w.scales.data == nullptr) {
    switch (w.type) {
      case ElementType::kF32:
        return multiply_in_place<LoadF32>(rows, x, out);
      case ElementType::kF16:
        return multiply_in_place<LoadF16>(rows, x, out);
      case ElementType::kBF16:
        return multiply_in_place<LoadBF16>(rows, x, out);
      default:
        break;
    }
  }
  multiply_decoded(source, first_row, n_row, x, out);
}

}  // namespace

void multiply_rows(const Matrix& w, std::size_t first_row, std::size_t n_row, Rows<const float> x,
                   Rows<float> out) {
  const StoredSource source(w);
  if (x.n_row <= kInPlaceTokens) return multiply_few(source, first_row, n_row, x, out);
  for (std::size_t r = 0; r < n_row; r += kBlockRows) {
    const PackedSource block{source, packer(w), first_row + r, std::min(kBlockRows, n_row - r),
                             w.n_col};
    for (std::size_t t = 0; t < x.n_row; t += kBlockTokens) {
      const std::size_t n_tok = std::min(kBlockTokens, x.n_row - t);
      multiply_block(block, x.slice(t, n_tok),
                     Rows<float>(out.data + t * out.stride + r, n_tok, block.n_row, out.stride));
    }
  }
}

void decode_whole_row(const Matrix& w, std::size_t row, float* out) {
  StoredSource(w).part(row, 0, w.n_col, out);
}

float dot_product(std::span<const float> a, std::span<const float> b) {
  alignas(64) float sums[kLanes] = {};
  const float* x = a.data();
  const auto* w = reinterpret_cast<const std::byte*>(b.data());
  const std::size_t n_group = a.size() / kLanes;
  accumulate<LoadF32, 1, 1>(&x, &w, n_group, 0, sums);
  if (const std::size_t rest = a.size() % kLanes; rest != 0) {
    alignas(64) float groups[2][kLanes];
    pad_group(a.data() + n_group * kLanes, rest, groups[0]);
    pad_group(b.data() + n_group * kLanes, rest, groups[1]);
    x = groups[0];
    w = reinterpret_cast<const std::byte*>(groups[1]);
    accumulate<LoadF32, 1, 1>(&x, &w, 1, 0, sums);
  }
  return fold(sums);
}

const char* target_name() {
  return HWY_TARGET == HWY_AVX2 ? "avx2" : HWY_TARGET == HWY_AVX3 ? "avx512" : "neon";
}

#else

void multiply_rows(const Matrix& w, std::size_t first_row, std::size_t n_row, Rows<const float> x,
                   Rows<float> out) {
  ref::matmul_rows(w, first_row, n_row, x, out);
}

void decode_whole_row(const Matrix& w, std::size_t row, float* out) {
  ref::decode_row(w, row, {out, w.n_col});
}

float dot_product(std::span<const float> a, std::span<const float> b) {
  return ref::dot(a, b);
}

const char* target_name() {
  return "plain";
}

#endif

}  // namespace moescope::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace moescope::kernels {
namespace {

HWY_EXPORT(multiply_rows);
HWY_EXPORT(decode_whole_row);
HWY_EXPORT(dot_product);
HWY_EXPORT(target_name);

constexpr std::size_t kParallelFrom = std::size_t{1}
                                      << 18;  // products; less is not worth waking threads
constexpr std::size_t kRowStep = 12;          // whole tiles on every target
constexpr std::size_t kMaxTaskRows = 48;
constexpr std::size_t kTaskBytes = std::size_t{1} << 16;

/// Rows of one task: several tasks for every thread; for few tokens enough bytes to read in one
/// go, for many tokens enough rows to pay for packing these.
std::size_t task_rows(const Matrix& w, std::size_t n_tok, std::size_t n_thread) {
  const std::size_t bytes = std::max<std::size_t>(row_bytes(w), 1);
  const std::size_t most = n_tok == 1 ? kTaskBytes / bytes : kMaxTaskRows;
  const std::size_t fair = w.n_row / (4 * n_thread);
  return std::max(std::min(most, fair) / kRowStep, std::size_t{1}) * kRowStep;
}

}  // namespace

std::string_view isa_name() noexcept {
  return HWY_DYNAMIC_DISPATCH(target_name)();
}

void matmul_rows(const Matrix& w, std::size_t first_row, std::size_t n_row, Rows<const float> x,
                 Rows<float> out) noexcept {
  HWY_DYNAMIC_DISPATCH(multiply_rows)(w, first_row, n_row, x, out);
}

void matmul(const Matrix& w, Rows<const float> x, Rows<float> out) noexcept {
  const std::size_t step = task_rows(w, x.n_row, static_cast<std::size_t>(omp_get_max_threads()));
#pragma omp parallel for schedule(dynamic) if (w.n_row * w.n_col * x.n_row >= kParallelFrom)
  for (std::size_t r = 0; r < w.n_row; r += step) {
    const std::size_t n_row = std::min(step, w.n_row - r);
    matmul_rows(w, r, n_row, x, Rows<float>(out.data + r, out.n_row, n_row, out.stride));
  }
}

void decode_row(const Matrix& w, std::size_t row, std::span<float> out) noexcept {
  HWY_DYNAMIC_DISPATCH(decode_whole_row)(w, row, out.data());
}

float dot(std::span<const float> a, std::span<const float> b) noexcept {
  return HWY_DYNAMIC_DISPATCH(dot_product)(a, b);
}

}  // namespace moescope::kernels
#endif  // HWY_ONCE

// Kernels against this machine's own limits: multiply-adds in registers, reads from memory.
// Each product is compared with its plain twin, bit for bit, before it is timed.
//   kernels_bench --benchmark_repetitions=5 --benchmark_filter=matmul
#include <benchmark/benchmark.h>
#include <omp.h>

#include <cstring>
#include <map>
#include <vector>

#include "core/base/random.hpp"
#include "core/kernels/attention.hpp"
#include "core/kernels/isa.hpp"
#include "core/kernels/matmul.hpp"
#include "core/kernels/probe.hpp"
#include "core/kernels/ref.hpp"
#include "core/kernels/vector_ops.hpp"
#include "tests/core/kernels/kernel_data.hpp"

namespace moescope::kernels {
namespace {

using benchmark::Counter;

std::vector<float> random_values(std::size_t n) {
  Random random(7);
  std::vector<float> values(n);
  for (float& value : values) value = static_cast<float>(random.uniform() - 0.5);
  return values;
}

/// Random weights; kept for the whole run, since the large ones take seconds to
/// fill.
Matrix weights(ElementType type, std::size_t n_row, std::size_t n_col) {
  static std::map<std::pair<ElementType, std::size_t>, std::vector<std::byte>> store;
  Matrix w{type, n_row, n_col, nullptr};
  auto& bytes = store[{type, n_row * n_col}];
  if (bytes.empty()) {
    bytes.resize(n_row * row_bytes(w));
    const auto n_block = static_cast<std::ptrdiff_t>(n_row);
#pragma omp parallel for
    for (std::ptrdiff_t r = 0; r < n_block; ++r) {
      Random random(static_cast<std::uint64_t>(r));
      const std::size_t n_byte = row_bytes(w);
      fill_blocks(random, type,
                  std::span(bytes).subspan(static_cast<std::size_t>(r) * n_byte, n_byte));
    }
  }
  w.data = bytes.data();
  return w;
}

bool equals_twin(const Matrix& w, const std::vector<float>& x, std::size_t n_tok,
                 const std::vector<float>& out) {
  const std::size_t first = w.n_row > 40 ? w.n_row - 40 : 0;
  const std::size_t n_row = w.n_row - first;
  std::vector<float> want(n_tok * n_row);
  ref::matmul_rows(w, first, n_row, Rows<const float>(x.data(), n_tok, w.n_col),
                   Rows<float>(want.data(), n_tok, n_row));
  for (std::size_t t = 0; t < n_tok; ++t)
    if (std::memcmp(&want[t * n_row], &out[t * w.n_row + first], n_row * sizeof(float)) != 0)
      return false;
  return true;
}

void peak_fma(benchmark::State& state) {
  omp_set_num_threads(static_cast<int>(state.range(0)));
  double flop = 0;
  for (auto _ : state) {
#pragma omp parallel reduction(+ : flop)
    flop += static_cast<double>(spin_fma(1'000'000));
  }
  state.counters["flop"] = Counter(flop, Counter::kIsRate);
  state.SetLabel(std::string(isa_name()));
}

void peak_read(benchmark::State& state) {
  omp_set_num_threads(static_cast<int>(state.range(0)));
  const Matrix w = weights(ElementType::kBF16, 131072, 4096);
  const std::span<const std::byte> all(w.data, w.n_row * row_bytes(w));
  constexpr std::size_t kPiece = std::size_t{1} << 16;
  for (auto _ : state) {
    std::size_t mix = 0;
#pragma omp parallel for schedule(dynamic) reduction(^ : mix)
    for (std::size_t i = 0; i < all.size(); i += kPiece)
      mix ^= read_through(all.subspan(i, kPiece));
    benchmark::DoNotOptimize(mix);
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * all.size()));
}

/// Types whose factors lie in tensors of their own get them as checkpoints have them: 128 × 128 for
/// eight bits, 32 of a row for four.
std::vector<std::byte> factors_beside(Matrix& w) {
  const bool is_f4 = w.type == ElementType::kF4E2M1;
  if (!is_f4 && w.type != ElementType::kF8E4M3) return {};
  w.scales = is_f4 ? BlockScales{nullptr, ElementType::kE8M0, 1, 32}
                   : BlockScales{nullptr, ElementType::kF32, 128, 128};
  const std::size_t n = ((w.n_row + w.scales.block_rows - 1) / w.scales.block_rows) *
                        ((w.n_col + w.scales.block_cols - 1) / w.scales.block_cols);
  std::vector<std::byte> out(n * info(w.scales.type).block_bytes, std::byte{125});
  Random random(3);
  if (!is_f4) fill_blocks(random, w.scales.type, out);
  w.scales.data = out.data();
  return out;
}

/// Arguments: type, tokens, rows, columns, threads.
void matmul_bench(benchmark::State& state) {
  const auto type = static_cast<ElementType>(state.range(0));
  const auto n_tok = static_cast<std::size_t>(state.range(1));
  const auto n_row = static_cast<std::size_t>(state.range(2));
  const auto n_col = static_cast<std::size_t>(state.range(3));
  omp_set_num_threads(static_cast<int>(state.range(4)));
  Matrix w = weights(type, n_row, n_col);
  const std::vector<std::byte> factors = factors_beside(w);
  const auto x = random_values(n_tok * n_col);
  std::vector<float> out(n_tok * n_row);
  const Rows<const float> x_rows(x.data(), n_tok, n_col);
  const Rows<float> out_rows(out.data(), n_tok, n_row);
  matmul(w, x_rows, out_rows);
  if (!equals_twin(w, x, n_tok, out)) {
    state.SkipWithError("differs from its plain twin");
    return;
  }
  for (auto _ : state) matmul(w, x_rows, out_rows);
  const auto round = static_cast<double>(state.iterations());
  state.counters["flop"] =
      Counter(2.0 * round * static_cast<double>(n_tok * n_row * n_col), Counter::kIsRate);
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * n_row * row_bytes(w)));
  state.SetLabel(std::string(name(type)));
}

void matmul_sizes(benchmark::internal::Benchmark* bench) {
  const auto types = {ElementType::kBF16, ElementType::kF16, ElementType::kF32};
  bench->ArgNames({"type", "tok", "out", "in", "threads"})->UseRealTime();
  for (const int threads : {1, 2})
    for (const ElementType type : types)
      bench->Args({static_cast<int>(type), 512, 3584, 1024, threads});
  for (const int n_tok : {2, 4, 8, 12, 16, 32, 64, 128})
    bench->Args({static_cast<int>(ElementType::kBF16), n_tok, 3584, 1024, 2});
  for (const int threads : {1, 2}) {
    bench->Args({static_cast<int>(ElementType::kBF16), 1, 131072, 4096, threads});
    bench->Args({static_cast<int>(ElementType::kF16), 1, 131072, 4096, threads});
    bench->Args({static_cast<int>(ElementType::kBF16), 1, 524288, 1024, threads});
    bench->Args({static_cast<int>(ElementType::kF32), 1, 65536, 4096, threads});
  }
}

/// Every stored type: one token reads all weights once, 512 tokens decode them once for many.
void stored_sizes(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"type", "tok", "out", "in", "threads"})->UseRealTime();
  for (const ElementType type : weight_types()) {
    bench->Args({static_cast<int>(type), 1, 65536, 4096, 1});
    bench->Args({static_cast<int>(type), 512, 3584, 1024, 1});
  }
}

void softmax_bench(benchmark::State& state) {
  const auto x = random_values(static_cast<std::size_t>(state.range(0)));
  std::vector<float> out(x.size());
  for (auto _ : state) benchmark::DoNotOptimize(softmax(x, out));
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * x.size()));
}

void silu_bench(benchmark::State& state) {
  const auto x = random_values(static_cast<std::size_t>(state.range(0)));
  std::vector<float> out(x.size());
  for (auto _ : state) silu_mul(x, x, out);
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * x.size()));
}

void attend_bench(benchmark::State& state) {
  const auto n_key = static_cast<std::size_t>(state.range(0));
  constexpr std::size_t d = 128;
  const auto cache = random_values(n_key * d * 8);
  const auto q = random_values(d);
  std::vector<float> scratch(n_key);
  std::vector<float> out(d);
  const Rows<const float> k(cache.data(), n_key, d, d * 4);
  const Rows<const float> v(cache.data() + n_key * d * 4, n_key, d, d * 4);
  for (auto _ : state) attend(q, k, v, 0.09f, scratch, out);
  state.counters["flop"] =
      Counter(4.0 * static_cast<double>(state.iterations() * n_key * d), Counter::kIsRate);
}

BENCHMARK(peak_fma)->ArgName("threads")->Arg(1)->Arg(2)->UseRealTime();
BENCHMARK(peak_read)->ArgName("threads")->Arg(1)->Arg(2)->UseRealTime();
BENCHMARK(matmul_bench)->Apply(matmul_sizes);
BENCHMARK(matmul_bench)->Name("stored_types")->Apply(stored_sizes);
BENCHMARK(softmax_bench)->Arg(64)->Arg(1024)->Arg(32000);
BENCHMARK(silu_bench)->Arg(3584);
BENCHMARK(attend_bench)->Arg(64)->Arg(512)->Arg(4096);

}  // namespace
}  // namespace moescope::kernels

BENCHMARK_MAIN();

#include "core/model/vocabulary.hpp"

#include <algorithm>
#include <functional>

#include "core/kernels/matmul.hpp"
#include "core/kernels/vector_ops.hpp"

namespace moescope::model {
namespace {

constexpr std::size_t kTile = 512;  // fixed: the bits of sums depend on where tiles begin

struct Entry {
  float logit = 0;
  TokenId token;
};

bool better(const Entry& a, const Entry& b) {
  return a.logit > b.logit || (a.logit == b.logit && a.token < b.token);
}

/// What one tile tells of one row.
struct TileResult {
  kernels::LogSumExpPart part;
  std::uint32_t n_larger = 0;  ///< entries with a larger logit than the next token's
  std::vector<Entry> best;     ///< at least one, at most top_k
};

TileResult scan_tile(std::span<const float> logits, std::size_t first, const float* next_logit,
                     std::size_t top_k) {
  TileResult out;
  out.part = kernels::tile_stats(logits);
  if (next_logit != nullptr)
    out.n_larger = static_cast<std::uint32_t>(
        std::count_if(logits.begin(), logits.end(), [&](float v) { return v > *next_logit; }));
  const std::size_t keep = std::min(std::max<std::size_t>(top_k, 1), logits.size());
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const Entry entry{logits[i], TokenId(first + i)};
    if (out.best.size() == keep && !better(entry, out.best.back())) continue;
    if (out.best.size() == keep) out.best.pop_back();
    out.best.insert(std::upper_bound(out.best.begin(), out.best.end(), entry, better), entry);
  }
  return out;
}

void finish_row(std::span<const TileResult> tiles, std::optional<TokenId> next,
                const float* next_logit, std::size_t top_k, std::size_t row, VocabularyScan& out) {
  std::vector<kernels::LogSumExpPart> parts;
  std::vector<Entry> best;
  hooks::Prediction p;
  for (const TileResult& tile : tiles) {
    parts.push_back(tile.part);
    p.next_rank += tile.n_larger;
    best.insert(best.end(), tile.best.begin(), tile.best.end());
  }
  std::sort(best.begin(), best.end(), better);
  const kernels::LogSumExp total = kernels::combine(parts);
  p.logsumexp = static_cast<float>(total.logsumexp);
  p.entropy = static_cast<float>(total.entropy);
  p.argmax = best[0].token;
  if (next) {
    p.has_next = true;
    p.next = *next;
    p.next_logprob = static_cast<float>(static_cast<double>(*next_logit) - total.logsumexp);
    p.next_rank += 1;
  }
  out.prediction[row] = p;
  for (std::size_t i = 0; i < top_k; ++i) {
    out.top_token[row * top_k + i] = best[i].token;
    out.top_logprob[row * top_k + i] =
        static_cast<float>(static_cast<double>(best[i].logit) - total.logsumexp);
  }
}

using NextLogit = std::function<float(std::size_t row, TokenId next)>;
/// Logits of vocabulary entries first … first + n - 1 for every row; may use the buffer [n_row *
/// kTile].
using TileLogits =
    std::function<Rows<const float>(std::size_t first, std::size_t n, std::span<float> buffer)>;

VocabularyScan scan(std::size_t n_row, std::size_t n_vocab, const VocabularyQuery& query,
                    const NextLogit& next_logit_of, const TileLogits& tile_logits) {
  const std::size_t top_k = std::min(query.top_k, n_vocab);
  std::vector<float> next_logit(n_row);
  for (std::size_t i = 0; i < query.next.size(); ++i)
    if (query.next[i]) next_logit[i] = next_logit_of(i, *query.next[i]);

  const std::size_t n_tile = (n_vocab + kTile - 1) / kTile;
  std::vector<TileResult> results(n_row * n_tile);
#pragma omp parallel
  {
    std::vector<float> buffer(n_row * kTile);
#pragma omp for schedule(dynamic)
    for (std::size_t t = 0; t < n_tile; ++t) {
      const std::size_t first = t * kTile;
      const Rows<const float> logits = tile_logits(first, std::min(kTile, n_vocab - first), buffer);
      for (std::size_t i = 0; i < n_row; ++i) {
        const bool has_next = !query.next.empty() && query.next[i].has_value();
        results[i * n_tile + t] =
            scan_tile(logits.row(i), first, has_next ? &next_logit[i] : nullptr, top_k);
      }
    }
  }
  VocabularyScan out;
  out.prediction.resize(n_row);
  out.top_token.resize(n_row * top_k);
  out.top_logprob.resize(n_row * top_k);
  for (std::size_t i = 0; i < n_row; ++i) {
    const std::optional<TokenId> next = query.next.empty() ? std::nullopt : query.next[i];
    finish_row({results.data() + i * n_tile, n_tile}, next, &next_logit[i], top_k, i, out);
  }
  return out;
}

/// What comes after the products of entries first … first + n - 1.
void finish_logits(const Projection& unembed, float divisor, std::size_t first,
                   std::span<float> logits) {
  if (!unembed.bias.empty())
    kernels::add(std::span(unembed.bias).subspan(first, logits.size()), logits);
  if (divisor != 1.0f)
    for (float& v : logits) v /= divisor;
}

}  // namespace

void unembed(const Projection& unembed, float divisor, Rows<const float> x, Rows<float> logits) {
  kernels::matmul(unembed.w, x, logits);
  for (std::size_t i = 0; i < logits.n_row; ++i) finish_logits(unembed, divisor, 0, logits.row(i));
}

VocabularyScan scan_vocabulary(const Projection& unembed, float divisor, Rows<const float> x,
                               const VocabularyQuery& query) {
  std::vector<float> row(unembed.w.n_col);
  const NextLogit next_logit = [&](std::size_t i, TokenId next) {
    kernels::decode_row(unembed.w, next.value, row);
    float logit = kernels::dot(x.row(i), row);
    finish_logits(unembed, divisor, next.value, {&logit, 1});
    return logit;
  };
  const TileLogits tile_logits = [&](std::size_t first, std::size_t n, std::span<float> buffer) {
    const Rows<float> out(buffer.data(), x.n_row, n);
    kernels::matmul_rows(unembed.w, first, n, x, out);
    for (std::size_t i = 0; i < out.n_row; ++i) finish_logits(unembed, divisor, first, out.row(i));
    return Rows<const float>(out);
  };
  return scan(x.n_row, unembed.w.n_row, query, next_logit, tile_logits);
}

VocabularyScan scan_logits(Rows<const float> logits, const VocabularyQuery& query) {
  const NextLogit next_logit = [&](std::size_t i, TokenId next) {
    return logits.at(i, next.value);
  };
  const TileLogits tile_logits = [&](std::size_t first, std::size_t n, std::span<float>) {
    return Rows<const float>(logits.data + first, logits.n_row, n, logits.stride);
  };
  return scan(logits.n_row, logits.n_col, query, next_logit, tile_logits);
}

}  // namespace moescope::model

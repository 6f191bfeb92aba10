#include "core/model/attention.hpp"

#include <omp.h>

#include <algorithm>

#include "core/kernels/attention.hpp"
#include "core/kernels/matmul.hpp"
#include "core/kernels/plain_ops.hpp"
#include "core/kernels/rope.hpp"
#include "core/kernels/vector_ops.hpp"
#include "core/model/linear.hpp"

namespace moescope::model {
namespace {

/// Turns the part of each head that carries its position; `skip` values stand before it.
void rotate_heads(const ModelConfig& config, std::span<float> heads, std::size_t d_head,
                  std::size_t skip, const RopeTable& rope, TokenPos pos) {
  for (std::size_t at = 0; at < heads.size(); at += d_head) {
    const std::span<float> part = heads.subspan(at + skip, config.rope.d_rotary);
    if (config.rope.interleaved)
      kernels::rope_rotate_pairs(part, rope.cos(pos.value), rope.sin(pos.value));
    else
      kernels::rope_rotate_half(part, rope.cos(pos.value), rope.sin(pos.value));
  }
}

void normalise_heads(const ModelConfig& config, const NormWeights& weights, Rows<float> heads) {
  const std::size_t width = weights.weight.size();
  if (width == 0) return;
  const Rows<float> parts(heads.data, heads.n_row * heads.n_col / width, width);
  normalise(weights, config.rms_eps, parts, parts);
}

/// Puts rows that are stored in pairs (2i, 2i + 1) back to (i, i + d_head / 2).
void restore_order(const ModelConfig& config, Rows<float> heads, std::vector<float>& scratch) {
  const std::size_t half = config.d_head / 2;
  scratch.resize(config.d_head);
  for (std::size_t i = 0; i < heads.n_row; ++i)
    for (std::size_t at = 0; at < heads.n_col; at += config.d_head) {
      const std::span<float> head = heads.row(i).subspan(at, config.d_head);
      std::ranges::copy(head, scratch.begin());
      for (std::size_t j = 0; j < half; ++j) {
        head[j] = scratch[2 * j];
        head[j + half] = scratch[2 * j + 1];
      }
    }
}

std::size_t first_key(const ModelConfig& config, LayerIdx layer, std::size_t pos) {
  const auto& windows = config.attention.window;
  const std::size_t window = windows.empty() ? 0 : windows[layer.value];
  return window > 0 && pos + 1 > window ? pos + 1 - window : 0;
}

/// The heads of one layer as attend() needs them: head h reads n_key rows of its key-value head.
struct Heads {
  Rows<const float> query;  ///< [batch, n_head * d_key]
  Rows<float> mixed;        ///< [batch, n_head * d_value]
  std::size_t d_key = 0, d_value = 0;
  std::size_t n_kv_head = 0;
  bool values_in_keys = false;  ///< values are the first part of the keys
};

void attend_heads(const ModelConfig& config, const LayerWeights& weights, LayerIdx layer,
                  const Batch& batch, const Heads& heads, AttentionScratch& scratch) {
  std::size_t longest = 0;
  for (const BatchRow& row : batch) longest = std::max<std::size_t>(longest, row.tag.pos.value + 1);
  const auto n_thread = static_cast<std::size_t>(omp_get_max_threads());
  const Rows<float> score = scratch.score.shape(n_thread, longest);
  const std::size_t group = config.n_head / heads.n_kv_head;
#pragma omp parallel for collapse(2) schedule(dynamic, 4)
  for (std::size_t i = 0; i < batch.size(); ++i) {
    for (std::size_t h = 0; h < config.n_head; ++h) {
      const std::size_t pos = batch[i].tag.pos.value;
      const std::size_t first = first_key(config, layer, pos);
      const std::size_t n_key = pos + 1 - first;
      const Rows<float> keys = batch[i].cache->key(layer);
      const Rows<float> values = heads.values_in_keys ? keys : batch[i].cache->value(layer);
      const auto thread = static_cast<std::size_t>(omp_get_thread_num());
      const std::span<float> out = heads.mixed.row(i).subspan(h * heads.d_value, heads.d_value);
      const float log_sum =
          kernels::attend(heads.query.row(i).subspan(h * heads.d_key, heads.d_key),
                          Rows<const float>(&keys.at(first, h / group * heads.d_key), n_key,
                                            heads.d_key, keys.stride),
                          Rows<const float>(&values.at(first, h / group * heads.d_value), n_key,
                                            heads.d_value, values.stride),
                          config.attention.scale, score.row(thread), out);
      // A sink takes its share of the softmax and gives nothing.
      if (config.attention.sinks)
        kernels::scale(out, kernels::sigmoid(log_sum - weights.attention.sinks[h]));
    }
  }
}

void attend_grouped(const ModelConfig& config, const LayerWeights& weights, RopeTables& rope,
                    LayerIdx layer, const Batch& batch, Rows<const float> x,
                    AttentionScratch& scratch, Rows<float> out) {
  const std::size_t n = batch.size();
  const AttentionWeights& w = weights.attention;
  const Rows<float> q = scratch.query.shape(n, config.d_query());
  const Rows<float> k = scratch.key.shape(n, config.d_key_value());
  const Rows<float> v = scratch.value.shape(n, config.d_key_value());
  project(w.query, x, q);
  project(w.key, x, k);
  project(w.value, x, v);
  if (config.attention.permuted)
    for (const Rows<float>& heads : {q, k}) restore_order(config, heads, scratch.head);
  normalise_heads(config, w.query_norm, q);
  normalise_heads(config, w.key_norm, k);
  for (std::size_t i = 0; i < n; ++i) {
    const TokenPos pos = batch[i].tag.pos;
    const RopeTable& table = rope.of(batch[i].n_planned);
    rotate_heads(config, q.row(i), config.d_head, 0, table, pos);
    rotate_heads(config, k.row(i), config.d_head, 0, table, pos);
    std::ranges::copy(k.row(i), batch[i].cache->key(layer).row(pos.value).begin());
    std::ranges::copy(v.row(i), batch[i].cache->value(layer).row(pos.value).begin());
  }
  const Rows<float> mixed = scratch.mixed.shape(n, config.d_query());
  attend_heads(config, weights, layer, batch,
               {.query = q,
                .mixed = mixed,
                .d_key = config.d_head,
                .d_value = config.d_head,
                .n_kv_head = config.n_kv_head},
               scratch);
  project(w.out, mixed, out);
}

/// One latent and one rotated key a token, in its cache row.
void store_latents(const ModelConfig& config, const AttentionWeights& w, RopeTables& rope,
                   LayerIdx layer, const Batch& batch, Rows<const float> x,
                   AttentionScratch& scratch) {
  const LatentAttention& l = config.attention.latent;
  const Rows<float> down = scratch.key.shape(batch.size(), l.rank + l.d_rope);
  project(w.latent_down, x, down);
  const Rows<float> latent(down.data, down.n_row, l.rank, down.stride);
  normalise(w.latent_norm, config.attention.latent.eps, latent, latent);
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const TokenPos pos = batch[i].tag.pos;
    rotate_heads(config, down.row(i), down.n_col, l.rank, rope.of(batch[i].n_planned), pos);
    std::ranges::copy(down.row(i), batch[i].cache->key(layer).row(pos.value).begin());
  }
}

/// Takes each head's query into the space of the latents: the part without position through the
/// transposed up-projection of keys, row by row in rising order; the rotated part as it is.
Rows<float> latent_queries(const ModelConfig& config, const AttentionWeights& w, RopeTables& rope,
                           const Batch& batch, Rows<float> q, AttentionScratch& scratch) {
  const LatentAttention& l = config.attention.latent;
  const std::size_t d_key = l.rank + l.d_rope;
  const Rows<float> out = scratch.latent_query.shape(batch.size(), config.n_head * d_key);
  for (std::size_t i = 0; i < batch.size(); ++i) {
    rotate_heads(config, q.row(i), config.d_head, l.d_nope, rope.of(batch[i].n_planned),
                 batch[i].tag.pos);
    std::ranges::fill(out.row(i), 0.0f);
  }
  const auto n_thread = static_cast<std::size_t>(omp_get_max_threads());
  const Rows<float> up_row = scratch.up_row.shape(n_thread, l.rank);
#pragma omp parallel for schedule(static)
  for (std::size_t h = 0; h < config.n_head; ++h) {
    const auto row = up_row.row(static_cast<std::size_t>(omp_get_thread_num()));
    if (!w.latent_key.empty())
      kernels::matmul_rows(
          w.latent_key[h], 0, l.rank,
          Rows<const float>(q.data + h * config.d_head, batch.size(), l.d_nope, q.stride),
          Rows<float>(out.data + h * d_key, batch.size(), l.rank, out.stride));
    for (std::size_t d = 0; w.latent_key.empty() && d < l.d_nope; ++d) {
      kernels::decode_row(w.latent_up, h * (l.d_nope + l.d_value) + d, row);
      for (std::size_t i = 0; i < batch.size(); ++i)
        kernels::scale_add(q.at(i, h * config.d_head + d), row,
                           out.row(i).subspan(h * d_key, l.rank));
    }
    for (std::size_t i = 0; i < batch.size(); ++i)
      std::ranges::copy(q.row(i).subspan(h * config.d_head + l.d_nope, l.d_rope),
                        out.row(i).subspan(h * d_key + l.rank, l.d_rope).begin());
  }
  return out;
}

void attend_latent(const ModelConfig& config, const LayerWeights& weights, RopeTables& rope,
                   LayerIdx layer, const Batch& batch, Rows<const float> x,
                   AttentionScratch& scratch, Rows<float> out) {
  const std::size_t n = batch.size();
  const LatentAttention& l = config.attention.latent;
  const AttentionWeights& w = weights.attention;
  const Rows<float> q = scratch.query.shape(n, config.d_query());
  if (l.query_rank > 0) {
    const Rows<float> down = scratch.value.shape(n, l.query_rank);
    project(w.query_down, x, down);
    normalise(w.query_down_norm, l.eps, down, down);
    project(w.query, down, q);
  } else {
    project(w.query, x, q);
  }
  store_latents(config, w, rope, layer, batch, x, scratch);
  const Rows<float> latent_mix = scratch.mixed.shape(n, config.n_head * l.rank);
  attend_heads(config, weights, layer, batch,
               {.query = latent_queries(config, w, rope, batch, q, scratch),
                .mixed = latent_mix,
                .d_key = l.rank + l.d_rope,
                .d_value = l.rank,
                .n_kv_head = 1,
                .values_in_keys = true},
               scratch);
  const Rows<float> mixed = scratch.value.shape(n, config.n_head * l.d_value);
  const bool apart = !w.latent_value.empty();
#pragma omp parallel for schedule(static)
  for (std::size_t h = 0; h < config.n_head; ++h)
    kernels::matmul_rows(
        apart ? w.latent_value[h] : w.latent_up, apart ? 0 : h * (l.d_nope + l.d_value) + l.d_nope,
        l.d_value, Rows<const float>(latent_mix.data + h * l.rank, n, l.rank, latent_mix.stride),
        Rows<float>(mixed.data + h * l.d_value, n, l.d_value, mixed.stride));
  project(w.out, mixed, out);
}

}  // namespace

void attend_batch(const ModelConfig& config, const LayerWeights& weights, RopeTables& rope,
                  LayerIdx layer, const Batch& batch, Rows<const float> x,
                  AttentionScratch& scratch, Rows<float> out) {
  if (config.attention.latent.rank > 0)
    attend_latent(config, weights, rope, layer, batch, x, scratch, out);
  else
    attend_grouped(config, weights, rope, layer, batch, x, scratch, out);
}

}  // namespace moescope::model

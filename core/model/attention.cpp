#include "core/model/attention.hpp"

#include <omp.h>

#include <algorithm>
#include <cmath>

#include "core/kernels/attention.hpp"
#include "core/kernels/matmul.hpp"
#include "core/kernels/rope.hpp"

namespace moescope::model {
namespace {

void rotate_heads(std::span<float> heads, std::size_t d_head, const RopeTable& rope, TokenPos pos) {
  for (std::size_t at = 0; at < heads.size(); at += d_head)
    kernels::rope_rotate_half(heads.subspan(at, d_head), rope.cos(pos.value), rope.sin(pos.value));
}

std::size_t first_key(const ModelConfig& config, std::size_t pos) {
  const std::size_t window = config.sliding_window.value_or(pos + 1);
  return pos + 1 > window ? pos + 1 - window : 0;
}

}  // namespace

void attend_batch(const ModelConfig& config, const LayerWeights& weights, const RopeTable& rope,
                  LayerIdx layer, const Batch& batch, Rows<const float> x,
                  AttentionScratch& scratch, Rows<float> out) {
  const std::size_t n = batch.size();
  const Rows<float> q = scratch.query.shape(n, config.d_query());
  const Rows<float> k = scratch.key.shape(n, config.d_key_value());
  const Rows<float> v = scratch.value.shape(n, config.d_key_value());
  const Rows<float> mixed = scratch.mixed.shape(n, config.d_query());
  kernels::matmul(weights.query, x, q);
  kernels::matmul(weights.key, x, k);
  kernels::matmul(weights.value, x, v);

  std::size_t longest = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const TokenPos pos = batch[i].tag.pos;
    rotate_heads(q.row(i), config.d_head, rope, pos);
    rotate_heads(k.row(i), config.d_head, rope, pos);
    std::ranges::copy(k.row(i), batch[i].cache->key(layer).row(pos.value).begin());
    std::ranges::copy(v.row(i), batch[i].cache->value(layer).row(pos.value).begin());
    longest = std::max<std::size_t>(longest, pos.value + 1);
  }

  const auto n_thread = static_cast<std::size_t>(omp_get_max_threads());
  const Rows<float> score = scratch.score.shape(n_thread, longest);
  const float scale = 1.0f / std::sqrt(static_cast<float>(config.d_head));
  const std::size_t group = config.n_head / config.n_kv_head;
#pragma omp parallel for collapse(2) schedule(dynamic, 4)
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t h = 0; h < config.n_head; ++h) {
      const std::size_t pos = batch[i].tag.pos.value;
      const std::size_t first = first_key(config, pos);
      const std::size_t n_key = pos + 1 - first;
      const std::size_t column = h / group * config.d_head;
      const Rows<float> keys = batch[i].cache->key(layer);
      const Rows<float> values = batch[i].cache->value(layer);
      const auto thread = static_cast<std::size_t>(omp_get_thread_num());
      kernels::attend(
          q.row(i).subspan(h * config.d_head, config.d_head),
          Rows<const float>(&keys.at(first, column), n_key, config.d_head, keys.stride),
          Rows<const float>(&values.at(first, column), n_key, config.d_head, values.stride), scale,
          score.row(thread), mixed.row(i).subspan(h * config.d_head, config.d_head));
    }
  }
  kernels::matmul(weights.attn_out, mixed, out);
}

}  // namespace moescope::model

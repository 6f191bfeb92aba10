#include <cstdint>

#include "core/model/weights.hpp"

namespace moescope::model {
namespace {

std::uint64_t attention_parameters(const ModelConfig& c) {
  const AttentionConfig& a = c.attention;
  const LatentAttention& l = a.latent;
  if (l.rank > 0) {
    const std::uint64_t query =
        l.query_rank > 0 ? l.query_rank * (c.d_model + 1 + c.d_query()) : c.d_model * c.d_query();
    return query + c.d_model * (l.rank + l.d_rope) + l.rank +
           c.n_head * (l.d_nope + l.d_value) * l.rank + c.n_head * l.d_value * c.d_model;
  }
  std::uint64_t n = 2 * c.d_model * (c.d_query() + c.d_key_value());
  if (a.bias) n += c.d_query() + 2 * c.d_key_value();
  if (a.output_bias) n += c.d_model;
  if (a.query_key_norm == QueryKeyNorm::kHead) n += 2 * c.d_head;
  if (a.query_key_norm == QueryKeyNorm::kWhole) n += c.d_query() + c.d_key_value();
  if (a.sinks) n += c.n_head;
  return n;
}

}  // namespace

ParameterCounts count_parameters(const ModelConfig& c) {
  const std::uint64_t per_norm = (c.norm == NormKind::kLayer ? 2 : 1) * c.d_model;
  const std::uint64_t always = attention_parameters(c) + 2 * per_norm;
  const std::uint64_t biases = c.expert_bias ? 2 * c.d_expert + c.d_model : 0;
  const std::uint64_t expert = 3 * c.d_model * c.d_expert + biases;
  const std::uint64_t router = c.gating.n_expert * (c.d_model + (c.gating.logit_bias ? 1 : 0) +
                                                    (c.gating.selection_bias ? 1 : 0));
  const std::uint64_t shared = 3 * c.d_model * c.shared.d_hidden + (c.shared.gated ? c.d_model : 0);
  ParameterCounts out;
  out.total = (c.tied_embeddings ? 1 : 2) * c.n_vocab * c.d_model + per_norm +
              (c.unembed_bias ? c.n_vocab : 0);
  out.active = out.total;
  for (const bool routes : c.routes) {
    const std::uint64_t both = always + (routes ? router + shared : 3 * c.d_model * c.d_mlp);
    out.total += both + (routes ? c.gating.n_expert * expert : 0);
    out.active += both + (routes ? c.gating.top_k * expert : 0);
  }
  out.per_expert = c.gating.n_expert > 0 ? expert : 0;
  return out;
}

}  // namespace moescope::model

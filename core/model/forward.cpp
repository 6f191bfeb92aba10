#include "core/model/forward.hpp"

#include <algorithm>

#include "core/kernels/matmul.hpp"
#include "core/kernels/plain_ops.hpp"
#include "core/kernels/vector_ops.hpp"
#include "core/model/linear.hpp"
#include "core/model/vocabulary.hpp"

namespace moescope::model {
namespace {

using hooks::Site;

/// to += factor · from
void add_rows(Rows<const float> from, float factor, Rows<float> to) {
  for (std::size_t i = 0; i < to.n_row; ++i)
    if (factor == 1.0f)
      kernels::add(from.row(i), to.row(i));
    else
      kernels::scale_add(factor, from.row(i), to.row(i));
}

}  // namespace

Forward::Forward(const Model& model, const hooks::CapturePlan& plan,
                 std::span<const LayerInterventions> interventions, hooks::Sink& sink)
    : model_(model),
      plan_(plan),
      interventions_(interventions),
      sink_(sink),
      tap_(plan, sink),
      rope_(model.config.rope) {}

Rows<const float> Forward::run(const Batch& batch) {
  const ModelConfig& config = model_.config;
  damage_.clear();
  tags_.clear();
  for (const BatchRow& row : batch) {
    tags_.push_back(row.tag);
    rope_.of(row.n_planned).extend(row.tag.pos.value + std::size_t{1});
  }
  tap_.begin(batch);

  const Rows<float> x = residual_.shape(batch.size(), config.d_model);
  for (std::size_t i = 0; i < batch.size(); ++i) {
    kernels::decode_row(model_.weights.embed, batch[i].tag.token.value, x.row(i));
    if (config.embedding_multiplier != 1.0f) kernels::scale(x.row(i), config.embedding_multiplier);
  }
  tap_.emit({Site::kEmbed, {}, {}}, x);

  for (std::size_t l = 0; l < config.n_layer; ++l) run_layer(LayerIdx(l), batch, x);

  const Rows<float> out = normed_.shape(batch.size(), config.d_model);
  normalise(model_.weights.final_norm, config.rms_eps, x, out);
  tap_.emit({Site::kFinalNorm, {}, {}}, out);
  return out;
}

void Forward::run_layer(LayerIdx layer, const Batch& batch, Rows<float> x) {
  const ModelConfig& config = model_.config;
  const LayerWeights& weights = model_.weights.layer[layer.value];
  const Rows<float> h = normed_.shape(x.n_row, x.n_col);
  const Rows<float> added = added_.shape(x.n_row, x.n_col);

  tap_.emit({Site::kResidPre, layer, {}}, x);
  normalise(weights.attn_norm, config.rms_eps, x, h);
  attend_batch(config, weights, rope_, layer, batch, h, attention_, added);
  tap_.emit({Site::kAttnOut, layer, {}}, added);
  add_rows(added, config.residual_multiplier, x);
  tap_.emit({Site::kResidMid, layer, {}}, x);

  normalise(weights.mlp_norm, config.rms_eps, x, h);
  if (config.routes[layer.value]) {
    for (const std::size_t row : mix_experts(config, weights, interventions_[layer.value], layer,
                                             batch, h, moe_, tap_, added))
      damage_.push_back({row, layer});
    const hooks::RoutingEvent event = routing_event(config, layer, tags_, moe_);
    tap_.emit({Site::kRouterLogits, layer, {}}, event.logits);
    tap_.emit({Site::kExpertScores, layer, {}}, event.score);
    tap_.emit({Site::kTopkWeights, layer, {}}, event.weight);
    if (tap_.wants({Site::kExpertIndices, layer, {}}))
      tap_.emit({Site::kExpertIndices, layer, {}}, chosen_as_floats(event, moe_));
    if (plan_.routing) sink_.routing(event);
  } else {
    gated_mlp(config, weights.mlp, h, moe_, added);
  }
  tap_.emit({Site::kMlpOut, layer, {}}, added);
  add_rows(added, config.residual_multiplier, x);
  tap_.emit({Site::kResidPost, layer, {}}, x);
  if (plan_.lens > 0) read_lens(layer, x);
}

void Forward::read_lens(LayerIdx layer, Rows<const float> x) {
  const Rows<float> h = normed_.shape(x.n_row, x.n_col);
  normalise(model_.weights.final_norm, model_.config.rms_eps, x, h);
  const std::size_t k = std::min(plan_.lens, model_.config.n_vocab);
  const VocabularyScan scan =
      scan_vocabulary(model_.weights.unembed, model_.config.logit_divisor, h, {{}, k});
  sink_.lens({layer, tags_, Rows<const TokenId>(scan.top_token.data(), x.n_row, k),
              Rows<const float>(scan.top_logprob.data(), x.n_row, k)});
}

}  // namespace moescope::model

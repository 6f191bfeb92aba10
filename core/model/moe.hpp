#pragma once

#include <span>
#include <vector>

#include "core/base/rows.hpp"
#include "core/model/batch.hpp"
#include "core/model/config.hpp"
#include "core/model/gating.hpp"
#include "core/model/tap.hpp"
#include "core/model/weights.hpp"

namespace moescope::model {

/// Working memory and results of one routed layer, kept between layers.
struct MoeScratch {
  Buffer logits, score, weight, margin;  ///< [batch, n_expert] twice, [batch, top_k] twice
  Buffer selection;                      ///< [batch, n_expert]
  std::vector<ExpertIdx> expert;         ///< [batch, top_k]
  Buffer gathered, gate, up, gate_up, hidden, output;
  Buffer slot_output;  ///< [batch * top_k, d_model]
  Buffer chosen;       ///< [batch, top_k] expert numbers as floats, for captures
  Buffer shared;       ///< [batch, d_model]
};

/// The mixture of experts of one layer: route every token, compute each expert once over the tokens
/// that chose it, add the weighted outputs best expert first, then the shared expert's.
/// Shapes: x, out [batch, d_model]. Returns the batch rows whose router logits were not finite.
std::vector<std::size_t> mix_experts(const ModelConfig& config, const LayerWeights& weights,
                                     const LayerInterventions& change, LayerIdx layer,
                                     const Batch& batch, Rows<const float> x, MoeScratch& scratch,
                                     Tap& tap, Rows<float> out);

/// The views of the last mix_experts() as the event that the sink gets.
hooks::RoutingEvent routing_event(const ModelConfig& config, LayerIdx layer,
                                  std::span<const hooks::RowTag> tags, MoeScratch& scratch);

/// The chosen experts' numbers as a matrix of floats, as captured tensors are. Shapes: [batch,
/// top_k].
Rows<const float> chosen_as_floats(const hooks::RoutingEvent& event, MoeScratch& scratch);

/// down(activation(gate(x), up(x))). Shapes: x, out [n, d_model].
void gated_mlp(const ModelConfig& config, const MlpWeights& weights, Rows<const float> x,
               MoeScratch& scratch, Rows<float> out);

}  // namespace moescope::model

#pragma once

#include "core/base/rows.hpp"
#include "core/model/batch.hpp"
#include "core/model/config.hpp"
#include "core/model/rope_table.hpp"
#include "core/model/weights.hpp"

namespace moescope::model {

/// Working memory of attend_batch.
struct AttentionScratch {
  Buffer query, key, value, mixed, score;
  Buffer latent_query, up_row;  ///< of latent attention
  std::vector<float> head;      ///< [d_head]
};

/// Attention of one layer; writes the batch's keys and values into the caches.
/// Shapes: x, out [batch, d_model].
/// Source: GQA (arXiv 2305.13245); a sliding window lets a token see its own key and the window - 1
/// before it, as Mistral's reference does; latent attention: DeepSeek-V2 (arXiv 2405.04434), section
/// 2.1, with the key's up-projection absorbed into the query, so that every head attends over the
/// latents themselves; sinks: the published code of gpt-oss.
void attend_batch(const ModelConfig& config, const LayerWeights& weights, RopeTables& rope,
                  LayerIdx layer, const Batch& batch, Rows<const float> x,
                  AttentionScratch& scratch, Rows<float> out);

}  // namespace moescope::model

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
};

/// Grouped-query attention of one layer; writes the batch's keys and values into the caches.
/// Shapes: x, out [batch, d_model].
/// Source: GQA (arXiv 2305.13245); a sliding window lets a token see its own key and the window - 1
/// before it, as Mistral's reference does.
void attend_batch(const ModelConfig& config, const LayerWeights& weights, const RopeTable& rope,
                  LayerIdx layer, const Batch& batch, Rows<const float> x,
                  AttentionScratch& scratch, Rows<float> out);

}  // namespace moescope::model

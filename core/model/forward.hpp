#pragma once

#include <span>
#include <vector>

#include "core/hooks/capture.hpp"
#include "core/hooks/event.hpp"
#include "core/model/attention.hpp"
#include "core/model/batch.hpp"
#include "core/model/gating.hpp"
#include "core/model/model.hpp"
#include "core/model/moe.hpp"
#include "core/model/rope_table.hpp"
#include "core/model/tap.hpp"

namespace moescope::model {

/// Where a token's router could not choose because its logits were not finite.
struct Damage {
  std::size_t batch_row = 0;
  LayerIdx layer;
};

/// One pass of a batch through all layers.
class Forward {
 public:
  /// Everything given must outlive it.
  Forward(const Model& model, const hooks::CapturePlan& plan,
          std::span<const LayerInterventions> interventions, hooks::Sink& sink);

  /// Runs the batch, hands what the plan wants to the sink, and fills the caches.
  /// Shapes: the result is the final norm's output [batch, d_model], valid until the next call.
  Rows<const float> run(const Batch& batch);

  std::span<const Damage> damage() const { return damage_; }

 private:
  void run_layer(LayerIdx layer, const Batch& batch, Rows<float> x);
  void read_lens(LayerIdx layer, Rows<const float> x);

  const Model& model_;
  const hooks::CapturePlan& plan_;
  std::span<const LayerInterventions> interventions_;
  hooks::Sink& sink_;
  Tap tap_;
  RopeTables rope_;
  std::vector<hooks::RowTag> tags_;
  std::vector<Damage> damage_;
  AttentionScratch attention_;
  MoeScratch moe_;
  Buffer residual_, normed_, added_;
};

}  // namespace moescope::model

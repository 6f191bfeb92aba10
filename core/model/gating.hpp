#pragma once

#include <span>
#include <vector>

#include "core/base/index.hpp"
#include "core/hooks/intervention.hpp"
#include "core/model/config.hpp"

namespace moescope::model {

/// The interventions of one layer, sorted by what they act on. Places are named by the expert
/// chosen.
struct LayerInterventions {
  std::vector<bool> masked;         ///< [n_expert] or empty
  std::vector<ExpertIdx> forced;    ///< in the order given
  std::vector<float> scale;         ///< [n_expert] factor on the contribution (zero: 0), or empty
  std::vector<ExpertIdx> computes;  ///< [n_expert] whose weights compute in this place, or empty
  std::vector<const std::vector<float>*>
      mean;  ///< [n_expert] output that replaces the computed one, or empty
};

/// Shapes: one entry a layer of the model. The plan must outlive the result.
/// Errors: kUsage: a mean is missing or of the wrong width; so many experts of a layer, or of its
/// groups, masked that fewer than top_k are left to choose.
std::vector<LayerInterventions> layer_interventions(const hooks::InterventionPlan& plan,
                                                    const ModelConfig& config);

/// Where route() writes for one token.
struct RouteOut {
  std::span<float> score;       ///< [n_expert] the score function over all experts
  std::span<ExpertIdx> expert;  ///< [top_k] best first
  std::span<float> weight;      ///< [top_k] applied
  std::span<float> margin;      ///< [top_k] see RoutingEvent
  std::span<float> selection;   ///< [n_expert] what the choice went by; -inf: not to be chosen
};

/// Chooses the experts of one token and their weights. Ties go to the lower index. Returns false,
/// and writes nothing but zeros, when a logit is not finite.
/// Shapes: logits [n_expert], the router's bias included; selection_bias [n_expert], or empty.
/// Source: Mixtral (arXiv 2401.04088), section 2.1: softmax over the chosen logits, which equals
/// softmax over all, the choice, and renormalisation; groups and biased sigmoid scores: DeepSeek-V2
/// (arXiv 2405.04434), section 2.2.2, and -V3 (arXiv 2412.19437), section 2.1.2; sparse mixer: the
/// published code of Phi-3.5-MoE (its inference form).
bool route(const Gating& gating, const LayerInterventions& change,
           std::span<const float> selection_bias, std::span<const float> logits,
           const RouteOut& out);

}  // namespace moescope::model

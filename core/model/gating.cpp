#include "core/model/gating.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/base/error.hpp"
#include "core/kernels/vector_ops.hpp"

namespace moescope::model {
namespace {

using hooks::Intervention;
using hooks::InterventionKind;

constexpr float kMinusInfinity = -std::numeric_limits<float>::infinity();

void add(const Intervention& x, const ModelConfig& config, LayerInterventions& layer) {
  const std::size_t n = config.gating.n_expert;
  const std::size_t e = x.expert.value;
  switch (x.kind) {
    case InterventionKind::kMask:
      layer.masked.resize(n);
      layer.masked[e] = true;
      break;
    case InterventionKind::kForce:
      layer.forced.push_back(x.expert);
      break;
    case InterventionKind::kZero:
    case InterventionKind::kScale:
      layer.scale.resize(n, 1.0f);
      layer.scale[e] *= x.kind == InterventionKind::kZero ? 0.0f : x.factor;
      break;
    case InterventionKind::kMean:
      if (x.mean.size() != config.d_model)
        fail(ErrorCode::kUsage,
             "intervention '{}': expected a mean of {} values, got {}; give --means FILE",
             to_string(x), config.d_model, x.mean.size());
      layer.mean.resize(n, nullptr);
      layer.mean[e] = &x.mean;
      break;
    case InterventionKind::kSwap:
      if (layer.computes.empty())
        for (std::size_t i = 0; i < n; ++i) layer.computes.emplace_back(i);
      std::swap(layer.computes[e], layer.computes[x.other.value]);
      break;
  }
}

/// The score that experts are ranked by: logits keep the order of both score functions.
float selection_score(const LayerInterventions& change, std::span<const float> logits,
                      std::size_t e) {
  return !change.masked.empty() && change.masked[e] ? kMinusInfinity : logits[e];
}

void score_all(const Gating& gating, const LayerInterventions& change,
               std::span<const float> logits, std::span<float> score) {
  for (std::size_t e = 0; e < logits.size(); ++e) score[e] = selection_score(change, logits, e);
  if (gating.score == ScoreFunction::kSoftmax) {
    kernels::softmax(score, score);
    return;
  }
  for (float& s : score) s = 1.0f / (1.0f + kernels::exp_f32(-s));
}

void choose(const LayerInterventions& change, std::span<const float> logits,
            std::span<ExpertIdx> expert) {
  for (std::size_t slot = 0; slot < expert.size(); ++slot) {
    float best = kMinusInfinity;
    std::size_t chosen = logits.size();
    for (std::size_t e = 0; e < logits.size(); ++e) {
      const auto taken = expert.first(slot);
      if (std::find(taken.begin(), taken.end(), ExpertIdx(e)) != taken.end()) continue;
      const float s = selection_score(change, logits, e);
      if (chosen == logits.size() || s > best) {
        best = s;
        chosen = e;
      }
    }
    expert[slot] = ExpertIdx(chosen);
  }
  std::size_t last = expert.size();
  for (const ExpertIdx forced : change.forced) {
    if (std::find(expert.begin(), expert.end(), forced) != expert.end()) continue;
    if (last > 0) expert[--last] = forced;
  }
}

void weigh(const Gating& gating, const LayerInterventions& change, const RouteOut& out) {
  float sum = 0.0f;
  for (std::size_t slot = 0; slot < out.expert.size(); ++slot) {
    out.weight[slot] = out.score[out.expert[slot].value];
    sum += out.weight[slot];
  }
  for (std::size_t slot = 0; slot < out.expert.size(); ++slot) {
    float& w = out.weight[slot];
    if (gating.renormalise) w = sum > 0.0f ? w / sum : 1.0f / static_cast<float>(out.expert.size());
    if (gating.scaling != 1.0f) w *= gating.scaling;
    if (!change.scale.empty()) w *= change.scale[out.expert[slot].value];
  }
}

void measure_margin(const LayerInterventions& change, std::span<const float> logits,
                    const RouteOut& out) {
  float left_out = kMinusInfinity;
  for (std::size_t e = 0; e < logits.size(); ++e)
    if (std::find(out.expert.begin(), out.expert.end(), ExpertIdx(e)) == out.expert.end())
      left_out = std::max(left_out, selection_score(change, logits, e));
  for (std::size_t slot = 0; slot < out.expert.size(); ++slot) {
    const float own = selection_score(change, logits, out.expert[slot].value);
    out.margin[slot] =
        left_out == kMinusInfinity ? std::numeric_limits<float>::infinity() : own - left_out;
  }
}

}  // namespace

std::vector<LayerInterventions> layer_interventions(const hooks::InterventionPlan& plan,
                                                    const ModelConfig& config) {
  std::vector<LayerInterventions> out(config.n_layer);
  for (const Intervention& x : plan.items) add(x, config, out[x.layer.value]);
  for (std::size_t l = 0; l < out.size(); ++l) {
    const auto n_masked =
        static_cast<std::size_t>(std::count(out[l].masked.begin(), out[l].masked.end(), true));
    if (config.gating.n_expert - n_masked < config.gating.top_k)
      fail(ErrorCode::kUsage,
           "interventions: layer {}: {} of {} experts are masked, expected at least {} left to "
           "choose",
           l, n_masked, config.gating.n_expert, config.gating.top_k);
    for (const ExpertIdx e : out[l].forced)
      if (!out[l].masked.empty() && out[l].masked[e.value])
        fail(ErrorCode::kUsage, "interventions: layer {}: expert {} is both masked and forced", l,
             e.value);
    if (out[l].forced.size() > config.gating.top_k)
      fail(ErrorCode::kUsage, "interventions: layer {}: {} experts are forced into {} places", l,
           out[l].forced.size(), config.gating.top_k);
  }
  return out;
}

bool route(const Gating& gating, const LayerInterventions& change, std::span<const float> logits,
           const RouteOut& out) {
  if (!std::all_of(logits.begin(), logits.end(), [](float v) { return std::isfinite(v); })) {
    std::fill(out.score.begin(), out.score.end(), 0.0f);
    std::fill(out.weight.begin(), out.weight.end(), 0.0f);
    std::fill(out.margin.begin(), out.margin.end(), 0.0f);
    for (std::size_t slot = 0; slot < out.expert.size(); ++slot) out.expert[slot] = ExpertIdx(slot);
    return false;
  }
  choose(change, logits, out.expert);
  score_all(gating, change, logits, out.score);
  weigh(gating, change, out);
  measure_margin(change, logits, out);
  return true;
}

}  // namespace moescope::model

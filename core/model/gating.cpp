#include "core/model/gating.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/base/error.hpp"
#include "core/kernels/plain_ops.hpp"
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

bool is_masked(const LayerInterventions& change, std::size_t e) {
  return !change.masked.empty() && change.masked[e];
}

void score_all(const Gating& gating, const LayerInterventions& change,
               std::span<const float> logits, std::span<float> score) {
  for (std::size_t e = 0; e < logits.size(); ++e)
    score[e] = is_masked(change, e) ? kMinusInfinity : logits[e];
  if (gating.score == ScoreFunction::kSoftmax) {
    kernels::softmax(score, score);
    return;
  }
  for (float& s : score) s = kernels::sigmoid(s);
}

/// Logits keep the order of both score functions; a bias is added to the scores themselves.
void rate_all(const LayerInterventions& change, std::span<const float> selection_bias,
              std::span<const float> logits, const RouteOut& out) {
  for (std::size_t e = 0; e < logits.size(); ++e) {
    out.selection[e] = selection_bias.empty() ? logits[e] : out.score[e] + selection_bias[e];
    if (is_masked(change, e)) out.selection[e] = kMinusInfinity;
  }
}

float group_score(GroupScore kind, std::span<const float> selection) {
  float best = kMinusInfinity;
  float second = kMinusInfinity;
  for (const float s : selection) {
    if (s > best) {
      second = best;
      best = s;
    } else {
      second = std::max(second, s);
    }
  }
  return kind == GroupScore::kMax ? best : best + second;
}

/// Closes the groups that are not among the best. Returns for each open group by how much its score
/// beats the best closed one; empty where there are no groups to choose from.
std::vector<float> close_groups(const Gating& gating, std::span<float> selection) {
  if (gating.top_group >= gating.n_group) return {};
  const std::size_t size = selection.size() / gating.n_group;
  std::vector<float> score(gating.n_group);
  for (std::size_t g = 0; g < gating.n_group; ++g)
    score[g] = group_score(gating.group_score, selection.subspan(g * size, size));
  std::vector<std::size_t> order(gating.n_group);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&score](std::size_t a, std::size_t b) { return score[a] > score[b]; });
  const float closed = score[order[gating.top_group]];
  std::vector<float> lead(gating.n_group, 0.0f);
  for (std::size_t rank = 0; rank < order.size(); ++rank) {
    const std::size_t g = order[rank];
    if (rank < gating.top_group)
      lead[g] = score[g] - closed;
    else
      std::ranges::fill(selection.subspan(g * size, size), kMinusInfinity);
  }
  return lead;
}

void choose(const LayerInterventions& change, std::span<const float> selection,
            std::span<ExpertIdx> expert) {
  for (std::size_t slot = 0; slot < expert.size(); ++slot) {
    float best = kMinusInfinity;
    std::size_t chosen = selection.size();
    for (std::size_t e = 0; e < selection.size(); ++e) {
      const auto taken = expert.first(slot);
      if (std::find(taken.begin(), taken.end(), ExpertIdx(e)) != taken.end()) continue;
      if (chosen == selection.size() || selection[e] > best) {
        best = selection[e];
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

/// The weight of one choice of the sparse mixer: its share of a softmax over the experts that come
/// near the best one left. `taken` is out of the running.
float mixer_weight(float jitter, std::span<const float> selection, std::span<const ExpertIdx> taken,
                   ExpertIdx chosen) {
  const auto is_taken = [&](std::size_t e) {
    return std::find(taken.begin(), taken.end(), ExpertIdx(e)) != taken.end();
  };
  float best = kMinusInfinity;
  for (std::size_t e = 0; e < selection.size(); ++e)
    if (!is_taken(e)) best = std::max(best, selection[e]);
  float sum = 0.0f;
  float own = 0.0f;
  for (std::size_t e = 0; e < selection.size(); ++e) {
    if (is_taken(e) || selection[e] == kMinusInfinity) continue;
    const float gap = (best - selection[e]) / std::max(std::fabs(selection[e]), best);
    if (gap > 2.0f * jitter && ExpertIdx(e) != chosen) continue;
    const float term = kernels::exp_f32(selection[e] - best);
    sum += term;
    if (ExpertIdx(e) == chosen) own = term;
  }
  return own / sum;
}

void weigh(const Gating& gating, const LayerInterventions& change, const RouteOut& out) {
  float sum = 0.0f;
  for (std::size_t slot = 0; slot < out.expert.size(); ++slot) {
    out.weight[slot] = gating.mixer_jitter > 0.0f
                           ? mixer_weight(gating.mixer_jitter, out.selection,
                                          out.expert.first(slot), out.expert[slot])
                           : out.score[out.expert[slot].value];
    sum += out.weight[slot];
  }
  for (std::size_t slot = 0; slot < out.expert.size(); ++slot) {
    float& w = out.weight[slot];
    if (gating.renormalise) w = sum > 0.0f ? w / sum : 1.0f / static_cast<float>(out.expert.size());
    if (gating.scaling != 1.0f) w *= gating.scaling;
    if (!change.scale.empty()) w *= change.scale[out.expert[slot].value];
  }
}

/// A choice is as safe as its expert among those that could be chosen, and as its group among the
/// groups.
void measure_margin(std::span<const float> group_lead, const RouteOut& out) {
  float left_out = kMinusInfinity;
  for (std::size_t e = 0; e < out.selection.size(); ++e)
    if (std::find(out.expert.begin(), out.expert.end(), ExpertIdx(e)) == out.expert.end())
      left_out = std::max(left_out, out.selection[e]);
  for (std::size_t slot = 0; slot < out.expert.size(); ++slot) {
    const std::size_t e = out.expert[slot].value;
    float margin = left_out == kMinusInfinity ? std::numeric_limits<float>::infinity()
                                              : out.selection[e] - left_out;
    if (!group_lead.empty())
      margin = std::min(margin, group_lead[e / (out.selection.size() / group_lead.size())]);
    out.margin[slot] = margin;
  }
}

/// Whether the groups with the fewest experts left, were they the chosen ones, hold enough.
bool groups_hold(const Gating& gating, const std::vector<bool>& masked) {
  if (masked.empty() || gating.top_group >= gating.n_group) return true;
  const std::size_t size = gating.n_expert / gating.n_group;
  std::vector<std::size_t> left(gating.n_group);
  for (std::size_t e = 0; e < masked.size(); ++e) left[e / size] += masked[e] ? 0 : 1;
  std::sort(left.begin(), left.end());
  std::size_t n = 0;
  for (std::size_t g = 0; g < gating.top_group; ++g) n += left[g];
  return n >= gating.top_k;
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
    if (!groups_hold(config.gating, out[l].masked))
      fail(ErrorCode::kUsage,
           "interventions: layer {}: so many experts of its groups are masked that {} groups may "
           "hold fewer than {} to choose",
           l, config.gating.top_group, config.gating.top_k);
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

bool route(const Gating& gating, const LayerInterventions& change,
           std::span<const float> selection_bias, std::span<const float> logits,
           const RouteOut& out) {
  if (!std::all_of(logits.begin(), logits.end(), [](float v) { return std::isfinite(v); })) {
    for (const std::span<float> values : {out.score, out.weight, out.margin, out.selection})
      std::ranges::fill(values, 0.0f);
    for (std::size_t slot = 0; slot < out.expert.size(); ++slot) out.expert[slot] = ExpertIdx(slot);
    return false;
  }
  score_all(gating, change, logits, out.score);
  rate_all(change, selection_bias, logits, out);
  const std::vector<float> group_lead = close_groups(gating, out.selection);
  choose(change, out.selection, out.expert);
  weigh(gating, change, out);
  measure_margin(group_lead, out);
  return true;
}

}  // namespace moescope::model

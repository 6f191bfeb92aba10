#include "core/model/moe.hpp"

#include <algorithm>

#include "core/kernels/plain_ops.hpp"
#include "core/kernels/vector_ops.hpp"
#include "core/model/linear.hpp"

namespace moescope::model {
namespace {

using hooks::Site;
using hooks::SiteRef;

/// The tokens that chose one expert: batch row and the slot it took there.
struct Group {
  std::vector<std::size_t> row;
  std::vector<std::size_t> slot;
};

std::vector<Group> group_by_expert(const ModelConfig& config, std::span<const ExpertIdx> expert) {
  std::vector<Group> groups(config.gating.n_expert);
  for (std::size_t i = 0; i < expert.size(); ++i) {
    Group& group = groups[expert[i].value];
    group.row.push_back(i / config.gating.top_k);
    group.slot.push_back(i);
  }
  return groups;
}

std::vector<std::size_t> route_rows(const ModelConfig& config, const MoeWeights& weights,
                                    const LayerInterventions& change, std::size_t n,
                                    MoeScratch& scratch) {
  const std::size_t k = config.gating.top_k;
  const Rows<float> logits = scratch.logits.shape(n, config.gating.n_expert);
  const Rows<float> score = scratch.score.shape(n, config.gating.n_expert);
  const Rows<float> weight = scratch.weight.shape(n, k);
  const Rows<float> margin = scratch.margin.shape(n, k);
  const Rows<float> selection = scratch.selection.shape(n, config.gating.n_expert);
  scratch.expert.resize(n * k);
  std::vector<std::size_t> damaged;
  for (std::size_t i = 0; i < n; ++i) {
    const std::span<ExpertIdx> chosen{scratch.expert.data() + i * k, k};
    const RouteOut to{score.row(i), chosen, weight.row(i), margin.row(i), selection.row(i)};
    if (!route(config.gating, change, weights.selection_bias, logits.row(i), to))
      damaged.push_back(i);
  }
  return damaged;
}

void run_expert(const ModelConfig& config, const MoeWeights& weights,
                const LayerInterventions& change, SiteRef site, const Group& group,
                Rows<const float> x, MoeScratch& scratch, Tap& tap) {
  const std::size_t n = group.row.size();
  const std::size_t e = site.expert.value;
  const std::size_t d_model = x.n_col;
  const Rows<float> gathered = scratch.gathered.shape(n, d_model);
  for (std::size_t i = 0; i < n; ++i)
    std::ranges::copy(x.row(group.row[i]), gathered.row(i).begin());

  const ExpertIdx computes = change.computes.empty() ? site.expert : change.computes[e];
  const Rows<float> out = scratch.output.shape(n, d_model);
  gated_mlp(config, weights.expert[computes.value], gathered, scratch, out);
  if (!change.mean.empty() && change.mean[e] != nullptr)
    for (std::size_t i = 0; i < n; ++i) std::ranges::copy(*change.mean[e], out.row(i).begin());

  tap.emit({Site::kExpertPre, site.layer, site.expert}, group.row,
           scratch.gate.shape(n, config.d_expert));
  tap.emit({Site::kExpertPost, site.layer, site.expert}, group.row,
           scratch.hidden.shape(n, config.d_expert));
  tap.emit({Site::kExpertOut, site.layer, site.expert}, group.row, out);
  const Rows<float> slots = scratch.slot_output.shape(scratch.expert.size(), d_model);
  for (std::size_t i = 0; i < n; ++i)
    std::ranges::copy(out.row(i), slots.row(group.slot[i]).begin());
}

void combine(std::size_t top_k, Rows<const float> weight, Rows<const float> slots,
             Rows<float> out) {
#pragma omp parallel for schedule(static)
  for (std::size_t i = 0; i < out.n_row; ++i) {
    std::ranges::fill(out.row(i), 0.0f);
    for (std::size_t slot = 0; slot < top_k; ++slot)
      kernels::scale_add(weight.at(i, slot), slots.row(i * top_k + slot), out.row(i));
  }
}

/// Adds the shared expert's output, weighed by its own gate where it has one.
void add_shared(const ModelConfig& config, const MoeWeights& weights, Rows<const float> x,
                MoeScratch& scratch, Rows<float> out) {
  const Rows<float> shared = scratch.shared.shape(x.n_row, x.n_col);
  gated_mlp(config, weights.shared, x, scratch, shared);
  const Rows<float> gate = scratch.gate.shape(x.n_row, 1);
  if (config.shared.gated) project(weights.shared_weigher, x, gate);
  for (std::size_t i = 0; i < x.n_row; ++i) {
    if (config.shared.gated) kernels::scale(shared.row(i), kernels::sigmoid(gate.at(i, 0)));
    kernels::add(shared.row(i), out.row(i));
  }
}

/// Gate and up of every row, from matrices of their own or from one that holds their rows in turn.
void project_gate_up(const MlpWeights& weights, Rows<const float> x, MoeScratch& scratch,
                     Rows<float> gate, Rows<float> up) {
  if (weights.up.w.data != nullptr) {
    project(weights.gate, x, gate);
    project(weights.up, x, up);
    return;
  }
  const Rows<float> both = scratch.gate_up.shape(x.n_row, 2 * gate.n_col);
  project(weights.gate, x, both);
  for (std::size_t i = 0; i < x.n_row; ++i)
    for (std::size_t j = 0; j < gate.n_col; ++j) {
      gate.at(i, j) = both.at(i, 2 * j);
      up.at(i, j) = both.at(i, 2 * j + 1);
    }
}

}  // namespace

void gated_mlp(const ModelConfig& config, const MlpWeights& weights, Rows<const float> x,
               MoeScratch& scratch, Rows<float> out) {
  const std::size_t d_hidden = weights.down.w.n_col;
  const Rows<float> hidden = scratch.hidden.shape(x.n_row, d_hidden);
  const Rows<float> gate = scratch.gate.shape(x.n_row, d_hidden);
  const Rows<float> up = scratch.up.shape(x.n_row, d_hidden);
  project_gate_up(weights, x, scratch, gate, up);
#pragma omp parallel for schedule(static)
  for (std::size_t i = 0; i < x.n_row; ++i) {
    if (config.activation == Activation::kClampedSwiglu)
      kernels::clamped_swiglu(gate.row(i), up.row(i), config.activation_limit, hidden.row(i));
    else
      kernels::silu_mul(gate.row(i), up.row(i), hidden.row(i));
  }
  project(weights.down, hidden, out);
}

std::vector<std::size_t> mix_experts(const ModelConfig& config, const LayerWeights& weights,
                                     const LayerInterventions& change, LayerIdx layer,
                                     const Batch& batch, Rows<const float> x, MoeScratch& scratch,
                                     Tap& tap, Rows<float> out) {
  const std::size_t n = batch.size();
  const std::size_t k = config.gating.top_k;
  const MoeWeights& moe = weights.moe;
  project(moe.router, x, scratch.logits.shape(n, config.gating.n_expert));
  const std::vector<std::size_t> damaged = route_rows(config, moe, change, n, scratch);

  const std::vector<Group> groups = group_by_expert(config, scratch.expert);
  for (std::size_t e = 0; e < groups.size(); ++e)
    if (!groups[e].row.empty())
      run_expert(config, moe, change, {Site::kExpertOut, layer, ExpertIdx(e)}, groups[e], x,
                 scratch, tap);
  combine(k, scratch.weight.shape(n, k), scratch.slot_output.shape(n * k, x.n_col), out);
  if (config.shared.d_hidden > 0) add_shared(config, moe, x, scratch, out);
  return damaged;
}

hooks::RoutingEvent routing_event(const ModelConfig& config, LayerIdx layer,
                                  std::span<const hooks::RowTag> tags, MoeScratch& scratch) {
  const std::size_t n = tags.size();
  const std::size_t k = config.gating.top_k;
  return {layer,
          tags,
          scratch.logits.shape(n, config.gating.n_expert),
          scratch.score.shape(n, config.gating.n_expert),
          Rows<const ExpertIdx>(scratch.expert.data(), n, k),
          scratch.weight.shape(n, k),
          scratch.margin.shape(n, k)};
}

Rows<const float> chosen_as_floats(const hooks::RoutingEvent& event, MoeScratch& scratch) {
  const Rows<float> out = scratch.chosen.shape(event.expert.n_row, event.expert.n_col);
  for (std::size_t i = 0; i < out.n_row; ++i)
    for (std::size_t slot = 0; slot < out.n_col; ++slot)
      out.at(i, slot) = static_cast<float>(event.expert.at(i, slot).value);
  return out;
}

}  // namespace moescope::model

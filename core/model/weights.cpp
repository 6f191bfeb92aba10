#include "core/model/weights.hpp"

#include <string>
#include <utility>

#include "core/model/tensor_binder.hpp"

namespace moescope::model {
namespace {

/// Binds the roles of one layer.
class LayerBinder {
 public:
  LayerBinder(TensorBinder& bind, const TensorNames& names, const ModelConfig& config,
              LayerIdx layer)
      : bind_(bind), names_(names), config_(config), layer_(layer) {}

  LayerWeights layer() {
    LayerWeights out;
    out.attn_norm = bind_.norm(at(names_.attn_norm), config_.d_model, config_.norm);
    out.attention = config_.attention.latent.rank > 0 ? latent_attention() : attention();
    out.mlp_norm = bind_.norm(at(names_.mlp_norm), config_.d_model, config_.norm);
    if (config_.routes[layer_.value])
      out.moe = moe();
    else
      out.mlp =
          bind_.mlp(at(names_.mlp_gate), at(names_.mlp_up), at(names_.mlp_down), config_.d_mlp);
    return out;
  }

 private:
  std::string at(std::string_view pattern) const { return tensor_name(pattern, layer_); }

  AttentionWeights attention() {
    const AttentionConfig& a = config_.attention;
    const std::size_t d_query = config_.d_query();
    const std::size_t d_key = config_.d_key_value();
    AttentionWeights out;
    out.query = bind_.projection(at(names_.query), d_query, config_.d_model, a.bias);
    out.key = bind_.projection(at(names_.key), d_key, config_.d_model, a.bias);
    out.value = bind_.projection(at(names_.value), d_key, config_.d_model, a.bias);
    out.out = bind_.projection(at(names_.attn_out), config_.d_model, d_query, a.output_bias);
    if (a.query_key_norm != QueryKeyNorm::kNone) {
      const bool per_head = a.query_key_norm == QueryKeyNorm::kHead;
      out.query_norm =
          bind_.norm(at(names_.query_norm), per_head ? config_.d_head : d_query, NormKind::kRms);
      out.key_norm =
          bind_.norm(at(names_.key_norm), per_head ? config_.d_head : d_key, NormKind::kRms);
    }
    if (a.sinks) out.sinks = bind_.vector(at(names_.sinks), config_.n_head);
    return out;
  }

  AttentionWeights latent_attention() {
    const LatentAttention& l = config_.attention.latent;
    AttentionWeights out;
    if (l.query_rank > 0) {
      out.query_down =
          bind_.projection(at(names_.query_down), l.query_rank, config_.d_model, false);
      out.query_down_norm = bind_.norm(at(names_.query_down_norm), l.query_rank, NormKind::kRms);
      out.query = bind_.projection(at(names_.query_up), config_.d_query(), l.query_rank, false);
    } else {
      out.query = bind_.projection(at(names_.query), config_.d_query(), config_.d_model, false);
    }
    out.latent_down =
        bind_.projection(at(names_.latent_down), l.rank + l.d_rope, config_.d_model, false);
    out.latent_norm = bind_.norm(at(names_.latent_norm), l.rank, NormKind::kRms);
    bind_latent_up(out);
    out.out =
        bind_.projection(at(names_.attn_out), config_.d_model, config_.n_head * l.d_value, false);
    return out;
  }

  /// Keys and values of every head in one matrix, or apart, the keys transposed.
  void bind_latent_up(AttentionWeights& out) {
    const LatentAttention& l = config_.attention.latent;
    const std::string apart = at(names_.latent_key);
    if (!names_.latent_key.empty() && bind_.has(apart)) {
      out.latent_key = bind_.matrices(apart, config_.n_head, l.rank, l.d_nope);
      out.latent_value = bind_.matrices(at(names_.latent_value), config_.n_head, l.d_value, l.rank);
      bind_.ignore(at(names_.latent_up));  // some files hold the same once more
      return;
    }
    out.latent_up =
        bind_.matrix(at(names_.latent_up), config_.n_head * (l.d_nope + l.d_value), l.rank);
  }

  MoeWeights moe() {
    MoeWeights out;
    out.router = bind_.projection(at(names_.router), config_.gating.n_expert, config_.d_model,
                                  config_.gating.logit_bias);
    if (config_.gating.selection_bias)
      out.selection_bias = bind_.vector(at(names_.selection_bias), config_.gating.n_expert);
    out.expert = experts();
    if (config_.shared.d_hidden > 0)
      out.shared = bind_.mlp(at(names_.shared_gate), at(names_.shared_up), at(names_.shared_down),
                             config_.shared.d_hidden);
    if (config_.shared.gated)
      out.shared_weigher = bind_.projection(at(names_.shared_weigher), 1, config_.d_model, false);
    return out;
  }

  std::vector<MlpWeights> experts() {
    switch (names_.layout) {
      case ExpertLayout::kApart:
        return experts_apart(names_.expert_gate, names_.expert_up, names_.expert_down);
      case ExpertLayout::kMerged:
        return experts_merged();
      case ExpertLayout::kHalves:
        return experts_in_halves();
      case ExpertLayout::kInterleaved:
        return experts_interleaved();
    }
    return {};
  }

  std::vector<MlpWeights> experts_apart(std::string_view gate, std::string_view up,
                                        std::string_view down) {
    std::vector<MlpWeights> out;
    for (std::size_t e = 0; e < config_.gating.n_expert; ++e) {
      const auto of = [&](std::string_view pattern) {
        return tensor_name(pattern, layer_, ExpertIdx(e));
      };
      out.push_back(bind_.mlp(of(gate), of(up), of(down), config_.d_expert));
    }
    return out;
  }

  std::vector<Projection> merged(std::string_view pattern, std::size_t n_row, std::size_t n_col) {
    const std::size_t n = config_.gating.n_expert;
    const std::string name = at(pattern);
    std::vector<Projection> out;
    for (const Matrix& m : bind_.matrices(name, n, n_row, n_col)) out.push_back({m, {}});
    if (!config_.expert_bias) return out;
    auto biases = bind_.vectors(bias_name(name), n, n_row);
    for (std::size_t e = 0; e < n; ++e) out[e].bias = std::move(biases[e]);
    return out;
  }

  std::vector<MlpWeights> experts_merged() {
    if (!bind_.has(at(names_.expert_gate)))  // as old files have it
      return experts_apart("blk.{N}.ffn_gate.{E}.weight", "blk.{N}.ffn_up.{E}.weight",
                           "blk.{N}.ffn_down.{E}.weight");
    const std::size_t d = config_.d_expert;
    auto gate = merged(names_.expert_gate, d, config_.d_model);
    auto up = merged(names_.expert_up, d, config_.d_model);
    auto down = merged(names_.expert_down, config_.d_model, d);
    std::vector<MlpWeights> out;
    for (std::size_t e = 0; e < gate.size(); ++e)
      out.push_back({std::move(gate[e]), std::move(up[e]), std::move(down[e])});
    return out;
  }

  std::vector<MlpWeights> experts_in_halves() {
    const std::size_t n = config_.gating.n_expert;
    const std::size_t d = config_.d_expert;
    const auto both = bind_.matrices(at(names_.expert_gate), n, 2 * d, config_.d_model);
    const auto down = bind_.matrices(at(names_.expert_down), n, config_.d_model, d);
    std::vector<MlpWeights> out;
    for (std::size_t e = 0; e < n; ++e) {
      Matrix gate = both[e];
      gate.n_row = d;
      Matrix up = gate;
      up.data += d * kernels::row_bytes(gate);
      out.push_back({{gate, {}}, {up, {}}, {down[e], {}}});
    }
    return out;
  }

  std::vector<MlpWeights> experts_interleaved() {
    const std::size_t n = config_.gating.n_expert;
    const std::size_t d = config_.d_expert;
    const std::string both = at(names_.expert_gate);
    const std::string down = at(names_.expert_down);
    const bool is_microscaled = bind_.has(both + "_blocks");
    const auto matrices = [&](const std::string& name, std::size_t n_row, std::size_t n_col) {
      return is_microscaled ? bind_.microscaled_matrices(name, n, n_row, n_col)
                            : bind_.transposed_matrices(name, n, n_row, n_col);
    };
    const auto gate_up = matrices(both, 2 * d, config_.d_model);
    const auto downs = matrices(down, config_.d_model, d);
    std::vector<MlpWeights> out;
    for (std::size_t e = 0; e < n; ++e) out.push_back({{gate_up[e], {}}, {}, {downs[e], {}}});
    if (!config_.expert_bias) return out;
    auto gate_up_bias = bind_.vectors(bias_name(both), n, 2 * d);
    auto down_bias = bind_.vectors(bias_name(down), n, config_.d_model);
    for (std::size_t e = 0; e < n; ++e) {
      out[e].gate.bias = std::move(gate_up_bias[e]);
      out[e].down.bias = std::move(down_bias[e]);
    }
    return out;
  }

  TensorBinder& bind_;
  const TensorNames& names_;
  const ModelConfig& config_;
  LayerIdx layer_;
};

}  // namespace

Weights bind_weights(const formats::WeightFiles& files, const TensorNames& names,
                     const ModelConfig& config) {
  Weights out;
  TensorBinder bind(files, names, config, out);
  out.embed = bind.matrix(std::string(names.embed), config.n_vocab, config.d_model);
  for (std::size_t l = 0; l < config.n_layer; ++l)
    out.layer.push_back(LayerBinder(bind, names, config, LayerIdx(l)).layer());
  out.final_norm = bind.norm(std::string(names.final_norm), config.d_model, config.norm);
  const std::string unembed(names.unembed);
  if (!config.tied_embeddings) {
    out.unembed = bind.projection(unembed, config.n_vocab, config.d_model, config.unembed_bias);
  } else {
    out.unembed.w = out.embed;
    bind.ignore(unembed);
  }
  bind.refuse_leftovers();
  return out;
}

}  // namespace moescope::model

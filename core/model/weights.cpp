#include "core/model/weights.hpp"

#include <fmt/format.h>

#include <array>
#include <set>
#include <string>

#include "core/base/error.hpp"

namespace moescope::model {
namespace {

/// Takes tensors from the files and remembers which were taken.
class Binder {
 public:
  Binder(const formats::WeightFiles& files, const ModelConfig& config)
      : files_(files), config_(config) {}

  Matrix matrix(const std::string& name, std::size_t n_row, std::size_t n_col) {
    const std::array<std::size_t, 2> shape{n_row, n_col};
    const formats::TensorView& tensor = take(name, shape);
    return {tensor.type, n_row, n_col, tensor.bytes.data()};
  }

  std::vector<float> vector(const std::string& name, std::size_t n) {
    const std::array<std::size_t, 1> shape{n};
    return formats::to_f32(take(name, shape));
  }

  MlpWeights mlp(const std::string& gate, const std::string& up, const std::string& down) {
    return {matrix(gate, config_.d_expert, config_.d_model),
            matrix(up, config_.d_expert, config_.d_model),
            matrix(down, config_.d_model, config_.d_expert)};
  }

  bool has(const std::string& name) const { return files_.find(name) != nullptr; }
  void ignore(const std::string& name) { taken_.insert(name); }

  void refuse_leftovers(const Architecture& family) const {
    for (const formats::TensorView& tensor : files_.tensors()) {
      if (taken_.contains(tensor.name) || tensor.name.ends_with(".rotary_emb.inv_freq")) continue;
      fail(ErrorCode::kBadInput,
           "{}: tensor '{}': no part of '{}' takes it; does config.json belong to these weights?",
           files_.files()[tensor.file_index].path.string(), tensor.name, family.hf_class);
    }
  }

 private:
  const formats::TensorView& take(const std::string& name, std::span<const std::size_t> shape) {
    const formats::TensorView& tensor = files_.require(name, shape);
    if (!info(tensor.type).is_weight)
      fail(ErrorCode::kBadInput,
           "{}: tensor '{}': element type '{}' cannot be computed with; supported: f32 f16 bf16",
           files_.files()[tensor.file_index].path.string(), name, moescope::name(tensor.type));
    taken_.insert(name);
    return tensor;
  }

  const formats::WeightFiles& files_;
  const ModelConfig& config_;
  std::set<std::string, std::less<>> taken_;
};

LayerWeights bind_layer(Binder& bind, const TensorNames& names, const ModelConfig& config,
                        LayerIdx l) {
  const auto at = [&](std::string_view pattern) { return tensor_name(pattern, l); };
  LayerWeights out;
  out.attn_norm = bind.vector(at(names.attn_norm), config.d_model);
  out.query = bind.matrix(at(names.query), config.d_query(), config.d_model);
  out.key = bind.matrix(at(names.key), config.d_key_value(), config.d_model);
  out.value = bind.matrix(at(names.value), config.d_key_value(), config.d_model);
  out.attn_out = bind.matrix(at(names.attn_out), config.d_model, config.d_query());
  out.mlp_norm = bind.vector(at(names.mlp_norm), config.d_model);
  if (!config.routes[l.value]) {
    out.mlp = bind.mlp(at(names.mlp_gate), at(names.mlp_up), at(names.mlp_down));
    return out;
  }
  out.router = bind.matrix(at(names.router), config.gating.n_expert, config.d_model);
  for (std::size_t e = 0; e < config.gating.n_expert; ++e) {
    const auto of = [&](std::string_view pattern) { return tensor_name(pattern, l, ExpertIdx(e)); };
    out.expert.push_back(
        bind.mlp(of(names.expert_gate), of(names.expert_up), of(names.expert_down)));
  }
  return out;
}

}  // namespace

Weights bind_weights(const formats::WeightFiles& files, const Architecture& family,
                     const ModelConfig& config) {
  Binder bind(files, config);
  const TensorNames& names = family.names;
  Weights out;
  out.embed = bind.matrix(std::string(names.embed), config.n_vocab, config.d_model);
  for (std::size_t l = 0; l < config.n_layer; ++l)
    out.layer.push_back(bind_layer(bind, names, config, LayerIdx(l)));
  out.final_norm = bind.vector(std::string(names.final_norm), config.d_model);
  const std::string unembed(names.unembed);
  if (!config.tied_embeddings) {
    out.unembed = bind.matrix(unembed, config.n_vocab, config.d_model);
  } else {
    out.unembed = out.embed;
    bind.ignore(unembed);
  }
  bind.refuse_leftovers(family);
  return out;
}

ParameterCounts count_parameters(const ModelConfig& c) {
  const std::uint64_t attention = 2 * c.d_model * c.d_query() + 2 * c.d_model * c.d_key_value();
  const std::uint64_t norms = 2 * c.d_model;
  const std::uint64_t mlp = 3 * c.d_model * c.d_expert;
  const std::uint64_t embedding = (c.tied_embeddings ? 1 : 2) * c.n_vocab * c.d_model;
  ParameterCounts out;
  out.total = out.active = embedding + c.d_model;
  for (const bool routes : c.routes) {
    const std::uint64_t router = routes ? c.gating.n_expert * c.d_model : 0;
    out.total += attention + norms + router + (routes ? c.gating.n_expert : 1) * mlp;
    out.active += attention + norms + router + (routes ? c.gating.top_k : 1) * mlp;
  }
  out.per_expert = c.gating.n_expert > 0 ? mlp : 0;
  return out;
}

}  // namespace moescope::model

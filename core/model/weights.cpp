#include "core/model/weights.hpp"

#include <fmt/format.h>

#include <array>
#include <cstring>
#include <set>
#include <string>

#include "core/base/error.hpp"

namespace moescope::model {
namespace {

/// "….bias" of "….weight", "…_bias" of anything else.
std::string bias_name(std::string name) {
  constexpr std::string_view kWeight = "weight";
  if (!name.ends_with(kWeight)) return name + "_bias";
  return name.replace(name.size() - kWeight.size(), kWeight.size(), "bias");
}

/// Takes tensors from the files and remembers which were taken.
class Binder {
 public:
  Binder(const formats::WeightFiles& files, const ModelConfig& config, Weights& out)
      : files_(files), config_(config), out_(out) {}

  Matrix matrix(const std::string& name, std::size_t n_row, std::size_t n_col) {
    const formats::TensorView& tensor = take(name, {n_row, n_col});
    return {tensor.type, n_row, n_col, tensor.bytes.data()};
  }

  std::vector<float> vector(const std::string& name, std::size_t n) {
    return formats::to_f32(take(name, {n}));
  }

  Projection projection(const std::string& name, std::size_t n_row, std::size_t n_col, bool bias) {
    Projection out{matrix(name, n_row, n_col), {}};
    if (bias) out.bias = vector(bias_name(name), n_row);
    return out;
  }

  NormWeights norm(const std::string& name, std::size_t n, NormKind kind) {
    NormWeights out{vector(name, n), {}};
    if (kind == NormKind::kLayer) out.bias = vector(bias_name(name), n);
    return out;
  }

  MlpWeights mlp(const std::string& gate, const std::string& up, const std::string& down,
                 std::size_t d_hidden) {
    return {projection(gate, d_hidden, config_.d_model, false),
            projection(up, d_hidden, config_.d_model, false),
            projection(down, config_.d_model, d_hidden, false)};
  }

  /// All matrices of a tensor [n, n_row, n_col].
  std::vector<Matrix> matrices(const std::string& name, std::size_t n, std::size_t n_row,
                               std::size_t n_col) {
    const formats::TensorView& tensor = take(name, {n, n_row, n_col});
    const std::size_t stride = tensor.bytes.size() / n;
    std::vector<Matrix> out;
    for (std::size_t i = 0; i < n; ++i)
      out.push_back({tensor.type, n_row, n_col, tensor.bytes.data() + i * stride});
    return out;
  }

  /// The same of a tensor [n, n_col, n_row], turned over into memory of our own.
  std::vector<Matrix> transposed_matrices(const std::string& name, std::size_t n, std::size_t n_row,
                                          std::size_t n_col) {
    std::vector<Matrix> out = matrices(name, n, n_col, n_row);
    const std::size_t size = info(out[0].type).block_bytes;
    for (Matrix& m : out) {
      auto copy = std::make_unique<OwnedBytes>(n_row * n_col * size);
      for (std::size_t r = 0; r < n_row; ++r)
        for (std::size_t c = 0; c < n_col; ++c)
          std::memcpy(copy->data() + (r * n_col + c) * size, m.data + (c * n_row + r) * size, size);
      m = {m.type, n_row, n_col, copy->data()};
      out_.owned.push_back(std::move(copy));
    }
    return out;
  }

  /// The rows of a tensor [n, n_col] as vectors.
  std::vector<std::vector<float>> vectors(const std::string& name, std::size_t n,
                                          std::size_t n_col) {
    const std::vector<float> all = formats::to_f32(take(name, {n, n_col}));
    std::vector<std::vector<float>> out;
    for (std::size_t i = 0; i < n; ++i) {
      const auto first = all.begin() + static_cast<std::ptrdiff_t>(i * n_col);
      out.emplace_back(first, first + static_cast<std::ptrdiff_t>(n_col));
    }
    return out;
  }

  void ignore(const std::string& name) { taken_.insert(name); }

  void refuse_leftovers(const Architecture& family) const {
    for (const formats::TensorView& tensor : files_.tensors()) {
      if (taken_.contains(tensor.name) || tensor.name.ends_with(".rotary_emb.inv_freq")) continue;
      if (is_of_a_later_layer(tensor.name)) continue;
      fail(ErrorCode::kBadInput,
           "{}: tensor '{}': no part of '{}' takes it; does config.json belong to these weights?",
           files_.files()[tensor.file_index].path.string(), tensor.name, family.hf_class);
    }
  }

 private:
  /// Layers that predict further tokens in training stand behind the model's own.
  bool is_of_a_later_layer(std::string_view name) const {
    for (std::size_t i = 0; i < config_.n_draft_layer; ++i)
      if (name.starts_with(fmt::format("model.layers.{}.", config_.n_layer + i))) return true;
    return false;
  }

  const formats::TensorView& take(const std::string& name,
                                  std::initializer_list<std::size_t> shape) {
    const formats::TensorView& tensor = files_.require(name, std::vector<std::size_t>(shape));
    if (!info(tensor.type).is_weight)
      fail(ErrorCode::kBadInput,
           "{}: tensor '{}': element type '{}' cannot be computed with; supported: f32 f16 bf16",
           files_.files()[tensor.file_index].path.string(), name, moescope::name(tensor.type));
    taken_.insert(name);
    return tensor;
  }

  const formats::WeightFiles& files_;
  const ModelConfig& config_;
  Weights& out_;
  std::set<std::string, std::less<>> taken_;
};

/// Binds the roles of one layer.
class LayerBinder {
 public:
  LayerBinder(Binder& bind, const TensorNames& names, const ModelConfig& config, LayerIdx layer)
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
    out.latent_up =
        bind_.matrix(at(names_.latent_up), config_.n_head * (l.d_nope + l.d_value), l.rank);
    out.out =
        bind_.projection(at(names_.attn_out), config_.d_model, config_.n_head * l.d_value, false);
    return out;
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
        return experts_apart();
      case ExpertLayout::kHalves:
        return experts_in_halves();
      case ExpertLayout::kInterleaved:
        return experts_interleaved();
    }
    return {};
  }

  std::vector<MlpWeights> experts_apart() {
    std::vector<MlpWeights> out;
    for (std::size_t e = 0; e < config_.gating.n_expert; ++e) {
      const auto of = [&](std::string_view pattern) {
        return tensor_name(pattern, layer_, ExpertIdx(e));
      };
      out.push_back(bind_.mlp(of(names_.expert_gate), of(names_.expert_up), of(names_.expert_down),
                              config_.d_expert));
    }
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
    const auto gate_up = bind_.transposed_matrices(both, n, 2 * d, config_.d_model);
    const auto downs = bind_.transposed_matrices(down, n, config_.d_model, d);
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

  Binder& bind_;
  const TensorNames& names_;
  const ModelConfig& config_;
  LayerIdx layer_;
};

std::uint64_t attention_parameters(const ModelConfig& c) {
  const AttentionConfig& a = c.attention;
  const LatentAttention& l = a.latent;
  if (l.rank > 0) {
    const std::uint64_t query =
        l.query_rank > 0 ? l.query_rank * (c.d_model + 1 + c.d_query()) : c.d_model * c.d_query();
    return query + c.d_model * (l.rank + l.d_rope) + l.rank +
           c.n_head * (l.d_nope + l.d_value) * l.rank + c.n_head * l.d_value * c.d_model;
  }
  std::uint64_t n = 2 * c.d_model * (c.d_query() + c.d_key_value());
  if (a.bias) n += c.d_query() + 2 * c.d_key_value();
  if (a.output_bias) n += c.d_model;
  if (a.query_key_norm == QueryKeyNorm::kHead) n += 2 * c.d_head;
  if (a.query_key_norm == QueryKeyNorm::kWhole) n += c.d_query() + c.d_key_value();
  if (a.sinks) n += c.n_head;
  return n;
}

}  // namespace

Weights bind_weights(const formats::WeightFiles& files, const Architecture& family,
                     const ModelConfig& config) {
  Weights out;
  Binder bind(files, config, out);
  const TensorNames& names = family.names;
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
  bind.refuse_leftovers(family);
  return out;
}

ParameterCounts count_parameters(const ModelConfig& c) {
  const std::uint64_t per_norm = (c.norm == NormKind::kLayer ? 2 : 1) * c.d_model;
  const std::uint64_t always = attention_parameters(c) + 2 * per_norm;
  const std::uint64_t biases = c.expert_bias ? 2 * c.d_expert + c.d_model : 0;
  const std::uint64_t expert = 3 * c.d_model * c.d_expert + biases;
  const std::uint64_t router = c.gating.n_expert * (c.d_model + (c.gating.logit_bias ? 1 : 0) +
                                                    (c.gating.selection_bias ? 1 : 0));
  const std::uint64_t shared = 3 * c.d_model * c.shared.d_hidden + (c.shared.gated ? c.d_model : 0);
  ParameterCounts out;
  out.total = (c.tied_embeddings ? 1 : 2) * c.n_vocab * c.d_model + per_norm +
              (c.unembed_bias ? c.n_vocab : 0);
  out.active = out.total;
  for (const bool routes : c.routes) {
    const std::uint64_t both = always + (routes ? router + shared : 3 * c.d_model * c.d_mlp);
    out.total += both + (routes ? c.gating.n_expert * expert : 0);
    out.active += both + (routes ? c.gating.top_k * expert : 0);
  }
  out.per_expert = c.gating.n_expert > 0 ? expert : 0;
  return out;
}

}  // namespace moescope::model

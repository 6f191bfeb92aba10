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
  Binder(const formats::WeightFiles& files, const TensorNames& names, const ModelConfig& config,
         Weights& out)
      : files_(files), names_(names), config_(config), out_(out) {}

  Matrix matrix(const std::string& name, std::size_t n_row, std::size_t n_col) {
    const formats::TensorView& tensor =
        n_row == 1 && is_vector(name) ? take(name, {n_col}) : take(name, {n_row, n_col});
    Matrix out{tensor.type, n_row, n_col, tensor.bytes.data(), {}};
    if (is_float8(tensor.type)) out.scales = scales(name, n_row, n_col);
    return out;
  }

  bool has(const std::string& name) const { return files_.find(name) != nullptr; }

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
      out.push_back({tensor.type, n_row, n_col, tensor.bytes.data() + i * stride, {}});
    return out;
  }

  /// The matrices of two tensors: blocks [n, n_row, n_col / 32, 16] of 4-bit floats, and scales
  /// [n, n_row, n_col / 32] of powers of two.
  std::vector<Matrix> microscaled_matrices(const std::string& name, std::size_t n,
                                           std::size_t n_row, std::size_t n_col) {
    constexpr std::size_t kBlock = 32;
    if (n_col % kBlock != 0)
      fail(ErrorCode::kBadInput, "tensor '{}': expected rows of whole blocks of {}, got {} columns",
           name, kBlock, n_col);
    const auto blocks = bytes_of(name + "_blocks", {n, n_row, n_col / kBlock, kBlock / 2});
    const auto scales = bytes_of(name + "_scales", {n, n_row, n_col / kBlock});
    std::vector<Matrix> out;
    for (std::size_t i = 0; i < n; ++i)
      out.push_back({ElementType::kF4E2M1,
                     n_row,
                     n_col,
                     blocks.data() + i * (blocks.size() / n),
                     {.data = scales.data() + i * (scales.size() / n),
                      .type = ElementType::kE8M0,
                      .block_rows = 1,
                      .block_cols = kBlock}});
    return out;
  }

  /// The same of a tensor [n, n_col, n_row], turned over into memory of our own.
  std::vector<Matrix> transposed_matrices(const std::string& name, std::size_t n, std::size_t n_row,
                                          std::size_t n_col) {
    std::vector<Matrix> out = matrices(name, n, n_col, n_row);
    const std::size_t size = info(out[0].type).block_bytes;
    if (info(out[0].type).block_elems != 1)
      fail(ErrorCode::kBadInput, "tensor '{}': expected f32, f16 or bf16, got {}", name,
           moescope::name(out[0].type));
    for (Matrix& m : out) {
      auto copy = std::make_unique<OwnedBytes>(n_row * n_col * size);
      for (std::size_t r = 0; r < n_row; ++r)
        for (std::size_t c = 0; c < n_col; ++c)
          std::memcpy(copy->data() + (r * n_col + c) * size, m.data + (c * n_row + r) * size, size);
      m = {m.type, n_row, n_col, copy->data(), {}};
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

  void refuse_leftovers() const {
    for (const formats::TensorView& tensor : files_.tensors()) {
      if (taken_.contains(tensor.name) || is_of_the_rotation(tensor.name)) continue;
      if (is_of_a_later_layer(tensor.name) || tensor.name.ends_with(".activation_scale")) continue;
      fail(ErrorCode::kBadInput,
           "{}: tensor '{}': no part of '{}' takes it; does the configuration belong to these "
           "weights?",
           files_.files()[tensor.file_index].path.string(), tensor.name, config_.family);
    }
  }

 private:
  /// Angles: of old checkpoints, which say what the configuration says, and of GGUF, which its
  /// reader has taken.
  static bool is_of_the_rotation(std::string_view name) {
    return name.ends_with(".rotary_emb.inv_freq") || name == "rope_freqs.weight" ||
           name == "rope_factors_short.weight" || name == "rope_factors_long.weight";
  }

  /// Layers that predict further tokens in training stand behind the model's own.
  bool is_of_a_later_layer(std::string_view name) const {
    for (std::size_t i = 0; i < config_.n_draft_layer; ++i)
      if (name.starts_with(tensor_name(names_.layer, LayerIdx(config_.n_layer + i)))) return true;
    return false;
  }

  /// GGUF keeps a matrix of one row without that dimension.
  bool is_vector(const std::string& name) const {
    const formats::TensorView* tensor = files_.find(name);
    return tensor != nullptr && tensor->shape.size() == 1;
  }

  static bool is_float8(ElementType type) {
    return type == ElementType::kF8E4M3 || type == ElementType::kF8E5M2;
  }

  /// The factors of an 8-bit matrix: one, or one for every block that the configuration names.
  kernels::BlockScales scales(const std::string& name, std::size_t n_row, std::size_t n_col) {
    const std::string scale_name = name + "_scale_inv";
    const formats::TensorView* tensor = files_.find(scale_name);
    if (tensor == nullptr)
      fail(ErrorCode::kBadInput,
           "tensor '{}': an 8-bit matrix needs its factors, and '{}' is "
           "missing",
           name, scale_name);
    taken_.insert(scale_name);
    kernels::BlockScales out{.data = tensor->bytes.data(), .type = tensor->type};
    if (tensor->n_element() == 1) return out;
    const auto [rows, cols] = config_.scale_block;
    const formats::Shape wanted =
        rows == 0 ? formats::Shape{}
                  : formats::Shape{(n_row + rows - 1) / rows, (n_col + cols - 1) / cols};
    if (tensor->shape != wanted)
      fail(ErrorCode::kBadInput, "tensor '{}': expected shape {} or one factor, got {}", scale_name,
           formats::shape_text(wanted), formats::shape_text(tensor->shape));
    out.block_rows = rows;
    out.block_cols = cols;
    return out;
  }

  std::span<const std::byte> bytes_of(const std::string& name,
                                      std::initializer_list<std::size_t> shape) {
    const formats::TensorView& tensor = files_.require(name, std::vector<std::size_t>(shape));
    if (tensor.type != ElementType::kU8)
      fail(ErrorCode::kBadInput, "tensor '{}': expected element type u8, got {}", name,
           moescope::name(tensor.type));
    taken_.insert(name);
    return tensor.bytes;
  }

  const formats::TensorView& take(const std::string& name,
                                  std::initializer_list<std::size_t> shape) {
    const formats::TensorView& tensor = files_.require(name, std::vector<std::size_t>(shape));
    if (!info(tensor.type).is_weight)
      fail(ErrorCode::kBadInput,
           "{}: tensor '{}': element type '{}' cannot be computed with; expected floats or blocks "
           "of "
           "them",
           files_.files()[tensor.file_index].path.string(), name, moescope::name(tensor.type));
    taken_.insert(name);
    return tensor;
  }

  const formats::WeightFiles& files_;
  const TensorNames& names_;
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
      return;
    }
    const std::size_t d_head = l.d_nope + l.d_value;
    out.latent_up = bind_.matrix(at(names_.latent_up), config_.n_head * d_head, l.rank);
    for (std::size_t h = 0; h < config_.n_head; ++h) {
      Matrix value = out.latent_up;
      value.n_row = l.d_value;
      value.data += (h * d_head + l.d_nope) * kernels::row_bytes(value);
      out.latent_value.push_back(value);
    }
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

Weights bind_weights(const formats::WeightFiles& files, const TensorNames& names,
                     const ModelConfig& config) {
  Weights out;
  Binder bind(files, names, config, out);
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

#include "core/model/gguf_config.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>

#include "core/base/error.hpp"
#include "core/base/escape.hpp"
#include "core/kernels/math64.hpp"

namespace moescope::model {
namespace {

using formats::GgufMetadata;
using formats::WeightFiles;

/// What is read of one file: its keys under the architecture's name, and its tensors.
class Source {
 public:
  Source(const GgufMetadata& metadata, const WeightFiles& weights)
      : metadata_(metadata), weights_(weights), name_(metadata.string("general.architecture")) {}

  const std::string& name() const { return name_; }
  const GgufMetadata& metadata() const { return metadata_; }
  std::string key(std::string_view suffix) const { return fmt::format("{}.{}", name_, suffix); }

  std::size_t count(std::string_view suffix, std::uint64_t lo, std::uint64_t hi) const {
    return metadata_.uint(key(suffix), lo, hi);
  }
  std::size_t count_or(std::string_view suffix, std::size_t fallback, std::uint64_t lo,
                       std::uint64_t hi) const {
    return metadata_.find_uint(key(suffix), lo, hi).value_or(fallback);
  }
  std::optional<float> number(std::string_view suffix, double lo, double hi) const {
    const auto value = metadata_.find_number(key(suffix));
    if (value && !(*value >= lo && *value <= hi))
      metadata_.expected(key(suffix), fmt::format("a number from {} to {}", lo, hi));
    return value ? std::optional(static_cast<float>(*value)) : std::nullopt;
  }
  bool flag_or(std::string_view suffix, bool fallback) const {
    return metadata_.find_boolean(key(suffix)).value_or(fallback);
  }
  bool has_tensor(std::string_view tensor) const { return weights_.find(tensor) != nullptr; }

  std::vector<float> factors(std::string_view tensor, std::size_t n) const {
    const std::array<std::size_t, 1> shape{n};
    return formats::to_f32(weights_.require(tensor, shape));
  }
  std::size_t n_vocab() const {
    const formats::TensorView* embed = weights_.find("token_embd.weight");
    if (embed == nullptr || embed->shape.size() != 2)
      fail(ErrorCode::kBadInput, "{}: tensor 'token_embd.weight': expected a matrix, got {}",
           metadata_.where(), embed == nullptr ? "none" : formats::shape_text(embed->shape));
    return embed->shape[0];
  }

 private:
  const GgufMetadata& metadata_;
  const WeightFiles& weights_;
  std::string name_;
};

constexpr std::uint64_t kMostWidth = 1u << 22;

void read_shape(const Source& in, ModelConfig& out) {
  out.n_layer = in.count("block_count", 1, 4096);
  out.n_draft_layer = in.count_or("nextn_predict_layers", 0, 0, out.n_layer - 1);
  out.n_layer -= out.n_draft_layer;
  out.n_vocab = in.n_vocab();
  out.n_context = in.count("context_length", 1, 1u << 26);
  out.d_model = in.count("embedding_length", 1, 1u << 20);
  out.d_mlp = out.d_expert = in.count_or("feed_forward_length", 1, 1, kMostWidth);
  out.d_expert = in.count_or("expert_feed_forward_length", out.d_expert, 1, kMostWidth);
  out.n_head = in.count("attention.head_count", 1, 4096);
  out.n_kv_head = in.count_or("attention.head_count_kv", out.n_head, 1, out.n_head);
  if (out.n_head % out.n_kv_head != 0)
    in.metadata().expected(in.key("attention.head_count_kv"),
                           fmt::format("a divisor of the {} attention heads", out.n_head));
  out.d_head = in.count_or("attention.key_length", out.d_model / out.n_head, 2, 1u << 16);
  if (out.d_head % 2 != 0 || out.d_head == 0)
    in.metadata().expected(in.key("attention.head_count"), "heads of an even width");
  const auto rms = in.number("attention.layer_norm_rms_epsilon", 0.0, 1.0);
  const auto layer = in.number("attention.layer_norm_epsilon", 0.0, 1.0);
  if (!rms && !layer) in.metadata().require(in.key("attention.layer_norm_rms_epsilon"), "a number");
  out.rms_eps = rms ? *rms : *layer;
  out.attention.scale = 1.0f / std::sqrt(static_cast<float>(out.d_head));
  out.tied_embeddings = !in.has_tensor("output.weight");
  out.unembed_bias = in.has_tensor("output.bias");
  out.routes.assign(out.n_layer, false);
}

float log_of(float x) {
  return static_cast<float>(kernels::log_f64(static_cast<double>(x)));
}

/// Angles that the file gives as tensors: one set for all lengths, or one for short and one for
/// long sequences.
void read_rope_factors(const Source& in, Rope& rope) {
  const std::size_t n = rope.d_rotary / 2;
  if (in.has_tensor("rope_freqs.weight")) {
    rope.kind = RopeKind::kLongRope;
    rope.short_factor = rope.long_factor = in.factors("rope_freqs.weight", n);
    return;
  }
  if (!in.has_tensor("rope_factors_short.weight")) return;
  rope.kind = RopeKind::kLongRope;
  rope.short_factor = in.factors("rope_factors_short.weight", n);
  rope.long_factor = in.factors("rope_factors_long.weight", n);
  rope.original_context = in.count("rope.scaling.original_context_length", 1, 1u << 26);
  rope.magnitude = in.number("rope.scaling.attn_factor", 1e-6, 1e6).value_or(1.0f);
  rope.long_magnitude = rope.magnitude;
}

void read_yarn(const Source& in, ModelConfig& out) {
  Rope& rope = out.rope;
  rope.kind = RopeKind::kYarn;
  rope.factor = in.number("rope.scaling.factor", 1.0, 1e6).value_or(1.0f);
  rope.original_context =
      in.count_or("rope.scaling.original_context_length", out.n_context, 1, 1u << 26);
  rope.beta_fast = in.number("rope.scaling.yarn_beta_fast", 1e-6, 1e6).value_or(32.0f);
  rope.beta_slow = in.number("rope.scaling.yarn_beta_slow", 1e-6, 1e6).value_or(1.0f);
  rope.magnitude = rope.factor <= 1.0f ? 1.0f : 0.1f * log_of(rope.factor) + 1.0f;
  const auto multiplier = in.number("rope.scaling.yarn_log_multiplier", 0.0, 1e3);
  if (!multiplier || rope.factor <= 1.0f) return;
  const float magnitude = *multiplier * log_of(rope.factor) + 1.0f;
  out.attention.scale *= magnitude * magnitude;
  rope.magnitude = 1.0f;  // both of the model's factors are equal, and their ratio is 1
}

void read_rope(const Source& in, std::size_t d_rotary, float theta, ModelConfig& out) {
  out.rope.d_rotary = in.count_or("rope.dimension_count", d_rotary, 2, d_rotary);
  if (out.rope.d_rotary % 2 != 0)
    in.metadata().expected(in.key("rope.dimension_count"), "an even number");
  out.rope.theta = in.number("rope.freq_base", 1.0, 1e12).value_or(theta);
  const std::string kind(in.metadata().find_string(in.key("rope.scaling.type")).value_or("none"));
  if (kind == "yarn") {
    read_yarn(in, out);
  } else if (kind == "linear") {
    out.rope.kind = RopeKind::kLinear;
    out.rope.factor = in.number("rope.scaling.factor", 1.0, 1e6).value_or(1.0f);
  } else if (kind != "none" && kind != "longrope") {
    in.metadata().expected(in.key("rope.scaling.type"), "none, linear, yarn or longrope");
  }
  read_rope_factors(in, out.rope);
}

void read_experts(const Source& in, ModelConfig& out) {
  out.gating.n_expert = in.count("expert_count", 1, 4096);
  out.gating.top_k = in.count("expert_used_count", 1, out.gating.n_expert);
  out.gating.renormalise = in.flag_or("expert_weights_norm", out.gating.renormalise);
  out.gating.scaling = in.number("expert_weights_scale", 1e-6, 1e6).value_or(1.0f);
  const std::size_t n_dense = in.count_or("leading_dense_block_count", 0, 0, out.n_layer);
  for (std::size_t l = 0; l < out.n_layer; ++l)
    out.routes[l] = l >= n_dense && in.has_tensor(fmt::format("blk.{}.ffn_gate_inp.weight", l));
  if (out.n_route() == 0)
    fail(ErrorCode::kBadInput, "{}: no layer has a router, but there are {} experts",
         in.metadata().where(), out.gating.n_expert);
}

void read_shared(const Source& in, ModelConfig& out) {
  out.shared.d_hidden = in.count_or("expert_shared_count", 0, 0, 64) * out.d_expert;
  out.shared.d_hidden =
      in.count_or("expert_shared_feed_forward_length", out.shared.d_hidden, 0, kMostWidth);
}

/// Choice among groups cannot be told from the tensors: without the key it is not known.
void read_groups(const Source& in, ModelConfig& out) {
  Gating& g = out.gating;
  const bool large = g.n_expert > 64;
  if (large && !in.metadata().find(in.key("expert_group_count")))
    fail(ErrorCode::kBadInput,
         "{}: key '{}' is missing, and a model of {} experts may choose them by groups; convert it "
         "again with a converter that writes the key",
         in.metadata().where(), in.key("expert_group_count"), g.n_expert);
  g.n_group = in.count_or("expert_group_count", 1, 1, g.n_expert);
  g.top_group = in.count_or("expert_group_used_count", 1, 1, g.n_group);
  if (g.n_expert % g.n_group != 0 || g.n_expert / g.n_group * g.top_group < g.top_k)
    in.metadata().expected(in.key("expert_group_count"),
                           fmt::format("groups that hold {} of {} experts", g.top_k, g.n_expert));
}

/// 1 softmax, 2 sigmoid with a bias on the choice.
void read_gating_function(const Source& in, bool sigmoid_default, ModelConfig& out) {
  const std::size_t kind = in.count_or("expert_gating_func", sigmoid_default ? 2 : 1, 1, 2);
  if (kind == 1) return;
  out.gating.score = ScoreFunction::kSigmoid;
  out.gating.group_score = GroupScore::kTopTwo;
  for (std::size_t l = 0; l < out.n_layer; ++l)
    if (in.has_tensor(fmt::format("blk.{}.exp_probs_b.bias", l))) out.gating.selection_bias = true;
}

void read_llama(const Source& in, ModelConfig& out) {
  out.attention.permuted = true;
  if (in.count_or("expert_count", 0, 0, 4096) == 0) return;
  out.family = "mixtral";
  read_experts(in, out);
}

void read_qwen2moe(const Source& in, ModelConfig& out) {
  out.gating.renormalise = false;
  read_experts(in, out);
  out.attention.bias = in.has_tensor("blk.0.attn_q.bias");
  read_shared(in, out);
  out.shared.gated = true;
}

void read_qwen3(const Source&, ModelConfig& out) {
  out.attention.query_key_norm = QueryKeyNorm::kHead;
}

void read_qwen3moe(const Source& in, ModelConfig& out) {
  read_experts(in, out);
  out.attention.query_key_norm = QueryKeyNorm::kHead;
}

void read_olmoe(const Source& in, ModelConfig& out) {
  out.gating.renormalise = false;
  read_experts(in, out);
  out.attention.query_key_norm = QueryKeyNorm::kWhole;
}

void read_granitemoe(const Source& in, ModelConfig& out) {
  read_experts(in, out);
  out.attention.permuted = true;
  out.embedding_multiplier = in.number("embedding_scale", -1e6, 1e6).value_or(1.0f);
  out.residual_multiplier = in.number("residual_scale", -1e6, 1e6).value_or(1.0f);
  out.logit_divisor = in.number("logit_scale", 1e-6, 1e6).value_or(1.0f);
  out.attention.scale = in.number("attention.scale", 1e-9, 1e6).value_or(out.attention.scale);
}

void read_phimoe(const Source& in, ModelConfig& out) {
  constexpr float kPublishedJitter = 0.01f;  // the format has no key for it
  read_experts(in, out);
  if (out.gating.top_k != 2)
    in.metadata().expected(in.key("expert_used_count"), "2, as this family's router chooses");
  out.gating.mixer_jitter = kPublishedJitter;
  out.gating.renormalise = false;
  out.norm = NormKind::kLayer;
  out.attention.bias = in.has_tensor("blk.0.attn_q.bias");
  out.attention.output_bias = in.has_tensor("blk.0.attn_output.bias");
}

void read_deepseek2(const Source& in, ModelConfig& out) {
  LatentAttention& latent = out.attention.latent;
  latent.query_rank = in.count_or("attention.q_lora_rank", 0, 0, kMostWidth);
  latent.rank = in.count("attention.kv_lora_rank", 1, kMostWidth);
  latent.d_rope = in.count("rope.dimension_count", 2, 1u << 16);
  const std::size_t d_key = in.count_or("attention.key_length_mla", out.d_head, 3, 1u << 16);
  latent.d_value =
      in.count_or("attention.value_length_mla",
                  in.count_or("attention.value_length", d_key, 1, 1u << 16), 1, 1u << 16);
  if (d_key <= latent.d_rope)
    in.metadata().expected(in.key("attention.key_length"), "more than rope.dimension_count");
  latent.d_nope = d_key - latent.d_rope;
  out.d_head = d_key;
  out.n_kv_head = out.n_head;
  out.attention.scale = 1.0f / std::sqrt(static_cast<float>(d_key));
  out.gating.renormalise = false;
  read_rope(in, latent.d_rope, 1e4f, out);
  out.rope.interleaved = true;
  read_experts(in, out);
  read_gating_function(in, false, out);
  if (out.gating.score == ScoreFunction::kSigmoid) out.family = "deepseek_v3";
  read_groups(in, out);
  read_shared(in, out);
}

void read_glm4moe(const Source& in, ModelConfig& out) {
  read_experts(in, out);
  read_gating_function(in, true, out);
  read_shared(in, out);
  out.attention.bias = in.has_tensor("blk.0.attn_q.bias");
  if (in.has_tensor("blk.0.attn_q_norm.weight")) out.attention.query_key_norm = QueryKeyNorm::kHead;
}

void read_gpt_oss(const Source& in, ModelConfig& out) {
  read_experts(in, out);
  out.gating.logit_bias = true;
  out.attention.bias = out.attention.output_bias = true;
  out.attention.sinks = true;
  out.rope.truncate = false;
  const std::size_t window = in.count("attention.sliding_window", 1, 1u << 26);
  out.attention.window.assign(out.n_layer, 0);
  for (std::size_t l = 0; l < out.n_layer; l += 2) out.attention.window[l] = window;
  out.activation = Activation::kClampedSwiglu;
  out.activation_limit = 7.0f;
  out.expert_bias = true;
}

struct GgufArchitecture {
  std::string_view name;    ///< general.architecture
  std::string_view family;  ///< row of the architecture table
  void (*read)(const Source& in, ModelConfig& out);
};

constexpr std::array kArchitectures{GgufArchitecture{"llama", "llama", read_llama},
                                    GgufArchitecture{"olmoe", "olmoe", read_olmoe},
                                    GgufArchitecture{"qwen2moe", "qwen2_moe", read_qwen2moe},
                                    GgufArchitecture{"qwen3", "qwen3", read_qwen3},
                                    GgufArchitecture{"qwen3moe", "qwen3_moe", read_qwen3moe},
                                    GgufArchitecture{"granitemoe", "granitemoe", read_granitemoe},
                                    GgufArchitecture{"phimoe", "phimoe", read_phimoe},
                                    GgufArchitecture{"deepseek2", "deepseek_v2", read_deepseek2},
                                    GgufArchitecture{"glm4moe", "glm4_moe", read_glm4moe},
                                    GgufArchitecture{"gpt-oss", "gpt_oss", read_gpt_oss}};

const GgufArchitecture& architecture(const Source& in) {
  std::string known;
  for (const GgufArchitecture& row : kArchitectures) {
    if (row.name == in.name()) return row;
    known += fmt::format(" {}", row.name);
  }
  fail(ErrorCode::kBadInput, "{}: architecture '{}' is not supported; supported:{}",
       in.metadata().where(), escape_terminal(in.name()), known);
}

/// Keys under the architecture's name that are read above, or that change no number.
constexpr std::array kKnownKeys =
    std::to_array<std::string_view>({"block_count",
                                     "context_length",
                                     "embedding_length",
                                     "feed_forward_length",
                                     "expert_feed_forward_length",
                                     "expert_shared_feed_forward_length",
                                     "expert_shared_count",
                                     "expert_count",
                                     "expert_used_count",
                                     "expert_weights_norm",
                                     "expert_weights_scale",
                                     "expert_gating_func",
                                     "expert_group_count",
                                     "expert_group_used_count",
                                     "leading_dense_block_count",
                                     "nextn_predict_layers",
                                     "vocab_size",
                                     "attention.head_count",
                                     "attention.head_count_kv",
                                     "attention.key_length",
                                     "attention.value_length",
                                     "attention.key_length_mla",
                                     "attention.value_length_mla",
                                     "attention.q_lora_rank",
                                     "attention.kv_lora_rank",
                                     "attention.layer_norm_rms_epsilon",
                                     "attention.layer_norm_epsilon",
                                     "attention.sliding_window",
                                     "attention.scale",
                                     "rope.dimension_count",
                                     "rope.freq_base",
                                     "rope.scaling.type",
                                     "rope.scaling.factor",
                                     "rope.scaling.original_context_length",
                                     "rope.scaling.yarn_log_multiplier",
                                     "rope.scaling.yarn_beta_fast",
                                     "rope.scaling.yarn_beta_slow",
                                     "rope.scaling.attn_factor",
                                     "rope.scaling.finetuned",
                                     "embedding_scale",
                                     "residual_scale",
                                     "logit_scale",
                                     "interleave_moe_layer_step"});

void refuse_unknown_keys(const Source& in) {
  const std::string prefix = in.name() + ".";
  for (const formats::GgufEntry& entry : in.metadata().entries()) {
    if (!entry.key.starts_with(prefix)) continue;
    const std::string_view suffix = entry.key.substr(prefix.size());
    bool known = false;
    for (const std::string_view name : kKnownKeys) known = known || name == suffix;
    if (!known)
      fail(ErrorCode::kBadInput,
           "{}: key '{}' is not understood for '{}' and may change the "
           "numbers",
           in.metadata().where(), escape_terminal(entry.key), in.name());
  }
}

void read_token_ids(const GgufMetadata& metadata, ModelConfig& out) {
  if (const auto bos = metadata.find_uint("tokenizer.ggml.bos_token_id"); bos && *bos < out.n_vocab)
    out.bos = TokenId(*bos);
  for (const char* key : {"tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id"})
    if (const auto id = metadata.find_uint(key); id && *id < out.n_vocab)
      out.eos.push_back(TokenId(*id));
}

}  // namespace

ModelConfig read_gguf_config(const GgufMetadata& metadata, const WeightFiles& weights) {
  const Source in(metadata, weights);
  const GgufArchitecture& row = architecture(in);
  refuse_unknown_keys(in);
  ModelConfig out;
  out.family = row.family;
  read_shape(in, out);
  if (row.read != read_deepseek2) read_rope(in, out.d_head, 1e4f, out);
  if (const std::size_t window = in.count_or("attention.sliding_window", 0, 0, 1u << 26))
    out.attention.window.assign(out.n_layer, window);
  row.read(in, out);
  read_token_ids(metadata, out);
  return out;
}

TensorNames gguf_names(const ModelConfig& config) {
  const bool norm_behind = config.family == "glm4_moe" || config.family == "gpt_oss";
  return {
      .layer = "blk.{N}.",
      .embed = "token_embd.weight",
      .final_norm = "output_norm.weight",
      .unembed = "output.weight",
      .attn_norm = "blk.{N}.attn_norm.weight",
      .query = "blk.{N}.attn_q.weight",
      .key = "blk.{N}.attn_k.weight",
      .value = "blk.{N}.attn_v.weight",
      .attn_out = "blk.{N}.attn_output.weight",
      .query_norm = "blk.{N}.attn_q_norm.weight",
      .key_norm = "blk.{N}.attn_k_norm.weight",
      .sinks = "blk.{N}.attn_sinks.weight",
      .query_down = "blk.{N}.attn_q_a.weight",
      .query_down_norm = "blk.{N}.attn_q_a_norm.weight",
      .query_up = "blk.{N}.attn_q_b.weight",
      .latent_down = "blk.{N}.attn_kv_a_mqa.weight",
      .latent_norm = "blk.{N}.attn_kv_a_norm.weight",
      .latent_up = "blk.{N}.attn_kv_b.weight",
      .latent_key = "blk.{N}.attn_k_b.weight",
      .latent_value = "blk.{N}.attn_v_b.weight",
      .mlp_norm = norm_behind ? "blk.{N}.post_attention_norm.weight" : "blk.{N}.ffn_norm.weight",
      .mlp_gate = "blk.{N}.ffn_gate.weight",
      .mlp_up = "blk.{N}.ffn_up.weight",
      .mlp_down = "blk.{N}.ffn_down.weight",
      .router = "blk.{N}.ffn_gate_inp.weight",
      .selection_bias = "blk.{N}.exp_probs_b.bias",
      .layout = ExpertLayout::kMerged,
      .expert_gate = "blk.{N}.ffn_gate_exps.weight",
      .expert_up = "blk.{N}.ffn_up_exps.weight",
      .expert_down = "blk.{N}.ffn_down_exps.weight",
      .shared_gate = "blk.{N}.ffn_gate_shexp.weight",
      .shared_up = "blk.{N}.ffn_up_shexp.weight",
      .shared_down = "blk.{N}.ffn_down_shexp.weight",
      .shared_weigher = "blk.{N}.ffn_gate_inp_shexp.weight"};
}

std::string gguf_config_text(const GgufMetadata& metadata) {
  constexpr std::size_t kMostText = 4096;
  std::string out;
  for (const formats::GgufEntry& entry : metadata.entries()) {
    if (entry.key.starts_with("tokenizer.") || entry.value.is_array) continue;
    std::string value;
    if (entry.value.type == formats::GgufType::kString) {
      const std::string_view text = metadata.string(entry.key);
      if (text.size() > kMostText) continue;
      value = json_string(text);
    } else if (entry.value.type == formats::GgufType::kBool) {
      value = metadata.boolean(entry.key) ? "true" : "false";
    } else if (entry.value.type == formats::GgufType::kFloat32 ||
               entry.value.type == formats::GgufType::kFloat64) {
      value = fmt::format("{}", metadata.number(entry.key));
    } else {
      value = fmt::format("{}", metadata.uint(entry.key));
    }
    out += fmt::format("{}{}:{}", out.empty() ? "" : ",", json_string(entry.key), value);
  }
  return "{" + out + "}";
}

}  // namespace moescope::model

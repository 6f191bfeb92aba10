#include "core/model/gguf_families.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>

#include "core/base/error.hpp"
#include "core/base/escape.hpp"

namespace moescope::model {
namespace {

/// Choice among groups cannot be told from the tensors: without the key it is not known.
void require_groups(const GgufSource& in, const ModelConfig& out) {
  if (out.gating.n_expert > 64 && !in.metadata().find(in.key("expert_group_count")))
    fail(ErrorCode::kBadInput,
         "{}: key '{}' is missing, and a model of {} experts may choose them by groups; convert it "
         "again with a converter that writes the key",
         in.metadata().where(), in.key("expert_group_count"), out.gating.n_expert);
}

void read_groups(const GgufSource& in, ModelConfig& out) {
  Gating& g = out.gating;
  g.n_group = in.count_or("expert_group_count", 1, 1, g.n_expert);
  g.top_group = in.count_or("expert_group_used_count", 1, 1, g.n_group);
  if (g.n_expert % g.n_group != 0 || g.n_expert / g.n_group * g.top_group < g.top_k)
    in.metadata().expected(in.key("expert_group_count"),
                           fmt::format("groups that hold {} of {} experts", g.top_k, g.n_expert));
}

/// 1 softmax, 2 sigmoid. Where the key is absent a bias on the choice tells: softmax has none here.
void read_gating_function(const GgufSource& in, ModelConfig& out) {
  bool bias = false;
  for (std::size_t l = 0; l < out.n_layer; ++l)
    bias = bias || in.has_tensor(fmt::format("blk.{}.exp_probs_b.bias", l));
  const std::size_t kind = in.count_or("expert_gating_func", bias ? 2 : 1, 1, 2);
  if (kind == 1) return;
  out.gating.score = ScoreFunction::kSigmoid;
  out.gating.group_score = GroupScore::kTopTwo;
  out.gating.selection_bias = bias;
}

void read_experts(const GgufSource& in, ModelConfig& out) {
  out.gating.n_expert = in.count("expert_count", 1, 4096);
  out.gating.top_k = in.count("expert_used_count", 1, out.gating.n_expert);
  out.gating.renormalise = in.flag_or("expert_weights_norm", out.gating.renormalise);
  out.gating.scaling = in.number("expert_weights_scale", 1e-6, 1e6).value_or(1.0f);
  read_gating_function(in, out);
  read_groups(in, out);
  const std::size_t n_dense = in.count_or("leading_dense_block_count", 0, 0, out.n_layer);
  for (std::size_t l = 0; l < out.n_layer; ++l)
    out.routes[l] = l >= n_dense && in.has_tensor(fmt::format("blk.{}.ffn_gate_inp.weight", l));
  if (out.n_route() == 0)
    fail(ErrorCode::kBadInput, "{}: no layer has a router, but there are {} experts",
         in.metadata().where(), out.gating.n_expert);
}

void read_shared(const GgufSource& in, ModelConfig& out) {
  out.shared.d_hidden = in.count_or("expert_shared_count", 0, 0, 64) * out.d_expert;
  out.shared.d_hidden =
      in.count_or("expert_shared_feed_forward_length", out.shared.d_hidden, 0, kGgufMostWidth);
}

void read_llama(const GgufSource& in, ModelConfig& out) {
  out.attention.permuted = true;
  if (in.count_or("expert_count", 0, 0, 4096) == 0) return;
  out.family = "mixtral";
  read_experts(in, out);
}

void read_qwen2moe(const GgufSource& in, ModelConfig& out) {
  out.gating.renormalise = false;
  read_experts(in, out);
  out.attention.bias = in.has_tensor("blk.0.attn_q.bias");
  read_shared(in, out);
  out.shared.gated = true;
}

void read_qwen3(const GgufSource&, ModelConfig& out) {
  out.attention.query_key_norm = QueryKeyNorm::kHead;
}

void read_qwen3moe(const GgufSource& in, ModelConfig& out) {
  read_experts(in, out);
  out.attention.query_key_norm = QueryKeyNorm::kHead;
}

void read_olmoe(const GgufSource& in, ModelConfig& out) {
  out.gating.renormalise = false;
  read_experts(in, out);
  out.attention.query_key_norm = QueryKeyNorm::kWhole;
}

void read_granitemoe(const GgufSource& in, ModelConfig& out) {
  read_experts(in, out);
  out.attention.permuted = true;
  out.embedding_multiplier = in.number("embedding_scale", -1e6, 1e6).value_or(1.0f);
  out.residual_multiplier = in.number("residual_scale", -1e6, 1e6).value_or(1.0f);
  out.logit_divisor = in.number("logit_scale", 1e-6, 1e6).value_or(1.0f);
  out.attention.scale = in.number("attention.scale", 1e-9, 1e6).value_or(out.attention.scale);
}

void read_phimoe(const GgufSource& in, ModelConfig& out) {
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

void read_deepseek2(const GgufSource& in, ModelConfig& out) {
  LatentAttention& latent = out.attention.latent;
  latent.query_rank = in.count_or("attention.q_lora_rank", 0, 0, kGgufMostWidth);
  latent.rank = in.count("attention.kv_lora_rank", 1, kGgufMostWidth);
  latent.d_rope = in.count("rope.dimension_count", 2, 1u << 16);
  latent.eps = out.rms_eps;  // the format has one for all norms
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
  read_gguf_rope(in, latent.d_rope, out);
  out.rope.interleaved = true;
  read_experts(in, out);
  if (out.gating.score == ScoreFunction::kSigmoid) out.family = "deepseek_v3";
  require_groups(in, out);
  read_shared(in, out);
}

void read_glm4moe(const GgufSource& in, ModelConfig& out) {
  read_experts(in, out);
  read_shared(in, out);
  out.attention.bias = in.has_tensor("blk.0.attn_q.bias");
  if (in.has_tensor("blk.0.attn_q_norm.weight")) out.attention.query_key_norm = QueryKeyNorm::kHead;
}

void read_gpt_oss(const GgufSource& in, ModelConfig& out) {
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

constexpr std::array kArchitectures{
    GgufArchitecture{"llama", "llama", read_llama},
    GgufArchitecture{"olmoe", "olmoe", read_olmoe},
    GgufArchitecture{"qwen2moe", "qwen2_moe", read_qwen2moe},
    GgufArchitecture{"qwen3", "qwen3", read_qwen3},
    GgufArchitecture{"qwen3moe", "qwen3_moe", read_qwen3moe},
    GgufArchitecture{"granitemoe", "granitemoe", read_granitemoe},
    GgufArchitecture{"phimoe", "phimoe", read_phimoe},
    GgufArchitecture{"deepseek2", "deepseek_v2", read_deepseek2, true},
    GgufArchitecture{"glm4moe", "glm4_moe", read_glm4moe},
    GgufArchitecture{"gpt-oss", "gpt_oss", read_gpt_oss}};

}  // namespace

const GgufArchitecture& gguf_architecture(const GgufSource& in) {
  std::string known;
  for (const GgufArchitecture& row : kArchitectures) {
    if (row.name == in.name()) return row;
    known += fmt::format(" {}", row.name);
  }
  fail(ErrorCode::kBadInput, "{}: architecture {} is not supported; supported:{}",
       in.metadata().where(), quoted_name(in.name()), known);
}

}  // namespace moescope::model

#include "core/model/hf_families.hpp"

#include <algorithm>
#include <cmath>

#include "core/kernels/math64.hpp"
#include "core/model/hf_keys.hpp"

namespace moescope::model::hf {
namespace {

constexpr std::uint64_t kMostExperts = 4096;
constexpr std::uint64_t kMostWidth = 1u << 22;

void read_experts(const JsonNode& config, const char* n_expert, ModelConfig& out) {
  out.gating.n_expert = config.at(n_expert).uint(1, kMostExperts);
  out.gating.top_k = config.at("num_experts_per_tok").uint(1, out.gating.n_expert);
}

/// The same window in every layer, where the family uses one at all.
void read_window(const JsonNode& config, ModelConfig& out) {
  if (const auto window = config.find("sliding_window"))
    out.attention.window.assign(out.n_layer, window->uint(1, 1u << 26));
}

/// The Qwen families name a window and use it only where a flag says so, in some layers.
void refuse_qwen_window(const JsonNode& config) {
  if (flag_or(config, "use_sliding_window", false))
    fail(ErrorCode::kBadInput,
         "{}: key 'use_sliding_window': a window in this family is not "
         "supported",
         config.where());
}

void read_layer_types(const JsonNode& config, ModelConfig& out) {
  const auto types = config.find("layer_types");
  if (!types) return;
  const auto items = types->items();
  if (items.size() != out.n_layer) types->expected(fmt::format("an array of {}", out.n_layer));
  const std::size_t window = count_or(config, "sliding_window", 0, 1, 1u << 26);
  out.attention.window.assign(out.n_layer, 0);
  for (std::size_t l = 0; l < items.size(); ++l) {
    const std::string type = items[l].string();
    if (type != "full_attention" && type != "sliding_attention")
      items[l].expected("full_attention or sliding_attention");
    if (type == "full_attention") continue;
    if (window == 0) config.at("sliding_window").expected("a window for its sliding layers");
    out.attention.window[l] = window;
  }
}

/// Every other layer has the window, the first one on, unless layer_types says otherwise.
void read_alternating_window(const JsonNode& config, ModelConfig& out) {
  constexpr std::size_t kUsualWindow = 128;
  if (config.find("layer_types")) return read_layer_types(config, out);
  const std::size_t window = count_or(config, "sliding_window", kUsualWindow, 1, 1u << 26);
  out.attention.window.assign(out.n_layer, 0);
  for (std::size_t l = 0; l < out.n_layer; l += 2) out.attention.window[l] = window;
}

/// Qwen's rule: every decoder_sparse_step-th layer routes, but those of mlp_only_layers.
void read_sparse_steps(const JsonNode& config, ModelConfig& out) {
  const std::size_t step = count_or(config, "decoder_sparse_step", 1, 1, 4096);
  for (std::size_t l = 0; l < out.n_layer; ++l) out.routes[l] = (l + 1) % step == 0;
  if (const auto dense = config.find("mlp_only_layers"))
    for (const JsonNode& item : dense->items()) out.routes[item.uint(0, out.n_layer - 1)] = false;
}

/// DeepSeek's rule: the first layers are dense, then every moe_layer_freq-th routes.
void read_dense_first(const JsonNode& config, std::size_t usual, ModelConfig& out) {
  const std::size_t n_dense =
      count_or(config, "first_k_dense_replace", std::min(usual, out.n_layer), 0, out.n_layer);
  const std::size_t step = count_or(config, "moe_layer_freq", 1, 1, 4096);
  for (std::size_t l = 0; l < out.n_layer; ++l) out.routes[l] = l >= n_dense && l % step == 0;
}

void read_narrow_experts(const JsonNode& config, ModelConfig& out) {
  out.d_expert = config.at("moe_intermediate_size").uint(1, kMostWidth);
}

void read_groups(const JsonNode& config, ModelConfig& out) {
  Gating& g = out.gating;
  g.n_group = count_or(config, "n_group", 1, 1, g.n_expert);
  g.top_group = count_or(config, "topk_group", 1, 1, g.n_group);
  if (g.n_expert % g.n_group != 0)
    config.at("n_group").expected(fmt::format("a divisor of the {} experts", g.n_expert));
  if (g.n_expert / g.n_group * g.top_group < g.top_k)
    config.at("topk_group").expected(fmt::format("groups that hold {} experts", g.top_k));
}

/// `usual` where the key is absent; null means none.
void read_shared(const JsonNode& config, std::size_t usual, ModelConfig& out) {
  const std::size_t n = config.value().contains("n_shared_experts") ? 0 : usual;
  out.shared.d_hidden = count_or(config, "n_shared_experts", n, 0, 64) * out.d_expert;
}

/// Sigmoid scores with a bias on the choice, in groups: DeepSeek-V3's router, and GLM-4.5's.
void read_biased_sigmoid(const JsonNode& config, std::size_t usual_n_dense, ModelConfig& out) {
  require_value(config, "scoring_func", "sigmoid");
  require_value(config, "topk_method", "noaux_tc");
  read_experts(config, "n_routed_experts", out);
  read_narrow_experts(config, out);
  read_dense_first(config, usual_n_dense, out);
  out.gating.score = ScoreFunction::kSigmoid;
  out.gating.selection_bias = true;
  out.gating.group_score = GroupScore::kTopTwo;
  read_groups(config, out);
  if (out.gating.n_expert / out.gating.n_group < 2)
    config.at("n_group").expected("groups of at least two experts");
  out.gating.renormalise = flag_or(config, "norm_topk_prob", true);
  out.gating.scaling = finite_or(config, "routed_scaling_factor", 1.0f, 1e-6, 1e6);
  read_shared(config, 1, out);
  out.n_draft_layer = count_or(config, "num_nextn_predict_layers", 0, 0, 16);
}

/// Heads of latent attention and the scale of their scores.
void read_latent(const JsonNode& config, ModelConfig& out) {
  LatentAttention& latent = out.attention.latent;
  latent.query_rank = count_or(config, "q_lora_rank", 0, 1, kMostWidth);
  latent.rank = config.at("kv_lora_rank").uint(1, kMostWidth);
  latent.d_nope = config.at("qk_nope_head_dim").uint(1, 1u << 16);
  latent.d_rope = config.at("qk_rope_head_dim").uint(2, 1u << 16);
  latent.d_value = config.at("v_head_dim").uint(1, 1u << 16);
  if (latent.d_rope % 2 != 0) config.at("qk_rope_head_dim").expected("an even number");
  out.n_kv_head = out.n_head;
  out.d_head = latent.d_nope + latent.d_rope;
  out.rope = read_rope(config, 1e4f, latent.d_rope, out.n_context);
  out.rope.interleaved = true;
  out.attention.scale = 1.0f / std::sqrt(static_cast<float>(out.d_head));
  if (out.rope.kind != RopeKind::kYarn) return;
  float m = 0.0f;
  for (const char* key : {"rope_scaling", "rope_parameters"})
    if (const auto scaling = config.find(key))
      m = finite_or(*scaling, "mscale_all_dim", m, 0.0, 1e3);
  if (m == 0.0f || out.rope.factor <= 1.0f) return;
  const auto log_factor =
      static_cast<float>(kernels::log_f64(static_cast<double>(out.rope.factor)));
  const float magnitude = 0.1f * m * log_factor + 1.0f;
  out.attention.scale *= magnitude * magnitude;
}

}  // namespace

void read_llama(const JsonNode&, ModelConfig&) {}

void read_mistral(const JsonNode& config, ModelConfig& out) {
  constexpr std::size_t kUsualWindow = 4096;  // where the key is absent; null means none
  if (!config.value().contains("sliding_window"))
    out.attention.window.assign(out.n_layer, kUsualWindow);
  read_window(config, out);
}

void read_mixtral(const JsonNode& config, ModelConfig& out) {
  read_window(config, out);
  read_experts(config, "num_local_experts", out);
  out.routes.assign(out.n_layer, true);
}

void read_olmoe(const JsonNode& config, ModelConfig& out) {
  require_value(config, "clip_qkv", nullptr);
  read_experts(config, "num_experts", out);
  out.routes.assign(out.n_layer, true);
  out.gating.renormalise = flag_or(config, "norm_topk_prob", false);
  out.attention.query_key_norm = QueryKeyNorm::kWhole;
}

void read_qwen2_moe(const JsonNode& config, ModelConfig& out) {
  refuse_qwen_window(config);
  require_value(config, "use_qk_norm", false);
  read_layer_types(config, out);
  read_experts(config, "num_experts", out);
  read_narrow_experts(config, out);
  read_sparse_steps(config, out);
  out.gating.renormalise = flag_or(config, "norm_topk_prob", false);
  out.attention.bias = flag_or(config, "qkv_bias", true);
  out.shared.d_hidden = config.at("shared_expert_intermediate_size").uint(1, kMostWidth);
  out.shared.gated = true;
}

void read_qwen3(const JsonNode& config, ModelConfig& out) {
  refuse_qwen_window(config);
  read_layer_types(config, out);
  out.attention.query_key_norm = QueryKeyNorm::kHead;
}

void read_qwen3_moe(const JsonNode& config, ModelConfig& out) {
  refuse_qwen_window(config);
  require_value(config, "use_qk_norm", true);
  require_value(config, "qkv_bias", false);
  require_value(config, "shared_expert_intermediate_size", 0);
  read_layer_types(config, out);
  read_experts(config, "num_experts", out);
  read_narrow_experts(config, out);
  read_sparse_steps(config, out);
  out.gating.renormalise = flag_or(config, "norm_topk_prob", false);
  out.attention.query_key_norm = QueryKeyNorm::kHead;
}

void read_granitemoe(const JsonNode& config, ModelConfig& out) {
  require_value(config, "position_embedding_type", "rope");
  if (config.value().contains("position_embedding_type") && !config.find("position_embedding_type"))
    fail(ErrorCode::kBadInput, "{}: key 'position_embedding_type': expected \"rope\", got null",
         config.where());
  read_experts(config, "num_local_experts", out);
  out.routes.assign(out.n_layer, true);
  out.embedding_multiplier = finite_or(config, "embedding_multiplier", 1.0f, -1e6, 1e6);
  out.residual_multiplier = finite_or(config, "residual_multiplier", 1.0f, -1e6, 1e6);
  out.logit_divisor = finite_or(config, "logits_scaling", 1.0f, 1e-6, 1e6);
  out.attention.scale = finite_or(config, "attention_multiplier", 1.0f, 1e-9, 1e6);
}

void read_phimoe(const JsonNode& config, ModelConfig& out) {
  constexpr float kUsualTheta = 1e6f;
  out.rope = read_rope(config, kUsualTheta, out.d_head, out.n_context);
  read_window(config, out);
  read_experts(config, "num_local_experts", out);
  if (out.gating.top_k != 2) config.at("num_experts_per_tok").expected("2, as its router chooses");
  out.routes.assign(out.n_layer, true);
  out.gating.mixer_jitter = finite_or(config, "router_jitter_noise", 0.01f, 1e-6, 1.0);
  out.gating.renormalise = false;
  out.norm = NormKind::kLayer;
  out.attention.bias = out.attention.output_bias = flag_or(config, "attention_bias", false);
  out.unembed_bias = flag_or(config, "lm_head_bias", false);
}

void read_deepseek_v2(const JsonNode& config, ModelConfig& out) {
  require_value(config, "scoring_func", "softmax");
  require_value(config, "norm_topk_prob", false);
  read_latent(config, out);
  read_experts(config, "n_routed_experts", out);
  read_narrow_experts(config, out);
  read_dense_first(config, 0, out);
  const auto method = config.find("topk_method");
  const std::string name = method ? method->string() : "greedy";
  if (name == "group_limited_greedy")
    read_groups(config, out);
  else if (name != "greedy")
    method->expected("greedy or group_limited_greedy");
  out.gating.renormalise = false;
  out.gating.scaling = finite_or(config, "routed_scaling_factor", 1.0f, 1e-6, 1e6);
  read_shared(config, 2, out);
}

void read_deepseek_v3(const JsonNode& config, ModelConfig& out) {
  read_latent(config, out);
  out.rope.interleaved = flag_or(config, "rope_interleave", true);
  read_biased_sigmoid(config, 3, out);
}

void read_glm4_moe(const JsonNode& config, ModelConfig& out) {
  read_biased_sigmoid(config, 1, out);
  out.attention.bias = flag_or(config, "attention_bias", false);
  if (flag_or(config, "use_qk_norm", false)) out.attention.query_key_norm = QueryKeyNorm::kHead;
  float part = finite_or(config, "partial_rotary_factor", 0.5f, 1e-3, 1.0);
  if (const auto rope = config.find("rope_parameters"))
    part = finite_or(*rope, "partial_rotary_factor", part, 1e-3, 1.0);
  const auto d_rotary = static_cast<std::size_t>(static_cast<float>(out.d_head) * part);
  if (d_rotary == 0 || d_rotary % 2 != 0)
    config.at("partial_rotary_factor").expected("one that turns an even part of a head");
  out.rope = read_rope(config, 1e4f, d_rotary, out.n_context);
}

void read_gpt_oss(const JsonNode& config, ModelConfig& out) {
  read_experts(config, "num_local_experts", out);
  require_value(config, "experts_per_token", out.gating.top_k);
  out.routes.assign(out.n_layer, true);
  out.gating.logit_bias = true;
  out.attention.bias = out.attention.output_bias = flag_or(config, "attention_bias", true);
  out.attention.sinks = true;
  read_alternating_window(config, out);
  if (!config.value().contains("rope_scaling") && !config.value().contains("rope_parameters"))
    fail(
        ErrorCode::kBadInput,
        "{}: key 'rope_scaling' is missing; expected yarn as the published models have it, or null",
        config.where());
  out.rope = read_rope(config, 150000.0f, out.d_head, out.n_context);
  out.activation = Activation::kClampedSwiglu;
  out.activation_limit = finite_or(config, "swiglu_limit", 7.0f, 1e-3, 1e6);
  out.expert_bias = true;
}

}  // namespace moescope::model::hf

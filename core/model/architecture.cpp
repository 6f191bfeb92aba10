#include "core/model/architecture.hpp"

#include <fmt/format.h>

#include <array>

#include "core/base/error.hpp"
#include "core/base/escape.hpp"
#include "core/hooks/name_pattern.hpp"
#include "core/model/hf_families.hpp"

namespace moescope::model {
namespace {

using Keys = std::string_view;

constexpr std::array kMistralKeys = std::to_array<Keys>({"sliding_window"});
constexpr std::array kMixtralKeys =
    std::to_array<Keys>({"num_local_experts", "num_experts_per_tok", "sliding_window"});
constexpr std::array kOlmoeKeys =
    std::to_array<Keys>({"num_experts", "num_experts_per_tok", "norm_topk_prob", "clip_qkv"});
constexpr std::array kQwenKeys = std::to_array<Keys>(
    {"num_experts", "num_experts_per_tok", "norm_topk_prob", "moe_intermediate_size",
     "shared_expert_intermediate_size", "decoder_sparse_step", "mlp_only_layers", "qkv_bias",
     "sliding_window", "use_sliding_window", "max_window_layers", "layer_types", "use_qk_norm"});
constexpr std::array kQwen3Keys = std::to_array<Keys>(
    {"sliding_window", "use_sliding_window", "max_window_layers", "layer_types"});
constexpr std::array kGraniteKeys = std::to_array<Keys>(
    {"num_local_experts", "num_experts_per_tok", "embedding_multiplier", "residual_multiplier",
     "attention_multiplier", "logits_scaling", "position_embedding_type"});
constexpr std::array kPhimoeKeys = std::to_array<Keys>(
    {"num_local_experts", "num_experts_per_tok", "sliding_window", "lm_head_bias",
     "input_jitter_noise", "original_max_position_embeddings", "attention_bias"});
constexpr std::array kDeepseekKeys = std::to_array<Keys>({"n_routed_experts",
                                                          "num_experts_per_tok",
                                                          "n_shared_experts",
                                                          "moe_intermediate_size",
                                                          "first_k_dense_replace",
                                                          "moe_layer_freq",
                                                          "n_group",
                                                          "topk_group",
                                                          "topk_method",
                                                          "norm_topk_prob",
                                                          "routed_scaling_factor",
                                                          "scoring_func",
                                                          "q_lora_rank",
                                                          "kv_lora_rank",
                                                          "qk_nope_head_dim",
                                                          "qk_rope_head_dim",
                                                          "qk_head_dim",
                                                          "v_head_dim",
                                                          "rope_interleave",
                                                          "aux_loss_alpha",
                                                          "seq_aux",
                                                          "ep_size",
                                                          "num_nextn_predict_layers"});
constexpr std::array kGlmKeys = std::to_array<Keys>(
    {"n_routed_experts", "num_experts_per_tok", "n_shared_experts", "moe_intermediate_size",
     "first_k_dense_replace", "n_group", "topk_group", "norm_topk_prob", "routed_scaling_factor",
     "use_qk_norm", "partial_rotary_factor", "num_nextn_predict_layers", "attention_bias"});
constexpr std::array kGptOssKeys = std::to_array<Keys>(
    {"num_local_experts", "num_experts_per_tok", "experts_per_token", "layer_types",
     "sliding_window", "swiglu_limit", "initial_context_length", "attention_bias"});

constexpr TensorNames kBlockSparse{
    .router = "model.layers.{N}.block_sparse_moe.gate.weight",
    .expert_gate = "model.layers.{N}.block_sparse_moe.experts.{E}.w1.weight",
    .expert_up = "model.layers.{N}.block_sparse_moe.experts.{E}.w3.weight",
    .expert_down = "model.layers.{N}.block_sparse_moe.experts.{E}.w2.weight"};
constexpr TensorNames kQwen2Moe{
    .shared_gate = "model.layers.{N}.mlp.shared_expert.gate_proj.weight",
    .shared_up = "model.layers.{N}.mlp.shared_expert.up_proj.weight",
    .shared_down = "model.layers.{N}.mlp.shared_expert.down_proj.weight",
    .shared_weigher = "model.layers.{N}.mlp.shared_expert_gate.weight"};
constexpr TensorNames kGranite{
    .router = "model.layers.{N}.block_sparse_moe.router.layer.weight",
    .layout = ExpertLayout::kHalves,
    .expert_gate = "model.layers.{N}.block_sparse_moe.input_linear.weight",
    .expert_up = {},
    .expert_down = "model.layers.{N}.block_sparse_moe.output_linear.weight"};
constexpr TensorNames kGptOss{.router = "model.layers.{N}.mlp.router.weight",
                              .layout = ExpertLayout::kInterleaved,
                              .expert_gate = "model.layers.{N}.mlp.experts.gate_up_proj",
                              .expert_up = {},
                              .expert_down = "model.layers.{N}.mlp.experts.down_proj"};

constexpr std::array kArchitectures = std::to_array<Architecture>({
    {"mixtral", "MixtralForCausalLM", "top-k softmax mixture of experts in every layer",
     hf::read_mixtral, kMixtralKeys, kBlockSparse},
    {"mistral",
     "MistralForCausalLM",
     "dense, grouped-query attention, perhaps in a sliding window",
     hf::read_mistral,
     kMistralKeys,
     {}},
    {"llama", "LlamaForCausalLM", "dense, grouped-query attention", hf::read_llama, {}, {}},
    {"olmoe",
     "OlmoeForCausalLM",
     "mixture of many small experts, query and key norm",
     hf::read_olmoe,
     kOlmoeKeys,
     {}},
    {"qwen2_moe", "Qwen2MoeForCausalLM", "mixture beside a shared expert with its own gate",
     hf::read_qwen2_moe, kQwenKeys, kQwen2Moe},
    {"qwen3",
     "Qwen3ForCausalLM",
     "dense, a norm on every head's query and key",
     hf::read_qwen3,
     kQwen3Keys,
     {}},
    {"qwen3_moe",
     "Qwen3MoeForCausalLM",
     "mixture with head norms, dense layers between",
     hf::read_qwen3_moe,
     kQwenKeys,
     {}},
    {"granitemoe", "GraniteMoeForCausalLM", "mixture with multipliers on every sum",
     hf::read_granitemoe, kGraniteKeys, kGranite},
    {"phimoe", "PhimoeForCausalLM", "sparse mixer router, layer norm, long rope", hf::read_phimoe,
     kPhimoeKeys, kBlockSparse, "PhiMoEForCausalLM"},
    {"deepseek_v2",
     "DeepseekV2ForCausalLM",
     "latent attention, groups, shared experts",
     hf::read_deepseek_v2,
     kDeepseekKeys,
     {}},
    {"deepseek_v3",
     "DeepseekV3ForCausalLM",
     "latent attention, biased sigmoid router in groups",
     hf::read_deepseek_v3,
     kDeepseekKeys,
     {}},
    {"glm4_moe",
     "Glm4MoeForCausalLM",
     "biased sigmoid router, partial rotation",
     hf::read_glm4_moe,
     kGlmKeys,
     {}},
    {"gpt_oss", "GptOssForCausalLM", "attention sinks, biases, alternating window",
     hf::read_gpt_oss, kGptOssKeys, kGptOss},
});

[[noreturn]] void refuse_family(const JsonNode& config, std::string_view got) {
  std::string known;
  for (const Architecture& row : kArchitectures) known += fmt::format(" {}", row.hf_class);
  fail(ErrorCode::kBadInput, "{}: architecture {} is not supported; supported:{}", config.where(),
       quoted_name(got), known);
}

}  // namespace

std::span<const Architecture> architectures() {
  return kArchitectures;
}

const Architecture& architecture_of(const JsonNode& config) {
  if (const auto classes = config.find("architectures")) {
    const auto items = classes->items();
    if (items.size() != 1) classes->expected("one class name");
    const std::string name = items[0].string();
    for (const Architecture& row : kArchitectures)
      if (row.hf_class == name || row.other_class == name) return row;
    refuse_family(config, name);
  }
  const std::string type = config.at("model_type").string();
  for (const Architecture& row : kArchitectures)
    if (row.family == type) return row;
  refuse_family(config, type);
}

const Architecture& architecture_named(std::string_view family) {
  for (const Architecture& row : kArchitectures)
    if (row.family == family) return row;
  fail(ErrorCode::kBadInput, "family '{}' is not in the architecture table", family);
}

std::string tensor_name(std::string_view pattern, LayerIdx layer, ExpertIdx expert) {
  return hooks::fill_pattern(pattern, layer, expert);
}

}  // namespace moescope::model

#pragma once

#include <span>
#include <string>
#include <string_view>

#include "core/base/json.hpp"
#include "core/model/config.hpp"

namespace moescope::model {

/// How the projections of a layer's experts lie in the files.
enum class ExpertLayout : std::uint8_t {
  kApart,        ///< a tensor for each expert and projection
  kMerged,       ///< gate, up and down [n_expert, …], each projection a tensor
  kHalves,       ///< [n_expert, 2 d_expert, d_model]: gate rows, then up rows; down [n_expert, …]
  kInterleaved,  ///< [n_expert, d_model, 2 d_expert], gate and up columns in turn; down transposed
};

/// Where a Hugging Face checkpoint keeps each role's tensor; {N} the layer, {E} the expert. A bias
/// has the name of its weight with "bias" in the place of "weight".
struct TensorNames {
  std::string_view layer = "model.layers.{N}.";
  std::string_view embed = "model.embed_tokens.weight";
  std::string_view final_norm = "model.norm.weight";
  std::string_view unembed = "lm_head.weight";
  std::string_view attn_norm = "model.layers.{N}.input_layernorm.weight";
  std::string_view query = "model.layers.{N}.self_attn.q_proj.weight";
  std::string_view key = "model.layers.{N}.self_attn.k_proj.weight";
  std::string_view value = "model.layers.{N}.self_attn.v_proj.weight";
  std::string_view attn_out = "model.layers.{N}.self_attn.o_proj.weight";
  std::string_view query_norm = "model.layers.{N}.self_attn.q_norm.weight";
  std::string_view key_norm = "model.layers.{N}.self_attn.k_norm.weight";
  std::string_view sinks = "model.layers.{N}.self_attn.sinks";
  std::string_view query_down = "model.layers.{N}.self_attn.q_a_proj.weight";
  std::string_view query_down_norm = "model.layers.{N}.self_attn.q_a_layernorm.weight";
  std::string_view query_up = "model.layers.{N}.self_attn.q_b_proj.weight";
  std::string_view latent_down = "model.layers.{N}.self_attn.kv_a_proj_with_mqa.weight";
  std::string_view latent_norm = "model.layers.{N}.self_attn.kv_a_layernorm.weight";
  std::string_view latent_up = "model.layers.{N}.self_attn.kv_b_proj.weight";
  std::string_view latent_key = {};  ///< both halves of latent_up, where they are apart
  std::string_view latent_value = {};
  std::string_view mlp_norm = "model.layers.{N}.post_attention_layernorm.weight";
  std::string_view mlp_gate = "model.layers.{N}.mlp.gate_proj.weight";
  std::string_view mlp_up = "model.layers.{N}.mlp.up_proj.weight";
  std::string_view mlp_down = "model.layers.{N}.mlp.down_proj.weight";
  std::string_view router = "model.layers.{N}.mlp.gate.weight";
  std::string_view selection_bias = "model.layers.{N}.mlp.gate.e_score_correction_bias";
  ExpertLayout layout = ExpertLayout::kApart;
  std::string_view expert_gate = "model.layers.{N}.mlp.experts.{E}.gate_proj.weight";
  std::string_view expert_up = "model.layers.{N}.mlp.experts.{E}.up_proj.weight";
  std::string_view expert_down = "model.layers.{N}.mlp.experts.{E}.down_proj.weight";
  std::string_view shared_gate = "model.layers.{N}.mlp.shared_experts.gate_proj.weight";
  std::string_view shared_up = "model.layers.{N}.mlp.shared_experts.up_proj.weight";
  std::string_view shared_down = "model.layers.{N}.mlp.shared_experts.down_proj.weight";
  std::string_view shared_weigher = {};  ///< gate on the shared expert's output
};

/// One row of the architecture table.
struct Architecture {
  std::string_view family;    ///< our name and Hugging Face's model_type
  std::string_view hf_class;  ///< "MixtralForCausalLM"
  std::string_view meaning;
  /// Reads what this family adds to the common keys, and sets its defaults.
  void (*read)(const JsonNode& config, ModelConfig& out);
  std::span<const std::string_view> own_keys;  ///< config keys that `read` understands
  TensorNames names;
  std::string_view other_class = {};  ///< the class under another spelling that was published
};

std::span<const Architecture> architectures();

/// The row for a config.json.
/// Errors: kBadInput: unknown architecture, with the list of known ones.
const Architecture& architecture_of(const JsonNode& config);
const Architecture& architecture_named(std::string_view family);

/// Reads a Hugging Face config.json.
/// Errors: kBadInput: missing or absurd values; a key that may change the numbers and is not
/// understood.
ModelConfig read_hf_config(const JsonNode& config);

/// "model.layers.3.block_sparse_moe.experts.5.w1.weight"
std::string tensor_name(std::string_view pattern, LayerIdx layer = {}, ExpertIdx expert = {});

}  // namespace moescope::model

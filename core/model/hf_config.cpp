#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "core/base/error.hpp"
#include "core/base/escape.hpp"
#include "core/model/architecture.hpp"
#include "core/model/hf_keys.hpp"

namespace moescope::model {
namespace {

/// Keys that every family reads below.
constexpr std::array kCommonKeys = std::to_array<std::string_view>({"architectures",
                                                                    "model_type",
                                                                    "vocab_size",
                                                                    "hidden_size",
                                                                    "intermediate_size",
                                                                    "num_hidden_layers",
                                                                    "num_attention_heads",
                                                                    "num_key_value_heads",
                                                                    "head_dim",
                                                                    "max_position_embeddings",
                                                                    "rms_norm_eps",
                                                                    "rope_theta",
                                                                    "rope_scaling",
                                                                    "rope_parameters",
                                                                    "tie_word_embeddings",
                                                                    "bos_token_id",
                                                                    "eos_token_id",
                                                                    "hidden_act",
                                                                    "attention_bias",
                                                                    "mlp_bias",
                                                                    "quantization_config"});

/// Keys that change no number of a forward pass: training, file-keeping, output switches.
constexpr std::array kIgnoredKeys = std::to_array<std::string_view>({"attention_dropout",
                                                                     "initializer_range",
                                                                     "use_cache",
                                                                     "torch_dtype",
                                                                     "dtype",
                                                                     "transformers_version",
                                                                     "output_router_logits",
                                                                     "router_aux_loss_coef",
                                                                     "router_jitter_noise",
                                                                     "pad_token_id",
                                                                     "unk_token_id",
                                                                     "pretraining_tp",
                                                                     "_name_or_path",
                                                                     "name_or_path",
                                                                     "auto_map",
                                                                     "output_attentions",
                                                                     "output_hidden_states",
                                                                     "return_dict",
                                                                     "torchscript",
                                                                     "id2label",
                                                                     "label2id",
                                                                     "is_encoder_decoder",
                                                                     "is_decoder",
                                                                     "tokenizer_class",
                                                                     "task_specific_params",
                                                                     "problem_type",
                                                                     "finetuning_task",
                                                                     "prefix",
                                                                     "_attn_implementation",
                                                                     "_attn_implementation_autoset",
                                                                     "chunk_size_feed_forward",
                                                                     "use_bfloat16",
                                                                     "model_max_length",
                                                                     "max_sequence_length",
                                                                     "resid_pdrop",
                                                                     "embd_pdrop",
                                                                     "hidden_dropout",
                                                                     "is_llama_config",
                                                                     "transformers.js_config",
                                                                     "attn_pdrop",
                                                                     "_commit_hash",
                                                                     "license",
                                                                     "mlm_mask_token_id"});

template <class Keys>
bool contains(const Keys& keys, std::string_view key) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

void refuse_unknown_keys(const JsonNode& config, const Architecture& family) {
  for (const auto& [key, value] : config.value().items()) {
    if (contains(kCommonKeys, key) || contains(kIgnoredKeys, key) || contains(family.own_keys, key))
      continue;
    if (value.is_null() || value == false) continue;
    fail(ErrorCode::kBadInput,
         "{}: key {} is not understood for '{}' and may change the numbers; if it is only a note, "
         "take it out of a copy of the file",
         config.where(), quoted_name(key), family.hf_class);
  }
}

void read_token_ids(const JsonNode& config, ModelConfig& out) {
  const auto id = [&](const JsonNode& node) { return TokenId(node.uint(0, out.n_vocab - 1)); };
  if (const auto bos = config.find("bos_token_id")) out.bos = id(*bos);
  const auto eos = config.find("eos_token_id");
  if (!eos) return;
  if (!eos->is_array()) {
    out.eos.push_back(id(*eos));
    return;
  }
  for (const JsonNode& item : eos->items()) out.eos.push_back(id(item));
}

void read_shape(const JsonNode& config, ModelConfig& out) {
  out.n_vocab = config.at("vocab_size").uint(1, 1u << 24);
  out.d_model = config.at("hidden_size").uint(1, 1u << 20);
  out.d_mlp = out.d_expert = config.at("intermediate_size").uint(1, 1u << 22);
  out.n_layer = config.at("num_hidden_layers").uint(1, 4096);
  out.n_head = config.at("num_attention_heads").uint(1, 4096);
  const auto n_kv_head = config.find("num_key_value_heads");
  out.n_kv_head = n_kv_head ? n_kv_head->uint(1, out.n_head) : out.n_head;
  if (out.n_head % out.n_kv_head != 0)
    n_kv_head->expected(fmt::format("a divisor of the {} attention heads", out.n_head));
  const auto d_head = config.find("head_dim");
  if (!d_head && out.d_model % out.n_head != 0)
    config.at("num_attention_heads")
        .expected(fmt::format("a divisor of hidden_size {}", out.d_model));
  out.d_head = d_head ? d_head->uint(2, 1u << 16) : out.d_model / out.n_head;
  if (out.d_head % 2 != 0)
    fail(ErrorCode::kBadInput, "{}: head width: expected an even number, got {}", config.where(),
         out.d_head);
  out.n_context = config.at("max_position_embeddings").uint(1, 1u << 26);
}

/// 8-bit floats with one factor a tensor or a block, and 4-bit floats in blocks of 32: which
/// tensors are stored so the files themselves say.
void read_quantisation(const JsonNode& config, ModelConfig& out) {
  const auto node = config.find("quantization_config");
  if (!node) return;
  const std::string method = node->at("quant_method").string();
  if (method == "mxfp4") return;
  if (method != "fp8")
    fail(ErrorCode::kBadInput,
         "{}: key 'quantization_config': method '{}' is not supported; supported: fp8 mxfp4",
         config.where(), escape_terminal(method));
  require_value(*node, "fmt", "e4m3");
  const auto block = node->find("weight_block_size");
  if (!block) return;
  const auto sizes = block->items();
  if (sizes.size() != 2) block->expected("rows and columns");
  out.scale_block = {sizes[0].uint(1, 1u << 20), sizes[1].uint(1, 1u << 20)};
}

/// Each number may be in its range and their product still count no model.
void refuse_absurd_size(const JsonNode& config, const ModelConfig& c) {
  constexpr double kMostParameters = 1e15;
  const auto real = [](std::size_t n) { return static_cast<double>(n); };
  const double mlps = real(c.n_layer) * real(c.gating.n_expert);
  const double attention = 2 * real(c.n_layer) * (real(c.d_query()) + real(c.d_key_value()));
  const double dense = 3 * real(c.n_layer) * real(c.d_mlp + c.shared.d_hidden);
  const double n = real(c.d_model) * (3 * mlps * real(c.d_expert) + dense + attention +
                                      2 * real(c.n_vocab) + mlps + real(c.n_layer));
  if (n > kMostParameters)
    fail(ErrorCode::kBadInput,
         "{}: expected at most {:.0e} parameters, got {:.1e}; which of hidden_size, "
         "intermediate_size, num_hidden_layers or the number of experts is off?",
         config.where(), kMostParameters, n);
}

}  // namespace

ModelConfig read_hf_config(const JsonNode& config) {
  const Architecture& family = architecture_of(config);
  refuse_unknown_keys(config, family);
  require_value(config, "hidden_act", "silu");
  if (!contains(family.own_keys, "partial_rotary_factor"))
    if (const auto rope = config.find("rope_parameters"))
      require_value(*rope, "partial_rotary_factor", 1.0);
  if (!contains(family.own_keys, "attention_bias")) require_value(config, "attention_bias", false);
  require_value(config, "mlp_bias", false);

  ModelConfig out;
  out.family = family.family;
  read_shape(config, out);
  out.rms_eps = finite(config.at("rms_norm_eps"), 0.0, 1.0);
  out.tied_embeddings = flag_or(config, "tie_word_embeddings", false);
  out.attention.scale = 1.0f / std::sqrt(static_cast<float>(out.d_head));
  out.rope = read_rope(config, family.family == "mixtral" ? 1e6f : 1e4f, out.d_head, out.n_context);
  out.routes.assign(out.n_layer, false);
  read_token_ids(config, out);
  read_quantisation(config, out);
  family.read(config, out);
  refuse_absurd_size(config, out);
  return out;
}

}  // namespace moescope::model

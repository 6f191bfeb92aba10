#include "core/model/gguf_config.hpp"

#include <fmt/format.h>

#include <cmath>

#include "core/base/error.hpp"
#include "core/base/escape.hpp"
#include "core/model/gguf_families.hpp"

namespace moescope::model {
namespace {

using formats::GgufMetadata;
using formats::WeightFiles;

void read_shape(const GgufSource& in, ModelConfig& out) {
  out.n_layer = in.count("block_count", 1, 4096);
  out.n_draft_layer = in.count_or("nextn_predict_layers", 0, 0, out.n_layer - 1);
  out.n_layer -= out.n_draft_layer;
  out.n_vocab = in.n_vocab();
  out.n_context = in.count("context_length", 1, 1u << 26);
  out.d_model = in.count("embedding_length", 1, 1u << 20);
  out.d_mlp = out.d_expert = in.count_or("feed_forward_length", 1, 1, kGgufMostWidth);
  out.d_expert = in.count_or("expert_feed_forward_length", out.d_expert, 1, kGgufMostWidth);
  out.n_head = in.count("attention.head_count", 1, 4096);
  out.n_kv_head = in.count_or("attention.head_count_kv", out.n_head, 1, out.n_head);
  if (out.n_head % out.n_kv_head != 0)
    in.metadata().expected(in.key("attention.head_count_kv"),
                           fmt::format("a divisor of the {} attention heads", out.n_head));
  out.d_head = in.count_or("attention.key_length", out.d_model / out.n_head, 2, 1u << 16);
  if (out.d_head % 2 != 0 || out.d_head == 0)
    in.metadata().expected(in.key("attention.head_count"), "heads of an even width");
  const bool latent = in.metadata().find(in.key("attention.kv_lora_rank")) != nullptr;
  if (!latent && in.count_or("attention.value_length", out.d_head, 1, 1u << 16) != out.d_head)
    in.metadata().expected(in.key("attention.value_length"),
                           fmt::format("{}, the width of a key", out.d_head));
  const auto rms = in.number("attention.layer_norm_rms_epsilon", 0.0, 1.0);
  const auto layer = in.number("attention.layer_norm_epsilon", 0.0, 1.0);
  if (!rms && !layer) in.metadata().require(in.key("attention.layer_norm_rms_epsilon"), "a number");
  out.rms_eps = rms ? *rms : *layer;
  out.attention.scale = 1.0f / std::sqrt(static_cast<float>(out.d_head));
  out.tied_embeddings = !in.has_tensor("output.weight");
  out.unembed_bias = in.has_tensor("output.bias");
  out.routes.assign(out.n_layer, false);
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
  const GgufSource in(metadata, weights);
  const GgufArchitecture& row = gguf_architecture(in);
  ModelConfig out;
  out.family = row.family;
  read_shape(in, out);
  if (!row.own_rope) read_gguf_rope(in, out.d_head, out);
  if (const std::size_t window = in.count_or("attention.sliding_window", 0, 0, 1u << 26))
    out.attention.window.assign(out.n_layer, window);
  row.read(in, out);
  in.refuse_keys_not_read();
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

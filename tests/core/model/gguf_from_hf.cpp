#include "tests/core/model/gguf_from_hf.hpp"

#include <fmt/format.h>

#include <map>
#include <optional>
#include <stdexcept>

#include "core/base/json.hpp"
#include "core/formats/model_folder.hpp"
#include "tests/core/model/gguf_writer.hpp"

namespace moescope::model::testing_support {
namespace {

using formats::TensorView;
using nlohmann::json;

const std::map<std::string, std::string> kArchitecture = {
    {"mixtral", "llama"},         {"mistral", "llama"},         {"llama", "llama"},
    {"olmoe", "olmoe"},           {"qwen2_moe", "qwen2moe"},    {"qwen3", "qwen3"},
    {"qwen3_moe", "qwen3moe"},    {"granitemoe", "granitemoe"}, {"phimoe", "phimoe"},
    {"deepseek_v2", "deepseek2"}, {"deepseek_v3", "deepseek2"}, {"glm4_moe", "glm4moe"},
    {"gpt_oss", "gpt-oss"}};

/// The rest of a layer's tensor name, behind "model.layers.N.", without ".weight" or ".bias".
const std::map<std::string, std::string> kLayerNames = {
    {"input_layernorm", "attn_norm"},
    {"self_attn.q_proj", "attn_q"},
    {"self_attn.k_proj", "attn_k"},
    {"self_attn.v_proj", "attn_v"},
    {"self_attn.o_proj", "attn_output"},
    {"self_attn.q_norm", "attn_q_norm"},
    {"self_attn.k_norm", "attn_k_norm"},
    {"self_attn.q_a_proj", "attn_q_a"},
    {"self_attn.q_a_layernorm", "attn_q_a_norm"},
    {"self_attn.q_b_proj", "attn_q_b"},
    {"self_attn.kv_a_proj_with_mqa", "attn_kv_a_mqa"},
    {"self_attn.kv_a_layernorm", "attn_kv_a_norm"},
    {"self_attn.kv_b_proj", "attn_kv_b"},
    {"mlp.gate_proj", "ffn_gate"},
    {"mlp.up_proj", "ffn_up"},
    {"mlp.down_proj", "ffn_down"},
    {"mlp.gate", "ffn_gate_inp"},
    {"mlp.router", "ffn_gate_inp"},
    {"block_sparse_moe.gate", "ffn_gate_inp"},
    {"block_sparse_moe.router.layer", "ffn_gate_inp"},
    {"mlp.shared_expert_gate", "ffn_gate_inp_shexp"},
    {"mlp.shared_expert.gate_proj", "ffn_gate_shexp"},
    {"mlp.shared_expert.up_proj", "ffn_up_shexp"},
    {"mlp.shared_expert.down_proj", "ffn_down_shexp"},
    {"mlp.shared_experts.gate_proj", "ffn_gate_shexp"},
    {"mlp.shared_experts.up_proj", "ffn_up_shexp"},
    {"mlp.shared_experts.down_proj", "ffn_down_shexp"},
};

std::string bytes_of(const TensorView& t) {
  return {reinterpret_cast<const char*>(t.bytes.data()), t.bytes.size()};
}

/// Rows of `width` bytes in another order.
std::string reordered(const std::string& bytes, std::size_t width,
                      const std::vector<std::size_t>& order) {
  std::string out;
  for (const std::size_t row : order) out += bytes.substr(row * width, width);
  return out;
}

class Converter {
 public:
  explicit Converter(const std::filesystem::path& folder, const GgufLayout& layout)
      : folder_(formats::ModelFolder::open(folder)),
        files_(folder_.open_weights()),
        config_(json::parse(folder_.config().text)),
        family_(config_.at("model_type")),
        arch_(kArchitecture.at(family_)),
        layout_(layout) {}

  void write(const std::filesystem::path& file) {
    put_keys();
    for (const TensorView& t : files_.tensors()) put(t);
    put_experts();
    out_.write(file);
  }

 private:
  std::size_t count(const char* key, std::size_t fallback = 0) const {
    const auto it = config_.find(key);
    return it == config_.end() || it->is_null() ? fallback : it->get<std::size_t>();
  }
  void uint(const char* suffix, std::size_t value) {
    out_.uint(fmt::format("{}.{}", arch_, suffix), static_cast<std::uint32_t>(value));
  }
  void number(const char* suffix, double value) {
    out_.number(fmt::format("{}.{}", arch_, suffix), static_cast<float>(value));
  }
  void copy_number(const char* suffix, const char* key) {
    if (config_.contains(key) && config_[key].is_number())
      number(suffix, config_[key].get<double>());
  }
  bool is_latent() const { return arch_ == "deepseek2"; }
  bool is_permuted() const { return arch_ == "llama" || arch_ == "granitemoe"; }
  std::size_t d_head() const {
    return count("head_dim", count("hidden_size") / count("num_attention_heads"));
  }

  void put_keys() {
    out_.text("general.architecture", arch_);
    uint("block_count", count("num_hidden_layers"));
    uint("context_length", count("max_position_embeddings"));
    uint("embedding_length", count("hidden_size"));
    uint("feed_forward_length", count("intermediate_size"));
    uint("attention.head_count", count("num_attention_heads"));
    uint("attention.head_count_kv", layout_.split_latent ? 1 : count("num_key_value_heads"));
    number("attention.layer_norm_rms_epsilon", config_.at("rms_norm_eps").get<double>());
    number("rope.freq_base", config_.at("rope_theta").get<double>());
    uint("vocab_size", count("vocab_size"));
    if (const std::size_t n =
            count("num_local_experts", count("num_experts", count("n_routed_experts"))))
      put_expert_keys(n);
    if (is_latent())
      put_latent_keys();
    else
      put_head_keys();
    put_scaling();
    copy_number("embedding_scale", "embedding_multiplier");
    copy_number("residual_scale", "residual_multiplier");
    copy_number("attention.scale", "attention_multiplier");
    copy_number("logit_scale", "logits_scaling");
    if (const std::size_t window = count("sliding_window"))
      uint("attention.sliding_window", window);
  }

  void put_expert_keys(std::size_t n) {
    uint("expert_count", n);
    uint("expert_used_count", count("num_experts_per_tok"));
    if (const std::size_t d = count("moe_intermediate_size")) uint("expert_feed_forward_length", d);
    if (const std::size_t d = count("shared_expert_intermediate_size"))
      uint("expert_shared_feed_forward_length", d);
    if (const std::size_t shared = count("n_shared_experts")) uint("expert_shared_count", shared);
    if (config_.contains("first_k_dense_replace"))
      uint("leading_dense_block_count", count("first_k_dense_replace"));
    copy_number("expert_weights_scale", "routed_scaling_factor");
    const bool sigmoid = family_ == "deepseek_v3" || family_ == "glm4_moe";
    if (sigmoid || is_latent()) {
      uint("expert_gating_func", sigmoid ? 2 : 1);
      out_.flag(arch_ + ".expert_weights_norm", config_.value("norm_topk_prob", false));
      if (config_.value("topk_method", "") != "greedy" && config_.contains("n_group")) {
        uint("expert_group_count", count("n_group"));
        uint("expert_group_used_count", count("topk_group"));
      }
    }
  }

  void put_head_keys() {
    if (config_.contains("head_dim") && !config_["head_dim"].is_null()) {
      uint("attention.key_length", d_head());
      uint("attention.value_length", d_head());
    }
    uint("rope.dimension_count",
         static_cast<std::size_t>(static_cast<double>(d_head()) *
                                  config_.value("partial_rotary_factor", 1.0)));
  }

  void put_latent_keys() {
    const std::size_t d_rope = count("qk_rope_head_dim");
    const std::size_t d_key = count("qk_nope_head_dim") + d_rope;
    const std::size_t rank = count("kv_lora_rank");
    if (const std::size_t query = count("q_lora_rank")) uint("attention.q_lora_rank", query);
    uint("attention.kv_lora_rank", rank);
    uint("rope.dimension_count", d_rope);
    uint("attention.key_length", layout_.split_latent ? rank + d_rope : d_key);
    uint("attention.value_length", layout_.split_latent ? rank : count("v_head_dim"));
    if (!layout_.split_latent) return;
    uint("attention.key_length_mla", d_key);
    uint("attention.value_length_mla", count("v_head_dim"));
  }

  void put_scaling() {
    const auto it = config_.find("rope_scaling");
    if (it == config_.end() || it->is_null()) return;
    const std::string kind = it->value("rope_type", it->value("type", ""));
    if (kind == "llama3") return put_llama3_factors(*it);
    if (kind != "yarn") throw std::runtime_error("no GGUF form of rope " + kind);
    out_.text(arch_ + ".rope.scaling.type", "yarn");
    number("rope.scaling.factor", it->at("factor").get<double>());
    uint("rope.scaling.original_context_length",
         it->at("original_max_position_embeddings").get<std::size_t>());
    if (it->contains("mscale_all_dim"))
      number("rope.scaling.yarn_log_multiplier", 0.1 * it->at("mscale_all_dim").get<double>());
  }

  /// The converters write what each frequency is divided by.
  void put_llama3_factors(const json& scaling) {
    const double factor = scaling.at("factor");
    const double low = scaling.at("low_freq_factor");
    const double high = scaling.at("high_freq_factor");
    const double original = scaling.at("original_max_position_embeddings");
    std::vector<float> values;
    for (std::size_t i = 0; i < d_head() / 2; ++i) {
      const double theta = config_.at("rope_theta");
      const double wavelength =
          2 * 3.14159265358979323846 *
          std::pow(theta, static_cast<double>(2 * i) / static_cast<double>(d_head()));
      const double smooth = (original / wavelength - low) / (high - low);
      values.push_back(static_cast<float>(wavelength < original / high ? 1
                                          : wavelength > original / low
                                              ? factor
                                              : 1 / ((1 - smooth) / factor + smooth)));
    }
    out_.tensor({"rope_freqs.weight",
                 ElementType::kF32,
                 {values.size()},
                 std::string(reinterpret_cast<const char*>(values.data()), 4 * values.size())});
  }

  /// "model.layers.3.self_attn.q_proj.weight" → {3, "self_attn.q_proj", "weight"}
  struct LayerTensor {
    std::size_t layer = 0;
    std::string role, ending;
  };
  static std::optional<LayerTensor> layer_tensor(const std::string& name) {
    constexpr std::string_view kPrefix = "model.layers.";
    if (!name.starts_with(kPrefix)) return std::nullopt;
    const std::size_t dot = name.find('.', kPrefix.size());
    const std::size_t last = name.rfind('.');
    return LayerTensor{std::stoul(name.substr(kPrefix.size(), dot - kPrefix.size())),
                       name.substr(dot + 1, last - dot - 1), name.substr(last + 1)};
  }

  void put(const TensorView& t) {
    const auto named = [&](const char* name) { out_.tensor({name, t.type, t.shape, bytes_of(t)}); };
    if (t.name == "model.embed_tokens.weight") return named("token_embd.weight");
    if (t.name == "model.norm.weight") return named("output_norm.weight");
    if (t.name == "model.norm.bias") return named("output_norm.bias");
    if (t.name == "lm_head.weight") return named("output.weight");
    if (t.name == "lm_head.bias") return named("output.bias");
    const auto at = layer_tensor(t.name);
    if (!at) throw std::runtime_error("no GGUF name for " + t.name);
    if (at->role.find("experts") != std::string::npos || at->role.ends_with("_linear")) {
      if (at->role.find("shared") == std::string::npos) return;  // put_experts
    }
    put_layer_tensor(t, *at);
  }

  void put_layer_tensor(const TensorView& t, const LayerTensor& at) {
    const std::string block = fmt::format("blk.{}.", at.layer);
    const bool norm_behind = arch_ == "glm4moe" || arch_ == "gpt-oss";
    if (at.ending == "e_score_correction_bias")
      return out_.tensor({block + "exp_probs_b.bias", t.type, t.shape, bytes_of(t)});
    if (at.ending == "sinks")
      return out_.tensor({block + "attn_sinks.weight", t.type, t.shape, bytes_of(t)});
    if (at.role == "post_attention_layernorm")
      return out_.tensor({block + (norm_behind ? "post_attention_norm." : "ffn_norm.") + at.ending,
                          t.type, t.shape, bytes_of(t)});
    if (at.role == "self_attn.kv_b_proj" && layout_.split_latent) return put_split_latent(t, block);
    formats::Shape shape = t.shape;
    std::string bytes = bytes_of(t);
    if (at.role == "mlp.shared_expert_gate") shape = {shape[1]};
    if (is_permuted() && (at.role == "self_attn.q_proj" || at.role == "self_attn.k_proj"))
      bytes = permuted(bytes, shape[0]);
    out_.tensor({block + kLayerNames.at(at.role) + "." + at.ending, t.type, shape, bytes});
  }

  /// Row i + h d / 2 of a head goes to row 2 i + h.
  std::string permuted(const std::string& bytes, std::size_t n_row) const {
    std::vector<std::size_t> order;
    for (std::size_t head = 0; head < n_row; head += d_head())
      for (std::size_t i = 0; i < d_head() / 2; ++i)
        for (std::size_t h = 0; h < 2; ++h) order.push_back(head + h * d_head() / 2 + i);
    return reordered(bytes, bytes.size() / n_row, order);
  }

  void put_split_latent(const TensorView& t, const std::string& block) {
    const std::size_t n = count("num_attention_heads"), nope = count("qk_nope_head_dim");
    const std::size_t d_value = count("v_head_dim"), rank = count("kv_lora_rank");
    const std::string bytes = bytes_of(t);
    std::string keys, values;
    for (std::size_t h = 0; h < n; ++h) {
      const std::size_t first = h * (nope + d_value);
      for (std::size_t r = 0; r < rank; ++r)
        for (std::size_t d = 0; d < nope; ++d)
          keys += bytes.substr(4 * ((first + d) * rank + r), 4);
      values += bytes.substr(4 * (first + nope) * rank, 4 * d_value * rank);
    }
    out_.tensor({block + "attn_k_b.weight", t.type, {n, rank, nope}, keys});
    out_.tensor({block + "attn_v_b.weight", t.type, {n, d_value, rank}, values});
  }

  void put_experts() {
    for (std::size_t l = 0; l < count("num_hidden_layers"); ++l) {
      const std::string from = fmt::format("model.layers.{}.", l);
      const std::string to = fmt::format("blk.{}.", l);
      if (files_.find(from + "block_sparse_moe.input_linear.weight")) put_halves(from, to);
      if (files_.find(from + "mlp.experts.gate_up_proj")) put_interleaved(from, to);
      if (files_.find(from + "mlp.experts.gate_up_proj_blocks")) put_microscaled(from, to);
      for (const auto& [apart, merged] :
           {std::pair{"mlp.experts.{}.gate_proj.weight", "ffn_gate_exps.weight"},
            std::pair{"mlp.experts.{}.up_proj.weight", "ffn_up_exps.weight"},
            std::pair{"mlp.experts.{}.down_proj.weight", "ffn_down_exps.weight"},
            std::pair{"block_sparse_moe.experts.{}.w1.weight", "ffn_gate_exps.weight"},
            std::pair{"block_sparse_moe.experts.{}.w3.weight", "ffn_up_exps.weight"},
            std::pair{"block_sparse_moe.experts.{}.w2.weight", "ffn_down_exps.weight"}})
        merge(from + apart, to + merged);
    }
  }

  void merge(const std::string& pattern, const std::string& name) {
    GgufTensor out{.name = name, .shape = {0, 0, 0}};
    for (;; ++out.shape[0]) {
      const TensorView* t = files_.find(fmt::format(fmt::runtime(pattern), out.shape[0]));
      if (t == nullptr) break;
      out.type = t->type;
      out.shape[1] = t->shape[0];
      out.shape[2] = t->shape[1];
      out.bytes += bytes_of(*t);
    }
    if (out.shape[0] > 0) out_.tensor(std::move(out));
  }

  void put_halves(const std::string& from, const std::string& to) {
    const TensorView& both = *files_.find(from + "block_sparse_moe.input_linear.weight");
    const TensorView& down = *files_.find(from + "block_sparse_moe.output_linear.weight");
    const std::size_t half = both.shape[1] / 2;
    const std::string bytes = bytes_of(both);
    const std::size_t step = bytes.size() / both.shape[0] / 2;
    std::string gate, up;
    for (std::size_t e = 0; e < both.shape[0]; ++e) {
      gate += bytes.substr(2 * e * step, step);
      up += bytes.substr((2 * e + 1) * step, step);
    }
    const formats::Shape shape{both.shape[0], half, both.shape[2]};
    out_.tensor({to + "ffn_gate_exps.weight", both.type, shape, gate});
    out_.tensor({to + "ffn_up_exps.weight", both.type, shape, up});
    out_.tensor({to + "ffn_down_exps.weight", down.type, down.shape, bytes_of(down)});
  }

  /// [E, in, out] → [E, out, in] of every `step`-th output from `first` on.
  static std::string turned(const TensorView& t, std::size_t first, std::size_t step) {
    const std::string bytes = bytes_of(t);
    std::string out;
    for (std::size_t e = 0; e < t.shape[0]; ++e)
      for (std::size_t o = first; o < t.shape[2]; o += step)
        for (std::size_t i = 0; i < t.shape[1]; ++i)
          out += bytes.substr(4 * ((e * t.shape[1] + i) * t.shape[2] + o), 4);
    return out;
  }

  void put_interleaved(const std::string& from, const std::string& to) {
    const TensorView& both = *files_.find(from + "mlp.experts.gate_up_proj");
    const TensorView& down = *files_.find(from + "mlp.experts.down_proj");
    const std::size_t n = both.shape[0], d = both.shape[2] / 2, dm = both.shape[1];
    out_.tensor({to + "ffn_gate_exps.weight", both.type, {n, d, dm}, turned(both, 0, 2)});
    out_.tensor({to + "ffn_up_exps.weight", both.type, {n, d, dm}, turned(both, 1, 2)});
    out_.tensor({to + "ffn_down_exps.weight", down.type, {n, dm, d}, turned(down, 0, 1)});
    put_expert_biases(from, to, n, d);
  }

  void put_expert_biases(const std::string& from, const std::string& to, std::size_t n,
                         std::size_t d) {
    const TensorView& both = *files_.find(from + "mlp.experts.gate_up_proj_bias");
    const TensorView& down = *files_.find(from + "mlp.experts.down_proj_bias");
    const std::size_t size = info(both.type).block_bytes;
    const std::string bytes = bytes_of(both);
    for (const auto& [name, first] : {std::pair{"ffn_gate_exps.bias", std::size_t{0}},
                                      std::pair{"ffn_up_exps.bias", std::size_t{1}}}) {
      std::vector<std::size_t> order;
      for (std::size_t i = first; i < 2 * n * d; i += 2) order.push_back(i);
      out_.tensor({to + name, both.type, {n, d}, reordered(bytes, size, order)});
    }
    out_.tensor({to + "ffn_down_exps.bias", down.type, down.shape, bytes_of(down)});
  }

  /// Blocks of that format have their scale in front; its low halves are the first sixteen values.
  static std::string blocks_of(const std::string& blocks, const std::string& scales,
                               std::size_t row, std::size_t n_block) {
    std::string out;
    for (std::size_t b = row * n_block; b < (row + 1) * n_block; ++b) {
      out += scales[b];
      const auto value = [&](std::size_t i) {
        const auto byte = static_cast<unsigned char>(blocks[b * 16 + i / 2]);
        return i % 2 == 0 ? byte & 15u : byte >> 4u;
      };
      for (std::size_t i = 0; i < 16; ++i) out += static_cast<char>(value(i) | value(i + 16) << 4u);
    }
    return out;
  }

  void put_microscaled(const std::string& from, const std::string& to) {
    struct Part {
      const char *source, *name;
      std::size_t first, step;
    };
    for (const Part& part : {Part{"gate_up_proj", "ffn_gate_exps.weight", 0, 2},
                             Part{"gate_up_proj", "ffn_up_exps.weight", 1, 2},
                             Part{"down_proj", "ffn_down_exps.weight", 0, 1}}) {
      const TensorView& blocks = *files_.find(from + "mlp.experts." + part.source + "_blocks");
      const TensorView& scales = *files_.find(from + "mlp.experts." + part.source + "_scales");
      const std::size_t n_row = blocks.shape[0] * blocks.shape[1];
      std::string bytes;
      for (std::size_t r = part.first; r < n_row; r += part.step)
        bytes += blocks_of(bytes_of(blocks), bytes_of(scales), r, blocks.shape[2]);
      out_.tensor({to + part.name,
                   ElementType::kMxfp4,
                   {blocks.shape[0], blocks.shape[1] / part.step, 32 * blocks.shape[2]},
                   bytes});
    }
    const TensorView& both = *files_.find(from + "mlp.experts.gate_up_proj_bias");
    put_expert_biases(from, to, both.shape[0], both.shape[1] / 2);
  }

  formats::ModelFolder folder_;
  formats::WeightFiles files_;
  json config_;
  std::string family_, arch_;
  GgufLayout layout_;
  GgufWriter out_;
};

}  // namespace

void write_gguf_from_hf(const std::filesystem::path& folder, const std::filesystem::path& file,
                        const GgufLayout& layout) {
  Converter(folder, layout).write(file);
}

}  // namespace moescope::model::testing_support

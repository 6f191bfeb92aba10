#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/random.hpp"
#include "core/formats/safetensors_writer.hpp"
#include "core/model/model.hpp"

namespace moescope::model::testing_support {

/// A folder that is removed with the object.
class TempFolder {
 public:
  TempFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "moescope-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// Shape and contents of a Mixtral-architecture checkpoint that a test writes.
struct TinySpec {
  std::size_t n_vocab = 40, d_model = 24, n_layer = 3, n_head = 4, n_kv_head = 2, d_head = 6;
  std::size_t d_expert = 20, n_expert = 5, top_k = 2, n_context = 96;
  std::string extra_config;  ///< further members, ending in a comma
  ElementType type = ElementType::kF32;
};

/// Fills one tensor; the default draws uniformly from [-0.5, 0.5) (norms from [0.5, 1.5)).
using Fill = std::function<void(const std::string& name, std::vector<float>& values)>;

inline std::string config_text(const TinySpec& s) {
  return fmt::format(
      R"({{{} "architectures":["MixtralForCausalLM"],"model_type":"mixtral","vocab_size":{},"hidden_size":{},
"intermediate_size":{},"num_hidden_layers":{},"num_attention_heads":{},"num_key_value_heads":{},"head_dim":{},
"max_position_embeddings":{},"rms_norm_eps":1e-5,"rope_theta":10000.0,"num_local_experts":{},
"num_experts_per_tok":{},"tie_word_embeddings":false,"hidden_act":"silu","bos_token_id":1,"eos_token_id":2}})",
      s.extra_config, s.n_vocab, s.d_model, s.d_expert, s.n_layer, s.n_head, s.n_kv_head, s.d_head,
      s.n_context, s.n_expert, s.top_k);
}

inline std::vector<std::pair<std::string, formats::Shape>> tensor_list(const TinySpec& s) {
  const TensorNames& names = architecture_named("mixtral").names;
  const std::size_t q = s.n_head * s.d_head;
  const std::size_t kv = s.n_kv_head * s.d_head;
  std::vector<std::pair<std::string, formats::Shape>> out{
      {std::string(names.embed), {s.n_vocab, s.d_model}},
      {std::string(names.final_norm), {s.d_model}},
      {std::string(names.unembed), {s.n_vocab, s.d_model}}};
  for (std::size_t l = 0; l < s.n_layer; ++l) {
    const auto add = [&](std::string_view pattern, formats::Shape shape, std::size_t e = 0) {
      out.emplace_back(tensor_name(pattern, LayerIdx(l), ExpertIdx(e)), std::move(shape));
    };
    add(names.attn_norm, {s.d_model});
    add(names.query, {q, s.d_model});
    add(names.key, {kv, s.d_model});
    add(names.value, {kv, s.d_model});
    add(names.attn_out, {s.d_model, q});
    add(names.mlp_norm, {s.d_model});
    add(names.router, {s.n_expert, s.d_model});
    for (std::size_t e = 0; e < s.n_expert; ++e) {
      add(names.expert_gate, {s.d_expert, s.d_model}, e);
      add(names.expert_up, {s.d_expert, s.d_model}, e);
      add(names.expert_down, {s.d_model, s.d_expert}, e);
    }
  }
  return out;
}

inline std::vector<std::byte> encode(const std::vector<float>& values, ElementType type) {
  std::vector<std::byte> out(values.size() * info(type).block_bytes);
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (type == ElementType::kF32) {
      std::memcpy(out.data() + 4 * i, &values[i], 4);
      continue;
    }
    const std::uint16_t bits =
        type == ElementType::kBF16 ? f32_to_bf16(values[i]) : f32_to_f16(values[i]);
    std::memcpy(out.data() + 2 * i, &bits, 2);
  }
  return out;
}

inline void write_checkpoint(const std::filesystem::path& folder, const TinySpec& spec,
                             const Fill& fill) {
  Random random(7);
  std::vector<std::vector<std::byte>> data;
  std::vector<formats::TensorView> tensors;
  for (const auto& [name, shape] : tensor_list(spec)) {
    std::size_t n = 1;
    for (const std::size_t d : shape) n *= d;
    std::vector<float> values(n);
    const float middle = name.find("norm") != std::string::npos ? 1.0f : 0.0f;
    for (float& v : values) v = middle + static_cast<float>(random.uniform()) - 0.5f;
    if (fill) fill(name, values);
    data.push_back(encode(values, spec.type));
    tensors.push_back({.name = name, .type = spec.type, .shape = shape});
  }
  for (std::size_t i = 0; i < tensors.size(); ++i) tensors[i].bytes = data[i];
  formats::write_safetensors(folder / "model.safetensors", tensors);
  std::ofstream(folder / "config.json") << config_text(spec);
}

/// A checkpoint on disk and the model opened from it.
struct TinyModel {
  explicit TinyModel(const TinySpec& spec = {}, const Fill& fill = {}) {
    write_checkpoint(folder.path(), spec, fill);
    model.emplace(open_model(folder.path()));
  }
  const Model& operator*() const { return *model; }
  const Model* operator->() const { return &*model; }

  TempFolder folder;
  std::optional<Model> model;
};

}  // namespace moescope::model::testing_support

// Makes a checkpoint of the Mixtral architecture with random weights (bf16, one safetensors file),
// for measuring: the same seed and shape give the same bytes.
// Usage: make_model FOLDER [KEY=NUMBER]... ; without keys the shape of 0.79 billion parameters.
// Keys: width layers ffn heads kv_heads head_dim experts top_k vocab context seed. A tokenizer is
// put beside the weights by copying tokenizer.json of another model whose vocabulary is no larger.
#include <fmt/core.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <numbers>
#include <span>
#include <string>
#include <vector>

#include "core/base/element_type.hpp"
#include "core/base/error.hpp"
#include "core/base/random.hpp"
#include "core/formats/safetensors_writer.hpp"

namespace moescope {
namespace {

using Numbers = std::map<std::string, std::size_t>;

const Numbers kDefaults{{"width", 1024},  {"layers", 8},    {"ffn", 3584},    {"heads", 16},
                        {"kv_heads", 4},  {"head_dim", 64}, {"experts", 8},   {"top_k", 2},
                        {"vocab", 32000}, {"seed", 0},      {"context", 4096}};

struct Item {
  formats::TensorSpec spec;
  float deviation = 0;  ///< 0: all ones
};

Item matrix(std::string name, std::size_t n_row, std::size_t n_col, float gain = 1.0f) {
  const float deviation = gain / std::sqrt(static_cast<float>(n_col));
  return {{std::move(name), ElementType::kBF16, {n_row, n_col}}, deviation};
}

Item ones(std::string name, std::size_t n) {
  return {{std::move(name), ElementType::kBF16, {n}}, 0.0f};
}

void add_layer(std::vector<Item>& out, const Numbers& n, std::size_t layer) {
  const std::string at = fmt::format("model.layers.{}.", layer);
  const std::size_t d = n.at("width"), q = n.at("heads") * n.at("head_dim");
  const std::size_t kv = n.at("kv_heads") * n.at("head_dim");
  out.push_back(ones(at + "input_layernorm.weight", d));
  out.push_back(ones(at + "post_attention_layernorm.weight", d));
  out.push_back(matrix(at + "self_attn.q_proj.weight", q, d));
  out.push_back(matrix(at + "self_attn.k_proj.weight", kv, d));
  out.push_back(matrix(at + "self_attn.v_proj.weight", kv, d));
  out.push_back(matrix(at + "self_attn.o_proj.weight", d, q, 0.5f));
  const std::string moe = at + "block_sparse_moe.";
  out.push_back(matrix(moe + "gate.weight", n.at("experts"), d));
  for (std::size_t e = 0; e < n.at("experts"); ++e) {
    const std::string expert = fmt::format("{}experts.{}.", moe, e);
    out.push_back(matrix(expert + "w1.weight", n.at("ffn"), d));
    out.push_back(matrix(expert + "w2.weight", d, n.at("ffn"), 0.5f));
    out.push_back(matrix(expert + "w3.weight", n.at("ffn"), d));
  }
}

std::vector<Item> items(const Numbers& n) {
  std::vector<Item> out;
  out.push_back(matrix("model.embed_tokens.weight", n.at("vocab"), n.at("width"),
                       std::sqrt(static_cast<float>(n.at("width")))));
  for (std::size_t layer = 0; layer < n.at("layers"); ++layer) add_layer(out, n, layer);
  out.push_back(ones("model.norm.weight", n.at("width")));
  out.push_back(matrix("lm_head.weight", n.at("vocab"), n.at("width")));
  return out;
}

/// Standard normal values at 65,536 equally likely places.
/// Source: the Box-Muller pair of a radius and an angle, 256 of each.
std::vector<float> normal_values() {
  std::vector<float> out;
  for (int r = 0; r < 256; ++r)
    for (int a = 0; a < 256; ++a)
      out.push_back(static_cast<float>(std::sqrt(-2 * std::log((r + 0.5) / 256)) *
                                       std::cos((a + 0.5) / 128 * std::numbers::pi)));
  return out;
}

class Filler {
 public:
  explicit Filler(std::uint64_t seed) : random_(seed), normal_(normal_values()) {}

  void write(const Item& item, formats::SafetensorsWriter& writer) {
    std::size_t n = 1;
    for (const std::size_t extent : item.spec.shape) n *= extent;
    const std::vector<std::uint16_t> table = scaled(item.deviation);
    std::vector<std::uint16_t> values(std::min<std::size_t>(n, 1u << 20) + 3);
    for (std::size_t done = 0; done < n;) {
      const std::size_t some = std::min<std::size_t>(n - done, 1u << 20);
      for (std::size_t i = 0; i < some; i += 4) {
        const std::uint64_t bits = random_.next();
        for (std::size_t j = 0; j < 4; ++j) values[i + j] = table[bits >> (16 * j) & 0xffff];
      }
      writer.append(std::as_bytes(std::span(values).first(some)));
      done += some;
    }
  }

 private:
  std::vector<std::uint16_t> scaled(float deviation) const {
    std::vector<std::uint16_t> out;
    for (const float value : normal_)
      out.push_back(f32_to_bf16(deviation > 0 ? value * deviation : 1.0f));
    return out;
  }

  Random random_;
  std::vector<float> normal_;
};

std::string config_json(const Numbers& n) {
  return fmt::format(
      R"({{"architectures": ["MixtralForCausalLM"], "model_type": "mixtral", "torch_dtype": "bfloat16",
 "hidden_size": {}, "num_hidden_layers": {}, "intermediate_size": {}, "num_attention_heads": {},
 "num_key_value_heads": {}, "head_dim": {}, "num_local_experts": {}, "num_experts_per_tok": {},
 "vocab_size": {}, "max_position_embeddings": {}, "rms_norm_eps": 1e-05, "rope_theta": 10000.0,
 "hidden_act": "silu", "sliding_window": null, "tie_word_embeddings": false, "bos_token_id": 1,
 "eos_token_id": 2}}
)",
      n.at("width"), n.at("layers"), n.at("ffn"), n.at("heads"), n.at("kv_heads"), n.at("head_dim"),
      n.at("experts"), n.at("top_k"), n.at("vocab"), n.at("context"));
}

Numbers read_numbers(std::span<char*> words) {
  Numbers out = kDefaults;
  for (const std::string_view word : words) {
    const std::string key(word.substr(0, word.find('=')));
    const auto at = out.find(key);
    std::size_t value = 0, used = 0;
    if (at != out.end() && key.size() < word.size()) {
      const std::string text(word.substr(key.size() + 1));
      if (!text.empty() && text[0] >= '0' && text[0] <= '9') value = std::stoull(text, &used);
      if (used == text.size() && used > 0) {
        at->second = value;
        continue;
      }
    }
    fail(ErrorCode::kUsage, "'{}': expected KEY=NUMBER with a key of the first comment", word);
  }
  return out;
}

void make(const std::filesystem::path& folder, const Numbers& numbers) {
  static_assert(std::endian::native == std::endian::little);
  std::filesystem::create_directories(folder);
  const std::vector<Item> tensors = items(numbers);
  std::vector<formats::TensorSpec> specs;
  std::size_t n_parameter = 0;
  for (const Item& item : tensors) {
    specs.push_back(item.spec);
    std::size_t n = 1;
    for (const std::size_t extent : item.spec.shape) n *= extent;
    n_parameter += n;
  }
  formats::SafetensorsWriter writer(folder / "model.safetensors", specs, {{"format", "pt"}});
  Filler filler(numbers.at("seed"));
  for (const Item& item : tensors) filler.write(item, writer);
  writer.commit();
  std::ofstream config(folder / "config.json");
  config << config_json(numbers);
  if (!config.flush()) fail(ErrorCode::kRetry, "{}: write config.json", folder.string());
  fmt::print("{}: {} parameters\n", folder.string(), n_parameter);
}

}  // namespace
}  // namespace moescope

int main(int argc, char** argv) {
  const std::span<char*> words(argv, static_cast<std::size_t>(argc));
  if (words.size() < 2) {
    fmt::print(stderr, "usage: make_model FOLDER [KEY=NUMBER]...\n");
    return 2;
  }
  try {
    moescope::make(words[1], moescope::read_numbers(words.subspan(2)));
  } catch (const moescope::Error& e) {
    fmt::print(stderr, "make_model: {}\n", e.message());
    return static_cast<int>(e.code());
  }
  return 0;
}

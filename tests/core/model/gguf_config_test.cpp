#include "core/model/gguf_config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <string>

#include "core/formats/gguf_model.hpp"
#include "tests/core/formats/files.hpp"
#include "tests/core/model/gguf_writer.hpp"
#include "tests/error_of.hpp"

namespace moescope::model {
namespace {

using formats::Shape;
using testing::HasSubstr;
using testing_support::GgufWriter;

/// Keys and tensors of a file of two layers that is read for its configuration alone.
struct Keys {
  std::string architecture;
  std::map<std::string, std::uint32_t> counts;
  std::map<std::string, float> numbers;
  std::map<std::string, bool> flags;
  std::map<std::string, std::string> texts;
  std::map<std::string, Shape> tensors;
};

Keys mixture(const std::string& architecture) {
  return {.architecture = architecture,
          .counts = {{"block_count", 2},
                     {"context_length", 64},
                     {"embedding_length", 24},
                     {"feed_forward_length", 32},
                     {"attention.head_count", 4},
                     {"attention.head_count_kv", 2},
                     {"expert_count", 8},
                     {"expert_used_count", 2}},
          .numbers = {{"attention.layer_norm_rms_epsilon", 1e-5f}},
          .flags = {},
          .texts = {},
          .tensors = {{"token_embd.weight", {40, 24}},
                      {"blk.0.ffn_gate_inp.weight", {8, 24}},
                      {"blk.1.ffn_gate_inp.weight", {8, 24}}}};
}

Keys latent() {
  Keys out = mixture("deepseek2");
  out.counts["attention.kv_lora_rank"] = 16;
  out.counts["attention.key_length"] = 12;
  out.counts["attention.value_length"] = 10;
  out.counts["rope.dimension_count"] = 4;
  out.counts["leading_dense_block_count"] = 1;
  return out;
}

ModelConfig read(const Keys& keys) {
  GgufWriter writer;
  writer.text("general.architecture", keys.architecture);
  const std::string prefix = keys.architecture + ".";
  for (const auto& [key, value] : keys.counts) writer.uint(prefix + key, value);
  for (const auto& [key, value] : keys.numbers) writer.number(prefix + key, value);
  for (const auto& [key, value] : keys.flags) writer.flag(prefix + key, value);
  for (const auto& [key, value] : keys.texts) writer.text(prefix + key, value);
  for (const auto& [name, shape] : keys.tensors) {
    std::size_t n = sizeof(float);
    for (const std::size_t d : shape) n *= d;
    writer.tensor(
        {.name = name, .type = ElementType::kF32, .shape = shape, .bytes = std::string(n, '\0')});
  }
  const formats::TempFolder folder;
  writer.write(folder / "m.gguf");
  const formats::GgufModel file = formats::GgufModel::open(folder / "m.gguf");
  return read_gguf_config(file.metadata, file.weights);
}

std::string refusal(Keys keys, const std::function<void(Keys&)>& change) {
  change(keys);
  return error_of([&] { read(keys); });
}

TEST(GgufConfig, ReadsAMixture) {
  const ModelConfig c = read(mixture("llama"));
  EXPECT_EQ(c.family, "mixtral");
  EXPECT_EQ(c.n_route(), 2u);
  EXPECT_EQ(c.gating.score, ScoreFunction::kSoftmax);
  EXPECT_EQ(c.d_head, 6u);
}

TEST(GgufConfig, RefusesAKeyThatThisArchitectureDoesNotRead) {
  const auto granite = [](Keys& k) { k.numbers["embedding_scale"] = 12.0f; };
  EXPECT_EQ(refusal(mixture("granitemoe"), granite), "no error");
  EXPECT_THAT(refusal(mixture("llama"), granite),
              HasSubstr("key 'llama.embedding_scale' is not understood for 'llama'"));
  EXPECT_THAT(refusal(mixture("olmoe"), [](Keys& k) { k.numbers["attention.clamp_kqv"] = 8.0f; }),
              HasSubstr("key 'olmoe.attention.clamp_kqv' is not understood"));
  EXPECT_THAT(refusal(mixture("qwen3moe"), [](Keys& k) { k.counts["expert_shared_count"] = 1; }),
              HasSubstr("key 'qwen3moe.expert_shared_count' is not understood"));
  EXPECT_EQ(refusal(mixture("llama"), [](Keys& k) { k.counts["vocab_size"] = 40; }), "no error");
}

TEST(GgufConfig, RefusesWhatItCannotHonour) {
  EXPECT_THAT(refusal(mixture("llama"), [](Keys& k) { k.counts["attention.value_length"] = 8; }),
              HasSubstr("'llama.attention.value_length': expected 6, the width of a key"));
  EXPECT_THAT(refusal(mixture("llama"), [](Keys& k) { k.texts["rope.scaling.type"] = "longrope"; }),
              HasSubstr("expected tensor 'rope_factors_short.weight' beside longrope"));
  EXPECT_THAT(refusal(mixture("qwen3moe"), [](Keys& k) { k.counts["expert_group_count"] = 3; }),
              HasSubstr("'qwen3moe.expert_group_count': expected groups"));
}

TEST(GgufConfig, ReadsGroupsAndGateOfEveryMixture) {
  Keys keys = mixture("glm4moe");
  keys.counts["expert_group_count"] = 4;
  keys.counts["expert_group_used_count"] = 2;
  keys.counts["expert_gating_func"] = 2;
  keys.flags["expert_weights_norm"] = false;
  const ModelConfig c = read(keys);
  EXPECT_EQ(c.gating.n_group, 4u);
  EXPECT_EQ(c.gating.top_group, 2u);
  EXPECT_EQ(c.gating.score, ScoreFunction::kSigmoid);
  EXPECT_FALSE(c.gating.renormalise);
}

TEST(GgufConfig, ABiasOnTheChoiceTellsTheGateWhereTheKeyIsAbsent) {
  Keys keys = latent();
  const ModelConfig plain = read(keys);
  EXPECT_EQ(plain.family, "deepseek_v2");
  EXPECT_EQ(plain.gating.score, ScoreFunction::kSoftmax);
  EXPECT_EQ(plain.n_route(), 1u);
  EXPECT_EQ(plain.attention.latent.d_nope, 8u);
  keys.tensors["blk.1.exp_probs_b.bias"] = {8};
  const ModelConfig biased = read(keys);
  EXPECT_EQ(biased.family, "deepseek_v3");
  EXPECT_EQ(biased.gating.score, ScoreFunction::kSigmoid);
  EXPECT_TRUE(biased.gating.selection_bias);
}

}  // namespace
}  // namespace moescope::model

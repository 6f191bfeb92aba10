#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "core/base/error.hpp"
#include "core/model/architecture.hpp"
#include "core/model/weights.hpp"
#include "tests/core/model/tiny_model.hpp"

namespace moescope::model {
namespace {

using testing::HasSubstr;
using testing_support::config_text;
using testing_support::TempFolder;
using testing_support::TinySpec;

ModelConfig read(const std::string& text) {
  const auto document = parse_json(text, "config.json");
  return read_hf_config(JsonNode(document, "config.json"));
}

/// config.json of Mixtral-8x7B-v0.1 as its authors published it (values only).
constexpr const char* kMixtral8x7B =
    R"({"architectures":["MixtralForCausalLM"],"attention_dropout":0.0,
"bos_token_id":1,"eos_token_id":2,"hidden_act":"silu","hidden_size":4096,"initializer_range":0.02,
"intermediate_size":14336,"max_position_embeddings":32768,"model_type":"mixtral","num_attention_heads":32,
"num_experts_per_tok":2,"num_hidden_layers":32,"num_key_value_heads":8,"num_local_experts":8,
"output_router_logits":false,"rms_norm_eps":1e-05,"rope_theta":1000000.0,"router_aux_loss_coef":0.02,
"sliding_window":null,"tie_word_embeddings":false,"torch_dtype":"bfloat16","transformers_version":"4.36.0.dev0",
"use_cache":true,"vocab_size":32000})";

TEST(Config, CountsTheParametersOfMixtral8x7B) {
  const ParameterCounts n = count_parameters(read(kMixtral8x7B));
  EXPECT_EQ(n.total, 46'702'792'704u);
  EXPECT_EQ(n.active, 12'879'925'248u);
  EXPECT_EQ(n.per_expert, 176'160'768u);
}

TEST(Config, ArithmeticEqualsTheTensorsOfACheckpoint) {
  const testing_support::TinyModel tiny;
  std::uint64_t n = 0;
  for (const auto& tensor : tiny->files.tensors()) n += tensor.n_element();
  EXPECT_EQ(count_parameters(tiny->config).total, n);
}

TEST(Config, ArchitectureTableIsWhole) {
  std::set<std::string_view> names;
  for (const Architecture& row : architectures()) {
    EXPECT_TRUE(names.insert(row.family).second);
    EXPECT_TRUE(names.insert(row.hf_class).second);
    EXPECT_FALSE(row.meaning.empty());
    EXPECT_EQ(&architecture_named(row.family), &row);
  }
}

struct BadConfig {
  const char* from;
  const char* to;
  const char* message;
};

TEST(Config, RefusesWhatItCannotHonour) {
  const std::string good = config_text(TinySpec{});
  ASSERT_NO_THROW(read(good));
  const BadConfig cases[] = {
      {"MixtralForCausalLM", "GPT2LMHeadModel",
       "architecture 'GPT2LMHeadModel' is not supported; supported: MixtralForCausalLM"},
      {"\"architectures\":[\"MixtralForCausalLM\"],", "\"architectures\":[],",
       "expected one class name"},
      {"\"vocab_size\":40", "\"vocab_size\":0", "key 'vocab_size': expected a whole number from 1"},
      {"\"vocab_size\":40", "\"vocab_size\":-3", "got -3"},
      {"\"vocab_size\":40,", "", "key 'vocab_size' is missing"},
      {"\"hidden_size\":24", "\"hidden_size\":\"24\"",
       "key 'hidden_size': expected a whole number"},
      {"\"num_key_value_heads\":2", "\"num_key_value_heads\":3",
       "a divisor of the 4 attention heads"},
      {"\"head_dim\":6", "\"head_dim\":5", "head width: expected an even number, got 5"},
      {"\"rms_norm_eps\":1e-5", "\"rms_norm_eps\":-1", "key 'rms_norm_eps'"},
      {"\"num_experts_per_tok\":2", "\"num_experts_per_tok\":6", "from 1 to 5, got 6"},
      {"\"hidden_act\":\"silu\"", "\"hidden_act\":\"gelu\"",
       "key 'hidden_act': expected \"silu\", got \"gelu\""},
      {"\"bos_token_id\":1", "\"bos_token_id\":40",
       "key 'bos_token_id': expected a whole number from 0 to 39"},
      {"\"rope_theta\":10000.0", "\"rope_theta\":10000.0,\"rope_scaling\":{\"rope_type\":\"yarn\"}",
       "key 'rope_scaling': key 'factor' is missing"},
      {"\"rope_theta\":10000.0",
       "\"rope_theta\":10000.0,\"rope_scaling\":{\"rope_type\":\"spiral\"}",
       "rope type 'spiral' is not supported; supported: default linear llama3 yarn longrope"},
      {"\"rope_theta\":10000.0",
       "\"rope_theta\":10000.0,\"rope_scaling\":{\"type\":\"linear\",\"factor\":2.0,\"wobble\":1}",
       "key 'rope_scaling.wobble' is not understood"},
      {"\"rope_theta\":10000.0", "\"rope_theta\":10000.0,\"attention_bias\":true",
       "key 'attention_bias'"},
      {"\"rope_theta\":10000.0", "\"rope_theta\":10000.0,\"quantization_config\":{}",
       "quantised checkpoints are not supported"},
      {"\"rope_theta\":10000.0", "\"rope_theta\":10000.0,\"logit_scale\":2.0",
       "key 'logit_scale' is not understood"},
  };
  for (const BadConfig& c : cases) {
    std::string text = good;
    const auto at = text.find(c.from);
    ASSERT_NE(at, std::string::npos) << c.from;
    text.replace(at, std::string_view(c.from).size(), c.to);
    try {
      read(text);
      ADD_FAILURE() << "accepted: " << c.to;
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ErrorCode::kBadInput);
      EXPECT_THAT(e.message(), HasSubstr(c.message));
      EXPECT_THAT(e.message(), testing::StartsWith("config.json: "));
    }
  }
}

TEST(Config, ReadsNewStyleRopeParameters) {
  std::string text = config_text(TinySpec{});
  const std::string from = "\"rope_theta\":10000.0";
  text.replace(text.find(from), from.size(),
               R"("rope_parameters":{"rope_type":"default","rope_theta":5000.0})");
  EXPECT_EQ(read(text).rope.theta, 5000.0f);
}

TEST(Weights, ShapesMustBelongToTheConfiguration) {
  TempFolder folder;
  testing_support::write_checkpoint(folder.path(), TinySpec{}, {});
  std::ofstream(folder.path() / "config.json") << config_text(TinySpec{.d_expert = 21});
  try {
    open_model(folder.path());
    FAIL();
  } catch (const Error& e) {
    EXPECT_THAT(e.message(), HasSubstr("expected shape [21, 24], got [20, 24]"));
  }
}

TEST(Weights, ATensorThatNothingTakesIsNamed) {
  TempFolder folder;
  testing_support::write_checkpoint(folder.path(), TinySpec{.n_expert = 6}, [](auto&, auto&) {});
  std::ofstream(folder.path() / "config.json")
      << config_text(TinySpec{.n_layer = 2, .n_expert = 6});
  try {
    open_model(folder.path());
    FAIL();
  } catch (const Error& e) {
    EXPECT_THAT(e.message(), HasSubstr("tensor 'model.layers.2."));
    EXPECT_THAT(e.message(), HasSubstr("does config.json belong to these weights?"));
  }
}

}  // namespace
}  // namespace moescope::model

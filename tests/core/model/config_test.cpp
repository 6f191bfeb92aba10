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
       "\"rope_theta\":10000.0,\"rope_scaling\":{\"rope_type\":\"longrope\",\"factor\":2.0,"
       "\"short_factor\":[1,1,1],\"long_factor\":[2,2,2]}",
       "key 'rope_scaling': key 'short_mscale' is missing"},
      {"\"rope_theta\":10000.0",
       "\"rope_theta\":10000.0,\"rope_scaling\":{\"rope_type\":\"spiral\"}",
       "rope type 'spiral' is not supported; supported: default linear llama3 yarn longrope"},
      {"\"rope_theta\":10000.0",
       "\"rope_theta\":10000.0,\"rope_scaling\":{\"type\":\"linear\",\"factor\":2.0,\"wobble\":1}",
       "key 'rope_scaling.wobble' is not understood"},
      {"\"rope_theta\":10000.0", "\"rope_theta\":10000.0,\"attention_bias\":true",
       "key 'attention_bias'"},
      {"\"rope_theta\":10000.0",
       "\"rope_theta\":10000.0,\"quantization_config\":{\"quant_method\":\"awq\"}",
       "method 'awq' is not supported; supported: fp8 mxfp4"},
      {"\"rope_theta\":10000.0",
       "\"rope_theta\":10000.0,\"rope_parameters\":{\"partial_rotary_factor\":0.5}",
       "key 'rope_parameters.partial_rotary_factor': expected 1.0, got 0.5"},
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
    EXPECT_THAT(e.message(), HasSubstr("does the configuration belong to these weights?"));
  }
}

struct Published {
  const char* name;
  const char* config;
  std::uint64_t total;  ///< as its page counts the tensors, layers that draft left out
};

/// Shapes of published checkpoints.
constexpr Published kPublished[] = {
    {"OLMoE-1B-7B",
     R"({"architectures":["OlmoeForCausalLM"],"attention_bias":false,"clip_qkv":null,
"eos_token_id":50279,"hidden_act":"silu","hidden_size":2048,"intermediate_size":1024,
"max_position_embeddings":4096,"model_type":"olmoe","norm_topk_prob":false,
"num_attention_heads":16,"num_experts":64,"num_experts_per_tok":8,"num_hidden_layers":16,
"num_key_value_heads":16,"output_router_logits":false,"pad_token_id":1,"rms_norm_eps":1e-05,
"rope_scaling":null,"rope_theta":10000.0,"router_aux_loss_coef":0.01,
"tie_word_embeddings":false,"vocab_size":50304})",
     6'919'161'856},
    {"Qwen3-30B-A3B",
     R"({"architectures":["Qwen3MoeForCausalLM"],"attention_bias":false,"bos_token_id":151643,
"decoder_sparse_step":1,"eos_token_id":151645,"head_dim":128,"hidden_act":"silu",
"hidden_size":2048,"intermediate_size":6144,"max_position_embeddings":40960,
"max_window_layers":48,"mlp_only_layers":[],"model_type":"qwen3_moe","moe_intermediate_size":768,
"norm_topk_prob":true,"num_attention_heads":32,"num_experts":128,"num_experts_per_tok":8,
"num_hidden_layers":48,"num_key_value_heads":4,"rms_norm_eps":1e-06,"rope_scaling":null,
"rope_theta":1000000.0,"sliding_window":null,"tie_word_embeddings":false,
"use_sliding_window":false,"vocab_size":151936})",
     30'532'122'624},
    {"Qwen3-Coder-30B-A3B",
     R"({"architectures":["Qwen3MoeForCausalLM"],"attention_dropout":0.0,"decoder_sparse_step":1,
"eos_token_id":151645,"head_dim":128,"hidden_act":"silu","hidden_size":2048,
"intermediate_size":5472,"max_position_embeddings":262144,"max_window_layers":28,
"mlp_only_layers":[],"model_type":"qwen3_moe","moe_intermediate_size":768,"norm_topk_prob":true,
"num_attention_heads":32,"num_experts":128,"num_experts_per_tok":8,"num_hidden_layers":48,
"num_key_value_heads":4,"qkv_bias":false,"rms_norm_eps":1e-06,"rope_scaling":null,
"rope_theta":10000000,"shared_expert_intermediate_size":0,"sliding_window":null,
"tie_word_embeddings":false,"use_qk_norm":true,"use_sliding_window":false,"vocab_size":151936})",
     30'532'122'624},
    {"SmolLM2-135M-Instruct",
     R"({"architectures":["LlamaForCausalLM"],"attention_bias":false,"bos_token_id":1,
"eos_token_id":2,"hidden_act":"silu","hidden_size":576,"intermediate_size":1536,
"is_llama_config":true,"max_position_embeddings":8192,"mlp_bias":false,"model_type":"llama",
"num_attention_heads":9,"num_hidden_layers":30,"num_key_value_heads":3,"pad_token_id":2,
"pretraining_tp":1,"rms_norm_eps":1e-05,"rope_interleaved":false,"rope_scaling":null,
"rope_theta":100000,"tie_word_embeddings":true,"transformers.js_config":{"dtype":"q4"},
"vocab_size":49152})",
     134'515'008},
    {"Phi-3.5-MoE",
     R"({"architectures":["PhiMoEForCausalLM"],"attention_bias":true,"bos_token_id":1,
"eos_token_id":32000,"hidden_act":"silu","hidden_dropout":0.0,"hidden_size":4096,
"attention_dropout":0.0,"input_jitter_noise":0.01,
"intermediate_size":6400,"lm_head_bias":true,"max_position_embeddings":131072,
"model_type":"phimoe","num_attention_heads":32,"num_experts_per_tok":2,"num_hidden_layers":32,
"num_key_value_heads":8,"num_local_experts":16,"original_max_position_embeddings":4096,
"rms_norm_eps":1e-05,"rope_theta":10000.0,"router_jitter_noise":0.01,"sliding_window":131072,
"tie_word_embeddings":false,"vocab_size":32064})",
     41'873'153'344},
    {"DeepSeek-V3",
     R"({"architectures":["DeepseekV3ForCausalLM"],"attention_bias":false,"aux_loss_alpha":0.001,
"bos_token_id":0,"eos_token_id":1,"ep_size":1,"first_k_dense_replace":3,"hidden_act":"silu",
"hidden_size":7168,"intermediate_size":18432,"kv_lora_rank":512,
"max_position_embeddings":163840,"model_type":"deepseek_v3","moe_intermediate_size":2048,
"moe_layer_freq":1,"n_group":8,"n_routed_experts":256,"n_shared_experts":1,
"norm_topk_prob":true,"num_attention_heads":128,"num_experts_per_tok":8,"num_hidden_layers":61,
"num_key_value_heads":128,"num_nextn_predict_layers":1,"pretraining_tp":1,"q_lora_rank":1536,
"qk_nope_head_dim":128,"qk_rope_head_dim":64,"rms_norm_eps":1e-06,
"rope_scaling":{"beta_fast":32,"beta_slow":1,"factor":40,"mscale":1.0,"mscale_all_dim":1.0,
"original_max_position_embeddings":4096,"type":"yarn"},"rope_theta":10000,
"routed_scaling_factor":2.5,"scoring_func":"sigmoid","seq_aux":true,"tie_word_embeddings":false,
"topk_group":4,"topk_method":"noaux_tc","v_head_dim":128,"vocab_size":129280})",
     671'026'419'200},
    {"gpt-oss-20b",
     R"({"architectures":["GptOssForCausalLM"],"attention_bias":true,"eos_token_id":200002,
"experts_per_token":4,"head_dim":64,"hidden_act":"silu","hidden_size":2880,
"initial_context_length":4096,"intermediate_size":2880,"layer_types":["sliding_attention",
"full_attention","sliding_attention","full_attention","sliding_attention","full_attention",
"sliding_attention","full_attention","sliding_attention","full_attention","sliding_attention",
"full_attention","sliding_attention","full_attention","sliding_attention","full_attention",
"sliding_attention","full_attention","sliding_attention","full_attention","sliding_attention",
"full_attention","sliding_attention","full_attention"],"max_position_embeddings":131072,
"model_type":"gpt_oss","num_attention_heads":64,"num_experts_per_tok":4,"num_hidden_layers":24,
"num_key_value_heads":8,"num_local_experts":32,"rms_norm_eps":1e-05,"rope_scaling":{
"beta_fast":32.0,"beta_slow":1.0,"factor":32.0,"original_max_position_embeddings":4096,
"rope_type":"yarn","truncate":false},"rope_theta":150000,"sliding_window":128,
"swiglu_limit":7.0,"tie_word_embeddings":false,"vocab_size":201088})",
     20'914'757'184},
};

TEST(Config, PublishedConfigurationsAreReadAndCounted) {
  for (const Published& model : kPublished) {
    EXPECT_EQ(count_parameters(read(model.config)).total, model.total) << model.name;
  }
}

}  // namespace
}  // namespace moescope::model

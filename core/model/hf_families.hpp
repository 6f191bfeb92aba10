#pragma once

#include "core/base/json.hpp"
#include "core/model/config.hpp"

/// What each family adds to the common keys of config.json. All are called with the shape, the
/// norm's epsilon and the rope's default read.
namespace moescope::model::hf {

void read_llama(const JsonNode& config, ModelConfig& out);
void read_mistral(const JsonNode& config, ModelConfig& out);
void read_mixtral(const JsonNode& config, ModelConfig& out);
void read_olmoe(const JsonNode& config, ModelConfig& out);
void read_qwen2_moe(const JsonNode& config, ModelConfig& out);
void read_qwen3(const JsonNode& config, ModelConfig& out);
void read_qwen3_moe(const JsonNode& config, ModelConfig& out);
void read_granitemoe(const JsonNode& config, ModelConfig& out);
void read_phimoe(const JsonNode& config, ModelConfig& out);
void read_deepseek_v2(const JsonNode& config, ModelConfig& out);
void read_deepseek_v3(const JsonNode& config, ModelConfig& out);
void read_glm4_moe(const JsonNode& config, ModelConfig& out);
void read_gpt_oss(const JsonNode& config, ModelConfig& out);

}  // namespace moescope::model::hf

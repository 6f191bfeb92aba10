#include "core/model/architecture.hpp"

#include <fmt/format.h>

#include <array>

#include "core/base/error.hpp"
#include "core/base/escape.hpp"
#include "core/hooks/name_pattern.hpp"

namespace moescope::model {
namespace {

void read_dense(const JsonNode&, ModelConfig& out) {
  out.routes.assign(out.n_layer, false);
}

void read_mixtral(const JsonNode& config, ModelConfig& out) {
  out.gating.n_expert = config.at("num_local_experts").uint(1, 4096);
  out.gating.top_k = config.at("num_experts_per_tok").uint(1, out.gating.n_expert);
  out.gating.score = ScoreFunction::kSoftmax;
  out.gating.renormalise = true;
  out.routes.assign(out.n_layer, true);
}

constexpr std::array<std::string_view, 2> kMixtralKeys{"num_local_experts", "num_experts_per_tok"};

constexpr std::array<Architecture, 3> kArchitectures{{
    {"mixtral", "MixtralForCausalLM", "top-k softmax mixture of experts in every layer",
     read_mixtral, kMixtralKeys, TensorNames{}},
    {"mistral",
     "MistralForCausalLM",
     "dense, grouped-query attention, sliding window",
     read_dense,
     {},
     TensorNames{}},
    {"llama",
     "LlamaForCausalLM",
     "dense, grouped-query attention, llama3 rope scaling",
     read_dense,
     {},
     TensorNames{}},
}};

[[noreturn]] void refuse_family(const JsonNode& config, std::string_view got) {
  std::string known;
  for (const Architecture& row : kArchitectures) known += fmt::format(" {}", row.hf_class);
  fail(ErrorCode::kBadInput, "{}: architecture '{}' is not supported; supported:{}", config.where(),
       escape_terminal(got.substr(0, 200)), known);
}

}  // namespace

std::span<const Architecture> architectures() {
  return kArchitectures;
}

const Architecture& architecture_of(const JsonNode& config) {
  if (const auto classes = config.find("architectures")) {
    const auto items = classes->items();
    if (items.size() != 1) classes->expected("one class name");
    const std::string name = items[0].string();
    for (const Architecture& row : kArchitectures)
      if (row.hf_class == name) return row;
    refuse_family(config, name);
  }
  const std::string type = config.at("model_type").string();
  for (const Architecture& row : kArchitectures)
    if (row.family == type) return row;
  refuse_family(config, type);
}

const Architecture& architecture_named(std::string_view family) {
  for (const Architecture& row : kArchitectures)
    if (row.family == family) return row;
  fail(ErrorCode::kBadInput, "family '{}' is not in the architecture table", family);
}

std::string tensor_name(std::string_view pattern, LayerIdx layer, ExpertIdx expert) {
  return hooks::fill_pattern(pattern, layer, expert);
}

}  // namespace moescope::model

#include <array>
#include <cmath>
#include <optional>

#include "core/base/escape.hpp"
#include "core/kernels/math64.hpp"
#include "core/model/hf_keys.hpp"

namespace moescope::model {
namespace {

struct KindName {
  std::string_view name;
  RopeKind kind;
};

constexpr std::array kKinds{
    KindName{"default", RopeKind::kDefault}, KindName{"linear", RopeKind::kLinear},
    KindName{"llama3", RopeKind::kLlama3}, KindName{"yarn", RopeKind::kYarn},
    KindName{"longrope", RopeKind::kLongRope}};

/// Keys of a scaling object that some kind reads; any other one may change the numbers.
constexpr std::array kKnownKeys = std::to_array<std::string_view>(
    {"rope_type", "type", "rope_theta", "factor", "low_freq_factor", "high_freq_factor",
     "original_max_position_embeddings", "beta_fast", "beta_slow", "mscale", "mscale_all_dim",
     "attention_factor", "truncate", "short_factor", "long_factor", "short_mscale", "long_mscale",
     "partial_rotary_factor"});

void refuse_unknown_keys(const JsonNode& scaling) {
  for (const auto& [key, value] : scaling.value().items()) {
    bool known = value.is_null();
    for (const std::string_view name : kKnownKeys) known = known || name == key;
    if (!known)
      fail(ErrorCode::kBadInput, "{}: key {} is not understood and may change the numbers",
           scaling.where(), quoted_name(fmt::format("{}.{}", scaling.path(), key)));
  }
}

RopeKind read_kind(const JsonNode& scaling) {
  std::string name = "default";
  if (const auto type = scaling.find("rope_type"))
    name = type->string();
  else if (const auto old = scaling.find("type"))
    name = old->string();
  std::string known;
  for (const KindName& row : kKinds) {
    if (row.name == name) return row.kind;
    known += fmt::format(" {}", row.name);
  }
  fail(ErrorCode::kBadInput, "{}: rope type '{}' is not supported; supported:{}", scaling.where(),
       escape_terminal(name), known);
}

void read_llama3(const JsonNode& scaling, Rope& rope) {
  rope.factor = finite(scaling.at("factor"), 1.0, 1e6);
  rope.low_freq_factor = finite(scaling.at("low_freq_factor"), 1e-6, 1e6);
  rope.high_freq_factor = finite(scaling.at("high_freq_factor"), 1e-6, 1e6);
  if (rope.high_freq_factor <= rope.low_freq_factor)
    scaling.at("high_freq_factor").expected("more than low_freq_factor");
  rope.original_context = scaling.at("original_max_position_embeddings").uint(1, 1u << 24);
}

/// The same bits on every machine, which std::log does not promise.
float log_of(float x) {
  return static_cast<float>(kernels::log_f64(static_cast<double>(x)));
}

/// 0.1 m ln(factor) + 1, as YaRN scales attention.
float yarn_magnitude(float factor, float m) {
  return factor <= 1.0f ? 1.0f : 0.1f * m * log_of(factor) + 1.0f;
}

void read_yarn(const JsonNode& scaling, std::size_t n_context, Rope& rope) {
  rope.factor = finite(scaling.at("factor"), 1.0, 1e6);
  rope.original_context =
      count_or(scaling, "original_max_position_embeddings", n_context, 1, 1u << 26);
  rope.beta_fast = finite_or(scaling, "beta_fast", 32.0f, 1e-6, 1e6);
  rope.beta_slow = finite_or(scaling, "beta_slow", 1.0f, 1e-6, 1e6);
  rope.truncate = flag_or(scaling, "truncate", true);
  const float m = finite_or(scaling, "mscale", 0.0f, 0.0, 1e3);
  const float m_all = finite_or(scaling, "mscale_all_dim", 0.0f, 0.0, 1e3);
  if (const auto given = scaling.find("attention_factor"))
    rope.magnitude = finite(*given, 1e-6, 1e6);
  else if (m > 0.0f && m_all > 0.0f)
    rope.magnitude = yarn_magnitude(rope.factor, m) / yarn_magnitude(rope.factor, m_all);
  else
    rope.magnitude = yarn_magnitude(rope.factor, 1.0f);
}

std::vector<float> read_factors(const JsonNode& node, std::size_t n) {
  std::vector<float> out;
  for (const JsonNode& item : node.items()) out.push_back(finite(item, 1e-6, 1e6));
  if (out.size() != n) node.expected(fmt::format("an array of {}", n));
  return out;
}

/// As Phi-3.5-MoE has it. Other families' long ropes take their magnitude and original context from
/// elsewhere; they lack these keys and are refused.
void read_longrope(const JsonNode& config, const JsonNode& scaling, std::size_t n_context,
                   Rope& rope) {
  rope.short_factor = read_factors(scaling.at("short_factor"), rope.d_rotary / 2);
  rope.long_factor = read_factors(scaling.at("long_factor"), rope.d_rotary / 2);
  rope.magnitude = finite(scaling.at("short_mscale"), 1e-6, 1e6);
  rope.long_magnitude = finite(scaling.at("long_mscale"), 1e-6, 1e6);
  const std::size_t outside =
      count_or(config, "original_max_position_embeddings", n_context, 1, 1u << 26);
  rope.original_context =
      count_or(scaling, "original_max_position_embeddings", outside, 1, 1u << 26);
}

void read_scaling(const JsonNode& config, const JsonNode& scaling, std::size_t n_context,
                  Rope& rope) {
  refuse_unknown_keys(scaling);
  rope.theta = finite_or(scaling, "rope_theta", rope.theta, 1.0, 1e12);
  rope.kind = read_kind(scaling);
  switch (rope.kind) {
    case RopeKind::kDefault:
      break;
    case RopeKind::kLinear:
      rope.factor = finite(scaling.at("factor"), 1.0, 1e6);
      break;
    case RopeKind::kLlama3:
      read_llama3(scaling, rope);
      break;
    case RopeKind::kYarn:
      read_yarn(scaling, n_context, rope);
      break;
    case RopeKind::kLongRope:
      read_longrope(config, scaling, n_context, rope);
      break;
  }
}

}  // namespace

Rope read_rope(const JsonNode& config, float default_theta, std::size_t d_rotary,
               std::size_t n_context) {
  Rope rope;
  rope.d_rotary = d_rotary;
  rope.theta = finite_or(config, "rope_theta", default_theta, 1.0, 1e12);
  for (const char* key : {"rope_scaling", "rope_parameters"})
    if (const auto scaling = config.find(key)) read_scaling(config, *scaling, n_context, rope);
  return rope;
}

}  // namespace moescope::model

#include <fmt/format.h>

#include <string>

#include "core/kernels/math64.hpp"
#include "core/model/gguf_families.hpp"

namespace moescope::model {
namespace {

float log_of(float x) {
  return static_cast<float>(kernels::log_f64(static_cast<double>(x)));
}

/// Angles that the file gives as tensors: one set for all lengths, or one for short and one for
/// long sequences.
void read_rope_factors(const GgufSource& in, Rope& rope) {
  const std::size_t n = rope.d_rotary / 2;
  if (in.has_tensor("rope_freqs.weight")) {
    rope.kind = RopeKind::kLongRope;
    rope.short_factor = rope.long_factor = in.factors("rope_freqs.weight", n);
    return;
  }
  if (!in.has_tensor("rope_factors_short.weight")) return;
  rope.kind = RopeKind::kLongRope;
  rope.short_factor = in.factors("rope_factors_short.weight", n);
  rope.long_factor = in.factors("rope_factors_long.weight", n);
  rope.original_context = in.count("rope.scaling.original_context_length", 1, 1u << 26);
  rope.magnitude = in.number("rope.scaling.attn_factor", 1e-6, 1e6).value_or(1.0f);
  rope.long_magnitude = rope.magnitude;
}

void read_yarn(const GgufSource& in, ModelConfig& out) {
  Rope& rope = out.rope;
  rope.kind = RopeKind::kYarn;
  rope.factor = in.number("rope.scaling.factor", 1.0, 1e6).value_or(1.0f);
  rope.original_context =
      in.count_or("rope.scaling.original_context_length", out.n_context, 1, 1u << 26);
  rope.beta_fast = in.number("rope.scaling.yarn_beta_fast", 1e-6, 1e6).value_or(32.0f);
  rope.beta_slow = in.number("rope.scaling.yarn_beta_slow", 1e-6, 1e6).value_or(1.0f);
  rope.magnitude = rope.factor <= 1.0f ? 1.0f : 0.1f * log_of(rope.factor) + 1.0f;
  const auto multiplier = in.number("rope.scaling.yarn_log_multiplier", 0.0, 1e3);
  if (!multiplier || rope.factor <= 1.0f) return;
  const float magnitude = *multiplier * log_of(rope.factor) + 1.0f;
  out.attention.scale *= magnitude * magnitude;
  rope.magnitude = 1.0f;  // both of the model's factors are equal, and their ratio is 1
}

}  // namespace

void read_gguf_rope(const GgufSource& in, std::size_t d_rotary, ModelConfig& out) {
  constexpr float kUsualTheta = 1e4f;
  out.rope.d_rotary = in.count_or("rope.dimension_count", d_rotary, 2, d_rotary);
  if (out.rope.d_rotary % 2 != 0)
    in.metadata().expected(in.key("rope.dimension_count"), "an even number");
  out.rope.theta = in.number("rope.freq_base", 1.0, 1e12).value_or(kUsualTheta);
  const std::string kind(in.metadata().find_string(in.key("rope.scaling.type")).value_or("none"));
  if (kind == "yarn") {
    read_yarn(in, out);
  } else if (kind == "linear") {
    out.rope.kind = RopeKind::kLinear;
    out.rope.factor = in.number("rope.scaling.factor", 1.0, 1e6).value_or(1.0f);
  } else if (kind != "none" && kind != "longrope") {
    in.metadata().expected(in.key("rope.scaling.type"), "none, linear, yarn or longrope");
  }
  read_rope_factors(in, out.rope);
  if (kind == "longrope" && out.rope.kind != RopeKind::kLongRope)
    in.metadata().expected(in.key("rope.scaling.type"),
                           "tensor 'rope_factors_short.weight' beside longrope");
}

}  // namespace moescope::model

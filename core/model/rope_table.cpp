#include "core/model/rope_table.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/kernels/math64.hpp"

namespace moescope::model {
namespace {

float scale_llama3(float frequency, const Rope& rope) {
  const auto original = static_cast<float>(rope.original_context);
  const float wavelength = 2.0f * std::numbers::pi_v<float> / frequency;
  if (wavelength < original / rope.high_freq_factor) return frequency;
  if (wavelength > original / rope.low_freq_factor) return frequency / rope.factor;
  const float smooth = (original / wavelength - rope.low_freq_factor) /
                       (rope.high_freq_factor - rope.low_freq_factor);
  return (1.0f - smooth) * frequency / rope.factor + smooth * frequency;
}

/// The dimension that turns `rotations` times within the original context.
double yarn_dimension(const Rope& rope, float rotations) {
  const double turns = static_cast<double>(rope.original_context) /
                       (static_cast<double>(rotations) * 2.0 * std::numbers::pi);
  return static_cast<double>(rope.d_rotary) * kernels::log_f64(turns) /
         (2.0 * kernels::log_f64(static_cast<double>(rope.theta)));
}

/// Fast dimensions keep their frequency, slow ones are divided by the factor, with a ramp between.
float scale_yarn(float power, std::size_t i, const Rope& rope) {
  double low = yarn_dimension(rope, rope.beta_fast);
  double high = yarn_dimension(rope, rope.beta_slow);
  if (rope.truncate) {
    low = std::floor(low);
    high = std::ceil(high);
  }
  low = std::max(low, 0.0);
  high = std::min(high, static_cast<double>(rope.d_rotary) - 1.0);
  if (low == high) high += 0.001;
  const auto from = static_cast<float>(low);
  const auto width = static_cast<float>(high - low);
  const float ramp = std::clamp((static_cast<float>(i) - from) / width, 0.0f, 1.0f);
  const float keeps = 1.0f - ramp;
  return 1.0f / (rope.factor * power) * (1.0f - keeps) + 1.0f / power * keeps;
}

}  // namespace

std::vector<float> rope_frequencies(const Rope& rope, bool is_long) {
  std::vector<float> out(rope.d_rotary / 2);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const float exponent = static_cast<float>(2 * i) / static_cast<float>(rope.d_rotary);
    const double log_base =
        static_cast<double>(exponent) * kernels::log_f64(static_cast<double>(rope.theta));
    const auto power = static_cast<float>(1.0 / kernels::exp_f64(-log_base));
    switch (rope.kind) {
      case RopeKind::kDefault:
        out[i] = 1.0f / power;
        break;
      case RopeKind::kLinear:
        out[i] = 1.0f / power / rope.factor;
        break;
      case RopeKind::kLlama3:
        out[i] = scale_llama3(1.0f / power, rope);
        break;
      case RopeKind::kYarn:
        out[i] = scale_yarn(power, i, rope);
        break;
      case RopeKind::kLongRope:
        out[i] = 1.0f / ((is_long ? rope.long_factor : rope.short_factor)[i] * power);
        break;
    }
  }
  return out;
}

void RopeTable::extend(std::size_t n_position) {
  const std::size_t half = frequency_.size();
  for (std::size_t pos = cos_.size() / half; pos < n_position; ++pos) {
    for (const float frequency : frequency_) {
      const double angle = static_cast<float>(pos) * frequency;
      const kernels::SinCos turned = kernels::sin_cos_f64(angle);
      cos_.push_back(static_cast<float>(turned.cos) * magnitude_);
      sin_.push_back(static_cast<float>(turned.sin) * magnitude_);
    }
  }
}

std::span<const float> RopeTable::cos(std::size_t position) const {
  return {cos_.data() + position * frequency_.size(), frequency_.size()};
}

std::span<const float> RopeTable::sin(std::size_t position) const {
  return {sin_.data() + position * frequency_.size(), frequency_.size()};
}

bool turns_by_long_factors(const Rope& rope, std::size_t n_position) {
  return rope.kind == RopeKind::kLongRope && rope.original_context > 0 &&
         n_position > rope.original_context;
}

RopeTables::RopeTables(const Rope& rope)
    : rope_(rope),
      usual_(rope_frequencies(rope), rope.magnitude),
      long_(rope_frequencies(rope, true),
            rope.kind == RopeKind::kLongRope ? rope.long_magnitude : rope.magnitude) {}

RopeTable& RopeTables::of(std::size_t n_position) {
  return turns_by_long_factors(rope_, n_position) ? long_ : usual_;
}

}  // namespace moescope::model

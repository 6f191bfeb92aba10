#include "core/model/rope_table.hpp"

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

}  // namespace

std::vector<float> rope_frequencies(const Rope& rope, std::size_t d_head) {
  std::vector<float> out(d_head / 2);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const float exponent = static_cast<float>(2 * i) / static_cast<float>(d_head);
    const double log_base =
        static_cast<double>(exponent) * kernels::log_f64(static_cast<double>(rope.theta));
    const auto base = static_cast<float>(1.0 / kernels::exp_f64(-log_base));
    const float frequency = 1.0f / base;
    switch (rope.kind) {
      case RopeKind::kDefault:
        out[i] = frequency;
        break;
      case RopeKind::kLinear:
        out[i] = frequency / rope.factor;
        break;
      case RopeKind::kLlama3:
        out[i] = scale_llama3(frequency, rope);
        break;
    }
  }
  return out;
}

RopeTable::RopeTable(const Rope& rope, std::size_t d_head)
    : frequency_(rope_frequencies(rope, d_head)) {}

void RopeTable::extend(std::size_t n_position) {
  const std::size_t half = frequency_.size();
  for (std::size_t pos = cos_.size() / half; pos < n_position; ++pos) {
    for (const float frequency : frequency_) {
      const double angle = static_cast<float>(pos) * frequency;
      const kernels::SinCos turned = kernels::sin_cos_f64(angle);
      cos_.push_back(static_cast<float>(turned.cos));
      sin_.push_back(static_cast<float>(turned.sin));
    }
  }
}

std::span<const float> RopeTable::cos(std::size_t position) const {
  return {cos_.data() + position * frequency_.size(), frequency_.size()};
}

std::span<const float> RopeTable::sin(std::size_t position) const {
  return {sin_.data() + position * frequency_.size(), frequency_.size()};
}

}  // namespace moescope::model

#include "core/trace/expert_means.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/base/error.hpp"
#include "core/base/escape.hpp"
#include "core/formats/safetensors.hpp"
#include "core/formats/safetensors_writer.hpp"
#include "core/model/architecture.hpp"

namespace moescope::trace {
namespace {

constexpr double kUnit = 0x1p40;
constexpr double kLargest = 0x1p60;
constexpr std::string_view kHashKey = "model_hash";

std::string entry_name(std::size_t layer, std::size_t expert, std::string_view what) {
  return fmt::format("blocks.{}.mlp.experts.{}.{}", layer, expert, what);
}

}  // namespace

ExpertMeans::ExpertMeans(const model::ModelConfig& config)
    : n_layer_(config.n_layer),
      n_expert_(config.gating.n_expert),
      d_model_(config.d_model),
      count_(n_layer_ * n_expert_),
      sum_(n_layer_ * n_expert_ * d_model_) {}

void ExpertMeans::add(LayerIdx layer, ExpertIdx expert, std::span<const float> output) {
  const std::size_t at = cell(layer, expert);
  ++count_[at];
  for (std::size_t i = 0; i < d_model_; ++i) {
    const double value = std::clamp(static_cast<double>(output[i]), -kLargest, kLargest);
    sum_[at * d_model_ + i] += static_cast<Sum>(std::nearbyint(value * kUnit));
  }
}

std::vector<float> ExpertMeans::mean(LayerIdx layer, ExpertIdx expert) const {
  const std::size_t at = cell(layer, expert);
  std::vector<float> out;
  if (count_[at] == 0) return out;
  for (std::size_t i = 0; i < d_model_; ++i) {
    const double sum = static_cast<double>(sum_[at * d_model_ + i]) / kUnit;
    out.push_back(static_cast<float>(sum / static_cast<double>(count_[at])));
  }
  return out;
}

void ExpertMeans::write(const std::filesystem::path& file, std::string_view model_hash) const {
  std::vector<std::vector<float>> means;
  std::vector<std::int64_t> counts;
  std::vector<std::pair<std::size_t, std::size_t>> places;
  for (std::size_t l = 0; l < n_layer_; ++l)
    for (std::size_t e = 0; e < n_expert_; ++e) {
      if (count(LayerIdx(l), ExpertIdx(e)) == 0) continue;
      means.push_back(mean(LayerIdx(l), ExpertIdx(e)));
      counts.push_back(static_cast<std::int64_t>(count(LayerIdx(l), ExpertIdx(e))));
      places.emplace_back(l, e);
    }
  std::vector<formats::TensorView> tensors;
  for (std::size_t i = 0; i < places.size(); ++i) {
    const auto [l, e] = places[i];
    tensors.push_back({.name = entry_name(l, e, "mean"),
                       .type = ElementType::kF32,
                       .shape = {d_model_},
                       .bytes = std::as_bytes(std::span(means[i]))});
    tensors.push_back({.name = entry_name(l, e, "count"),
                       .type = ElementType::kI64,
                       .shape = {},
                       .bytes = std::as_bytes(std::span(&counts[i], 1))});
  }
  formats::write_safetensors(file, tensors, {{std::string(kHashKey), std::string(model_hash)}});
}

void fill_means(const std::filesystem::path& file, std::string_view model_hash,
                hooks::InterventionPlan& plan) {
  const formats::SafetensorsFile means = formats::SafetensorsFile::open(file);
  const auto hash = means.metadata().find(std::string(kHashKey));
  if (hash == means.metadata().end() || hash->second != model_hash)
    fail(ErrorCode::kBadInput,
         "{}: means of another model: expected model hash {}, got {}; record them again with "
         "--means-out",
         file.string(), model_hash,
         hash == means.metadata().end() ? "none" : escape_terminal(hash->second.substr(0, 80)));
  for (hooks::Intervention& x : plan.items) {
    if (x.kind != hooks::InterventionKind::kMean) continue;
    const std::string name = entry_name(x.layer.value, x.expert.value, "mean");
    const formats::TensorView* mean = means.find(name);
    if (mean == nullptr)
      fail(ErrorCode::kBadInput,
           "{}: has no '{}': no token chose this expert when the means were recorded",
           file.string(), name);
    x.mean = formats::to_f32(*mean);
  }
}

}  // namespace moescope::trace

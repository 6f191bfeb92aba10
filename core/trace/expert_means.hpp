#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/index.hpp"
#include "core/hooks/intervention.hpp"
#include "core/model/config.hpp"

namespace moescope::trace {

/// Adds up each expert's unweighted output over the tokens that chose it. Sums are whole numbers of
/// 2⁻⁴⁰, so that the order of tokens changes no bit.
class ExpertMeans {
 public:
  explicit ExpertMeans(const model::ModelConfig& config);
  /// Shapes: output [d_model]. Values beyond ±2⁶⁰ count as ±2⁶⁰.
  void add(LayerIdx layer, ExpertIdx expert, std::span<const float> output);
  std::uint64_t count(LayerIdx layer, ExpertIdx expert) const {
    return count_[cell(layer, expert)];
  }
  /// Shapes: [d_model]; empty when no token chose the expert.
  std::vector<float> mean(LayerIdx layer, ExpertIdx expert) const;

  /// Writes safetensors: blocks.N.mlp.experts.E.mean [d_model] f32 and .count (i64) for every
  /// expert that some token chose; metadata: model_hash.
  void write(const std::filesystem::path& file, std::string_view model_hash) const;

 private:
  __extension__ using Sum = __int128;
  std::size_t cell(LayerIdx layer, ExpertIdx expert) const {
    return layer.value * n_expert_ + expert.value;
  }

  std::size_t n_layer_, n_expert_, d_model_;
  std::vector<std::uint64_t> count_;  ///< [n_layer, n_expert]
  std::vector<Sum> sum_;              ///< [n_layer, n_expert, d_model]
};

/// Fills the means of a plan's `mean` interventions from such a file.
/// Errors: kUsage: the file was made with another model or has no mean for an expert.
void fill_means(const std::filesystem::path& file, std::string_view model_hash,
                hooks::InterventionPlan& plan);

}  // namespace moescope::trace

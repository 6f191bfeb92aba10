#pragma once

#include <cstddef>
#include <vector>

#include "core/base/rows.hpp"
#include "core/model/config.hpp"

namespace moescope::model {

/// Keys and values of one sequence, f32, for every layer; of latent attention the latents alone.
/// Shapes: [n_layer][n_position][d_cached_key] and [n_layer][n_position][d_cached_value].
class KvCache {
 public:
  KvCache(const ModelConfig& config, std::size_t n_position)
      : n_position_(n_position),
        d_key_(config.d_cached_key()),
        d_value_(config.d_cached_value()),
        key_(config.n_layer * n_position * d_key_),
        value_(config.n_layer * n_position * d_value_) {}

  Rows<float> key(LayerIdx layer) { return plane(key_, d_key_, layer); }
  Rows<float> value(LayerIdx layer) { return plane(value_, d_value_, layer); }

  static std::size_t bytes(const ModelConfig& config, std::size_t n_position) {
    return config.n_layer * n_position * (config.d_cached_key() + config.d_cached_value()) *
           sizeof(float);
  }

 private:
  Rows<float> plane(std::vector<float>& store, std::size_t width, LayerIdx layer) const {
    return {store.data() + layer.value * n_position_ * width, n_position_, width};
  }

  std::size_t n_position_;
  std::size_t d_key_, d_value_;
  std::vector<float> key_, value_;
};

}  // namespace moescope::model

#pragma once

#include <cstddef>
#include <vector>

#include "core/base/rows.hpp"
#include "core/model/config.hpp"

namespace moescope::model {

/// Keys and values of one sequence, f32, for every layer.
/// Shapes: [n_layer][n_position][n_kv_head * d_head], keys and values apart.
class KvCache {
 public:
  KvCache(const ModelConfig& config, std::size_t n_position)
      : n_position_(n_position),
        width_(config.d_key_value()),
        key_(config.n_layer * n_position * width_),
        value_(key_.size()) {}

  Rows<float> key(LayerIdx layer) { return plane(key_, layer); }
  Rows<float> value(LayerIdx layer) { return plane(value_, layer); }

  static std::size_t bytes(const ModelConfig& config, std::size_t n_position) {
    return 2 * config.n_layer * n_position * config.d_key_value() * sizeof(float);
  }

 private:
  Rows<float> plane(std::vector<float>& store, LayerIdx layer) const {
    return {store.data() + layer.value * n_position_ * width_, n_position_, width_};
  }

  std::size_t n_position_;
  std::size_t width_;
  std::vector<float> key_, value_;
};

}  // namespace moescope::model

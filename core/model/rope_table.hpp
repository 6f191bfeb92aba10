#pragma once

#include <span>
#include <vector>

#include "core/model/config.hpp"

namespace moescope::model {

/// Cosines and sines of every position, as the reference computes them: frequencies and angles are
/// rounded to f32, the functions of the rounded angle are exact to f32.
/// Shapes: cos, sin [n_position, d_head / 2].
class RopeTable {
 public:
  RopeTable(const Rope& rope, std::size_t d_head);
  /// Makes the table cover positions below n_position.
  void extend(std::size_t n_position);
  std::span<const float> cos(std::size_t position) const;
  std::span<const float> sin(std::size_t position) const;

 private:
  std::vector<float> frequency_;  ///< [d_head / 2]
  std::vector<float> cos_, sin_;
};

/// Rotation per position of each pair of a head. Shapes: [d_head / 2]. Units: radians a position.
/// Source: RoFormer (Su et al. 2021); llama3 scaling as in transformers' modeling_rope_utils.
std::vector<float> rope_frequencies(const Rope& rope, std::size_t d_head);

}  // namespace moescope::model

#pragma once

#include <span>
#include <vector>

#include "core/model/config.hpp"

namespace moescope::model {

/// Cosines and sines of every position, as the reference computes them: frequencies and angles are
/// rounded to f32, the functions of the rounded angle are exact to f32.
/// Shapes: cos, sin [n_position, d_rotary / 2].
class RopeTable {
 public:
  RopeTable(std::vector<float> frequency, float magnitude)
      : frequency_(std::move(frequency)), magnitude_(magnitude) {}
  /// Makes the table cover positions below n_position.
  void extend(std::size_t n_position);
  std::span<const float> cos(std::size_t position) const;
  std::span<const float> sin(std::size_t position) const;

 private:
  std::vector<float> frequency_;  ///< [d_rotary / 2]
  float magnitude_;
  std::vector<float> cos_, sin_;
};

/// Whether a sequence that is planned to have n_position tokens turns by the long factors.
bool turns_by_long_factors(const Rope& rope, std::size_t n_position);

/// The tables of one model: sequences beyond the original context may turn by other angles.
class RopeTables {
 public:
  explicit RopeTables(const Rope& rope);
  /// The table for a sequence that is planned to have n_position tokens; which one it is does not
  /// change while the sequence grows.
  RopeTable& of(std::size_t n_position);

 private:
  Rope rope_;
  RopeTable usual_, long_;
};

/// Rotation per position of each pair of a head. Shapes: [d_rotary / 2]. Units: radians a position.
/// `is_long` chooses the factors of longrope.
/// Source: RoFormer (Su et al. 2021); llama3 scaling as in transformers' modeling_rope_utils; YaRN
/// (arXiv 2309.00071), section 3.2; LongRoPE (arXiv 2402.13753).
std::vector<float> rope_frequencies(const Rope& rope, bool is_long = false);

}  // namespace moescope::model

#pragma once

#include <span>

#include "core/base/rows.hpp"

namespace moescope::kernels {

/// Attends with one query head over the keys of one key-value head.
/// score = scale · (q · k_j); p = softmax(score); out = sum over j, in rising order, of p_j v_j.
/// Shapes: q [d_head]; k [n_key, d_head]; v [n_key, d_value]; score_scratch [≥ n_key]; out
/// [d_value].
///         n_key > 0. On return score_scratch[0, n_key) holds p.
/// Returns log(sum over j of exp(score_j)).
float attend(std::span<const float> q, Rows<const float> k, Rows<const float> v, float scale,
             std::span<float> score_scratch, std::span<float> out) noexcept;

}  // namespace moescope::kernels

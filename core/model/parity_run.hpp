#pragma once

#include <cstdint>
#include <vector>

#include "core/hooks/event.hpp"
#include "core/model/model.hpp"

namespace moescope::model {

/// All that our own run of one sequence yields, in the reference's shapes.
struct Observed {
  std::vector<std::vector<float>> logits_first;                 ///< [position][first entries]
  std::vector<hooks::Prediction> prediction;                    ///< [position]
  std::vector<std::vector<double>> norm;                        ///< [n_layer + 1][position]
  std::vector<std::vector<std::vector<float>>> router_logits;   ///< [n_route][position][n_expert]
  std::vector<std::vector<std::vector<std::uint32_t>>> expert;  ///< [n_route][position][top_k]
  std::vector<std::vector<std::vector<float>>> weight;          ///< [n_route][position][top_k]
  std::vector<std::vector<double>> margin;                      ///< [n_route][position]
};

/// Runs whole sequences of token ids and keeps what a reference may hold of them.
/// Errors: kBadInput: a sequence that cannot run.
std::vector<Observed> observe(const Model& model, const std::vector<std::vector<TokenId>>& ids);

}  // namespace moescope::model

#pragma once

#include <filesystem>
#include <vector>

#include "core/formats/weight_files.hpp"
#include "core/kernels/matrix.hpp"
#include "core/model/architecture.hpp"
#include "core/model/config.hpp"

namespace moescope::model {

using kernels::Matrix;

/// A gated MLP: down(silu(gate(x)) · up(x)). Shapes: gate, up [d_expert, d_model]; down [d_model,
/// d_expert].
struct MlpWeights {
  Matrix gate, up, down;
};

/// One layer. Norms are small and kept as f32; matrices are views of the mapped file.
struct LayerWeights {
  std::vector<float> attn_norm;    ///< [d_model]
  Matrix query;                    ///< [n_head * d_head, d_model]
  Matrix key, value;               ///< [n_kv_head * d_head, d_model]
  Matrix attn_out;                 ///< [d_model, n_head * d_head]
  std::vector<float> mlp_norm;     ///< [d_model]
  MlpWeights mlp;                  ///< where the layer does not route
  Matrix router;                   ///< [n_expert, d_model], where it does
  std::vector<MlpWeights> expert;  ///< [n_expert]
};

struct Weights {
  Matrix embed;                     ///< [n_vocab, d_model]
  std::vector<LayerWeights> layer;  ///< [n_layer]
  std::vector<float> final_norm;    ///< [d_model]
  Matrix unembed;                   ///< [n_vocab, d_model]; the embedding where the two are tied
};

/// Views of the files' tensors by role. The files must outlive the result.
/// Errors: kBadInput: a tensor that is missing, of another shape or of a type the kernels lack; a
/// tensor that no role takes.
Weights bind_weights(const formats::WeightFiles& files, const Architecture& family,
                     const ModelConfig& config);

/// Parameters by arithmetic on shapes. Units: parameters.
struct ParameterCounts {
  std::uint64_t total = 0;
  std::uint64_t active = 0;      ///< that one token passes through
  std::uint64_t per_expert = 0;  ///< 0 in a dense model
};

ParameterCounts count_parameters(const ModelConfig& config);

}  // namespace moescope::model

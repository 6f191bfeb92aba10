#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "core/formats/weight_files.hpp"
#include "core/kernels/matrix.hpp"
#include "core/model/architecture.hpp"
#include "core/model/config.hpp"

namespace moescope::model {

using kernels::Matrix;

/// x ↦ w x + bias. Shapes: w [n_out, n_in]; bias [n_out], or empty.
struct Projection {
  Matrix w;
  std::vector<float> bias;
};

/// Shapes: weight [n]; bias [n] for layer norm, else empty.
struct NormWeights {
  std::vector<float> weight, bias;
};

/// A gated MLP: down(activation(gate(x), up(x))). Shapes: gate, up [d_hidden, d_model]; down
/// [d_model, d_hidden]. Where `gate` holds both, its rows are gate and up in turn, and `up` is
/// empty.
struct MlpWeights {
  Projection gate, up, down;
};

/// Queries, keys and values by heads, or the projections of latent attention.
struct AttentionWeights {
  Projection query;                  ///< [n_head * d_head, d_model], or of the query's latent
  Projection key, value;             ///< [n_kv_head * d_head, d_model]
  Projection out;                    ///< [d_model, n_head * d_head], or of d_value
  NormWeights query_norm, key_norm;  ///< [width of a head, or of all heads]
  std::vector<float> sinks;          ///< [n_head]
  Projection query_down;             ///< [query_rank, d_model]
  NormWeights query_down_norm;       ///< [query_rank]
  Projection latent_down;            ///< [rank + d_rope, d_model]
  NormWeights latent_norm;           ///< [rank]
  Matrix latent_up;                  ///< [n_head * (d_nope + d_value), rank], or nothing and
  std::vector<Matrix> latent_key;    ///< [n_head][rank, d_nope]
  std::vector<Matrix> latent_value;  ///< [n_head][d_value, rank] of its own
};

/// What a layer that routes has. Shapes: router [n_expert, d_model].
struct MoeWeights {
  Projection router;
  std::vector<float> selection_bias;  ///< [n_expert]
  std::vector<MlpWeights> expert;     ///< [n_expert]
  MlpWeights shared;
  Projection shared_weigher;  ///< [1, d_model]
};

/// One layer. Norms and biases are small and kept as f32; matrices are views of the mapped file.
struct LayerWeights {
  NormWeights attn_norm;  ///< [d_model]
  AttentionWeights attention;
  NormWeights mlp_norm;  ///< [d_model]
  MlpWeights mlp;        ///< where the layer does not route
  MoeWeights moe;        ///< where it does
};

/// A copy of a tensor that no kernel can read as it lies.
using OwnedBytes = std::vector<std::byte>;

struct Weights {
  Matrix embed;                     ///< [n_vocab, d_model]
  std::vector<LayerWeights> layer;  ///< [n_layer]
  NormWeights final_norm;           ///< [d_model]
  Projection unembed;               ///< [n_vocab, d_model]; the embedding where the two are tied
  std::vector<std::unique_ptr<OwnedBytes>> owned;
};

/// Views of the files' tensors by role. The files must outlive the result.
/// Errors: kBadInput: a tensor that is missing, of another shape or of a type the kernels lack; a
/// tensor that no role takes.
Weights bind_weights(const formats::WeightFiles& files, const TensorNames& names,
                     const ModelConfig& config);

/// Parameters by arithmetic on shapes. Units: parameters.
struct ParameterCounts {
  std::uint64_t total = 0;
  std::uint64_t active = 0;      ///< that one token passes through
  std::uint64_t per_expert = 0;  ///< 0 in a dense model
};

ParameterCounts count_parameters(const ModelConfig& config);

}  // namespace moescope::model

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/index.hpp"
#include "core/hooks/site.hpp"

namespace moescope::model {

/// How a router turns its logits into chosen experts and applied weights.
enum class ScoreFunction : std::uint8_t {
  kSoftmax,  ///< softmax over all experts
  kSigmoid,  ///< each expert on its own
};

/// What the score of a group of experts is, where only some groups may be chosen from.
enum class GroupScore : std::uint8_t {
  kMax,     ///< its best expert's score
  kTopTwo,  ///< the sum of its two best experts' selection scores
};

struct Gating {
  std::size_t n_expert = 0;
  std::size_t top_k = 0;
  ScoreFunction score = ScoreFunction::kSoftmax;
  bool logit_bias = false;      ///< the router adds a bias to its logits
  bool selection_bias = false;  ///< scores plus a bias decide the choice, scores alone the weights
  std::size_t n_group = 1;      ///< experts stand in groups of equal size, in order
  std::size_t top_group = 1;    ///< groups that experts may be chosen from
  GroupScore group_score = GroupScore::kMax;
  /// Sparse mixer: each choice is weighed by a softmax over the experts whose logits come as near
  /// to the best one left as this allows; above 0, top_k is 2.
  float mixer_jitter = 0.0f;
  bool renormalise = true;  ///< chosen weights divided by their sum
  float scaling = 1.0f;     ///< applied after renormalisation
  bool operator==(const Gating&) const = default;
};

enum class RopeKind : std::uint8_t { kDefault, kLinear, kLlama3, kYarn, kLongRope };

struct Rope {
  RopeKind kind = RopeKind::kDefault;
  float theta = 10000.0f;
  std::size_t d_rotary = 0;  ///< width that is rotated, from the beginning of a head
  bool interleaved = false;  ///< pairs are neighbours (2i, 2i + 1) instead of (i, i + d_rotary / 2)
  float factor = 1.0f;
  float low_freq_factor = 1.0f;      ///< llama3
  float high_freq_factor = 4.0f;     ///< llama3
  std::size_t original_context = 0;  ///< llama3, yarn, longrope
  float beta_fast = 32.0f;           ///< yarn
  float beta_slow = 1.0f;            ///< yarn
  bool truncate = true;              ///< yarn: the ramp begins and ends at whole dimensions
  std::vector<float> short_factor;   ///< longrope: [d_rotary / 2]
  std::vector<float> long_factor;    ///< longrope: for sequences beyond the original context
  float magnitude = 1.0f;            ///< factor on cosines and sines; of short sequences
  float long_magnitude = 1.0f;       ///< longrope: of long sequences
  bool operator==(const Rope&) const = default;
};

enum class NormKind : std::uint8_t { kRms, kLayer };

/// Where query and key vectors are normalised, before the rotation.
enum class QueryKeyNorm : std::uint8_t {
  kNone,
  kWhole,  ///< over all heads together
  kHead,   ///< each head on its own
};

/// Multi-head latent attention: what is cached of a token is one latent vector and one rotated key.
struct LatentAttention {
  std::size_t query_rank = 0;  ///< 0: queries are projected at once
  std::size_t rank = 0;        ///< 0: no latent attention
  std::size_t d_nope = 0;      ///< width of a head's part without position
  std::size_t d_rope = 0;
  std::size_t d_value = 0;
  float eps = 1e-6f;  ///< of the latents' norms
  bool operator==(const LatentAttention&) const = default;
};

struct AttentionConfig {
  bool bias = false;  ///< of queries, keys and values
  bool output_bias = false;
  bool permuted = false;  ///< stored rows of queries and keys are in pairs (2i, 2i + 1) of a head
  QueryKeyNorm query_key_norm = QueryKeyNorm::kNone;
  bool sinks = false;  ///< a logit of each head that takes part in the softmax, without value
  float scale = 0.0f;  ///< of query · key
  LatentAttention latent;
  std::vector<std::size_t> window;  ///< [n_layer] keys that a token sees, itself included; 0: all
  bool operator==(const AttentionConfig&) const = default;
};

enum class Activation : std::uint8_t {
  kSilu,           ///< silu(gate) · up
  kClampedSwiglu,  ///< gate · sigmoid(1.702 gate) · (up + 1), both clamped
};

struct SharedExpert {
  std::size_t d_hidden = 0;  ///< of all shared experts together; 0: none
  bool gated = false;        ///< its output is weighed by the sigmoid of a gate
  bool operator==(const SharedExpert&) const = default;
};

/// Everything of a model that decides its numbers besides the weights.
struct ModelConfig {
  std::string family;  ///< row of the architecture table: "mixtral"
  std::size_t n_layer = 0;
  std::size_t d_model = 0;
  std::size_t n_head = 0;
  std::size_t n_kv_head = 0;
  std::size_t d_head = 0;
  std::size_t d_expert = 0;  ///< hidden width of an expert; of the MLP where no layer routes
  std::size_t d_mlp = 0;     ///< hidden width of the MLP of layers that do not route
  std::size_t n_vocab = 0;
  std::size_t n_context = 0;
  float rms_eps = 1e-5f;
  bool tied_embeddings = false;
  AttentionConfig attention;
  Rope rope;
  NormKind norm = NormKind::kRms;
  Activation activation = Activation::kSilu;
  float activation_limit = 0.0f;  ///< clamped swiglu
  bool expert_bias = false;       ///< of every projection of an expert
  SharedExpert shared;
  bool unembed_bias = false;
  float embedding_multiplier = 1.0f;
  float residual_multiplier = 1.0f;  ///< on what attention and MLP add
  float logit_divisor = 1.0f;
  Gating gating;             ///< n_expert 0: a dense model
  std::vector<bool> routes;  ///< [n_layer] whether the layer has a router
  std::pair<std::size_t, std::size_t> scale_block = {0, 0};  ///< rows, columns of 8-bit factors
  std::size_t n_draft_layer = 0;  ///< layers behind the last that predict ahead and are not run
  std::optional<TokenId> bos;
  std::vector<TokenId> eos;

  bool operator==(const ModelConfig&) const = default;
  std::size_t d_query() const { return n_head * d_head; }
  std::size_t d_key_value() const { return n_kv_head * d_head; }
  /// What the cache keeps of a token in a layer: keys, and values where they are not part of them.
  std::size_t d_cached_key() const {
    return attention.latent.rank > 0 ? attention.latent.rank + attention.latent.d_rope
                                     : d_key_value();
  }
  std::size_t d_cached_value() const { return attention.latent.rank > 0 ? 0 : d_key_value(); }
  std::size_t n_route() const;
  hooks::ModelShape shape() const { return {n_layer, gating.n_expert, routes}; }
};

}  // namespace moescope::model

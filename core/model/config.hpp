#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/index.hpp"
#include "core/hooks/site.hpp"

namespace moescope::model {

/// How a router turns its logits into chosen experts and applied weights.
enum class ScoreFunction : std::uint8_t {
  kSoftmax,  ///< softmax over all experts
  kSigmoid,  ///< each expert on its own
};

struct Gating {
  std::size_t n_expert = 0;
  std::size_t top_k = 0;
  ScoreFunction score = ScoreFunction::kSoftmax;
  bool renormalise = true;  ///< chosen weights divided by their sum
  float scaling = 1.0f;     ///< applied after renormalisation
  bool operator==(const Gating&) const = default;
};

enum class RopeKind : std::uint8_t { kDefault, kLinear, kLlama3 };

struct Rope {
  RopeKind kind = RopeKind::kDefault;
  float theta = 10000.0f;
  float factor = 1.0f;
  float low_freq_factor = 1.0f;      ///< llama3
  float high_freq_factor = 4.0f;     ///< llama3
  std::size_t original_context = 0;  ///< llama3
  bool operator==(const Rope&) const = default;
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
  std::size_t n_vocab = 0;
  std::size_t n_context = 0;
  float rms_eps = 1e-5f;
  bool tied_embeddings = false;
  std::optional<std::size_t> sliding_window;  ///< a token sees this many keys, itself included
  Rope rope;
  Gating gating;             ///< n_expert 0: a dense model
  std::vector<bool> routes;  ///< [n_layer] whether the layer has a router
  std::optional<TokenId> bos;
  std::vector<TokenId> eos;

  bool operator==(const ModelConfig&) const = default;
  std::size_t d_query() const { return n_head * d_head; }
  std::size_t d_key_value() const { return n_kv_head * d_head; }
  std::size_t n_route() const;
  hooks::ModelShape shape() const { return {n_layer, gating.n_expert, routes}; }
};

}  // namespace moescope::model

#pragma once

#include <optional>
#include <span>
#include <vector>

#include "core/base/index.hpp"
#include "core/base/rows.hpp"
#include "core/hooks/event.hpp"
#include "core/model/weights.hpp"

namespace moescope::model {

/// What is to be known of each row's next-token distribution.
struct VocabularyQuery {
  std::span<const std::optional<TokenId>> next;  ///< [n_row] or empty: the token that came next
  std::size_t top_k = 0;
};

/// Shapes: prediction [n_row]; top_token, top_logprob [n_row * top_k], best first, ties to the
/// lower id.
struct VocabularyScan {
  std::vector<hooks::Prediction> prediction;
  std::vector<TokenId> top_token;
  std::vector<float> top_logprob;
};

/// logits = (x · unembedᵀ + bias) / divisor. Shapes: x [n_row, d_model]; logits [n_row, n_vocab].
void unembed(const Projection& unembed, float divisor, Rows<const float> x, Rows<float> logits);

/// Statistics of these logits, tile by tile: the whole matrix is never stored.
/// Shapes: unembed [n_vocab, d_model]; x [n_row, d_model].
VocabularyScan scan_vocabulary(const Projection& unembed, float divisor, Rows<const float> x,
                               const VocabularyQuery& query);

/// The same, to the bit, from logits that are there already. Shapes: logits [n_row, n_vocab].
VocabularyScan scan_logits(Rows<const float> logits, const VocabularyQuery& query);

}  // namespace moescope::model

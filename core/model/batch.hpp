#pragma once

#include <cstddef>
#include <vector>

#include "core/base/rows.hpp"
#include "core/hooks/event.hpp"
#include "core/model/kv_cache.hpp"

namespace moescope::model {

/// One row of a batch: a token of some sequence at some position, with that sequence's cache.
struct BatchRow {
  hooks::RowTag tag;
  KvCache* cache = nullptr;
  std::size_t n_position = 0;  ///< length of the sequence's prompt, for position rules
  std::size_t n_planned = 0;   ///< tokens that the sequence may come to have
  std::uint64_t rules = 0;     ///< bit r: capture rule r applies to this sequence
};

/// Tokens that pass through the model together. Rows of one sequence stand in order of position,
/// and everything before their first position is in the cache already.
using Batch = std::vector<BatchRow>;

/// A matrix that keeps its memory between batches.
class Buffer {
 public:
  Rows<float> shape(std::size_t n_row, std::size_t n_col) {
    if (store_.size() < n_row * n_col) store_.resize(n_row * n_col);
    return {store_.data(), n_row, n_col};
  }

 private:
  std::vector<float> store_;
};

}  // namespace moescope::model

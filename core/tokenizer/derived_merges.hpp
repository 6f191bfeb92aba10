#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/tokenizer/bpe.hpp"

namespace moescope::tokenizer {

/// A string that takes part in merging.
struct MergePart {
  std::string text;
  std::uint32_t id = 0;
  float score = 0;
  std::uint32_t rank = 0;    ///< of the merges that make it; the least first
  bool is_piece = true;      ///< false: a character that only occurs inside pieces
  std::uint32_t prefix = 0;  ///< the longest other part that begins it, or UINT32_MAX
  std::uint32_t suffix = 0;  ///< the longest other part that ends it, or UINT32_MAX
};

/// Enters every way to put two parts together into a piece; where `joins` is given, the texts are
/// UTF-8 and it learns of them.
void derive_merges(std::vector<MergePart>& parts, MergeTable& merges, JoinFilter* joins);

}  // namespace moescope::tokenizer

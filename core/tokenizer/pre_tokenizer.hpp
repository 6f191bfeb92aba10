#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/tokenizer/aligned_text.hpp"
#include "core/tokenizer/regex.hpp"

namespace moescope::tokenizer {

/// What becomes of the matches of a pattern, and of the text between them.
enum class SplitBehavior {
  kRemoved,             ///< matches vanish
  kIsolated,            ///< each match is a piece
  kMergedWithPrevious,  ///< a match ends the piece before it
  kMergedWithNext,      ///< a match begins the piece after it
  kContiguous,          ///< neighbouring matches are one piece
};

/// tokenizer.json `Split`, `Digits`, and the regular expression of `ByteLevel`.
struct SplitStep {
  Regex pattern;
  SplitBehavior behavior = SplitBehavior::kIsolated;
  bool invert = false;
};

/// The space that `ByteLevel` puts before pieces that begin without one.
struct PrefixSpaceStep {};

/// Where `Metaspace` puts a mark that isn't there.
enum class PrependScheme {
  kAlways,
  kNever,
  kFirst,  ///< where the original text begins
};

/// tokenizer.json `Metaspace`, whose replacement is U+2581.
struct MetaspaceStep {
  PrependScheme prepend = PrependScheme::kAlways;
  bool split = true;
};

using PreTokenizerStep = std::variant<SplitStep, PrefixSpaceStep, MetaspaceStep>;

/// Normalised text and the pieces of it that the model sees one by one.
struct CutText {
  AlignedText text;
  std::vector<TextRange> pieces;  ///< in order, none empty
};

/// Cuts text into pieces, step by step. Without a step the text is one piece.
/// Source: pre_tokenizers/ and normalizer.rs of Hugging Face tokenizers 0.22.
struct PreTokenizer {
  std::vector<PreTokenizerStep> steps;

  void apply(CutText& cut, RegexWorkspace& workspace) const;
};

}  // namespace moescope::tokenizer

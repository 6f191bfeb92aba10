#pragma once

#include <string>
#include <variant>
#include <vector>

#include "core/tokenizer/aligned_text.hpp"
#include "core/tokenizer/prefix_matcher.hpp"

namespace moescope::tokenizer {

/// U+2581, which SentencePiece writes for a space.
inline constexpr std::string_view kSpaceMark = "\xe2\x96\x81";

/// tokenizer.json `Prepend`.
struct PrependStep {
  std::string text;
};

/// tokenizer.json `Replace` with a string pattern.
struct ReplaceStep {
  std::string pattern;
  std::string content;
};

/// The white space rules of a SentencePiece model without a character map.
struct SentencePieceStep {
  bool add_dummy_prefix = true;
  bool remove_extra_whitespaces = true;
  bool escape_whitespaces = true;
  bool treat_whitespace_as_suffix = false;
  PrefixMatcher user_defined;  ///< pieces whose inner spaces stay together
};

/// tokenizer.json `NFC`.
struct NfcStep {};

/// tokenizer.json `Strip`: white space at the ends.
struct StripStep {
  bool left = true;
  bool right = true;
};

using NormalizerStep =
    std::variant<PrependStep, ReplaceStep, NfcStep, StripStep, SentencePieceStep>;

/// What happens to text before the model sees it, step by step.
struct Normalizer {
  std::vector<NormalizerStep> steps;

  void apply(AlignedText& text) const;
};

}  // namespace moescope::tokenizer

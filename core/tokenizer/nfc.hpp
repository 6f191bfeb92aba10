#pragma once

#include "core/tokenizer/aligned_text.hpp"

namespace moescope::tokenizer {

/// Brings the text into Unicode normalisation form C. A composed character spans the characters
/// that it was made of.
/// Source: UAX 15; which original character a reordered one stands for follows normalizer.rs of
/// Hugging Face tokenizers 0.22.
void to_nfc(AlignedText& text);

}  // namespace moescope::tokenizer

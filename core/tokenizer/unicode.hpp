#pragma once

namespace moescope::tokenizer {

/// Whether Unicode's `\w` takes the character (UTS 18, annex C; Unicode 14).
bool is_word_character(char32_t code) noexcept;

/// Whether the character has the property White_Space.
bool is_white_space(char32_t code) noexcept;

}  // namespace moescope::tokenizer

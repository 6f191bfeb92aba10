#pragma once

#include <string_view>

/// What Python's str knows about characters; Unicode 14.
namespace moescope::tokenizer {

/// Up to three characters; zeros fill the rest.
struct CaseMapping {
  char32_t to[3] = {};
};

enum class LetterCase { kUpper, kLower, kTitle };

/// The full mapping of one character, without regard to its place in a word.
CaseMapping map_case(char32_t code, LetterCase to) noexcept;
/// Whether str.isspace holds.
bool is_python_space(char32_t code) noexcept;
/// Whether str.isprintable holds.
bool is_printable(char32_t code) noexcept;
/// Whether the character is upper, lower or title case.
bool is_cased(char32_t code) noexcept;
/// Whether the sigma at byte `at` of `text` stands at the end of a word, where it becomes ς.
bool is_final_sigma(std::string_view text, std::size_t at) noexcept;

}  // namespace moescope::tokenizer

#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace moescope::tokenizer {

/// The character that GPT-2's alphabet writes for a byte: itself where it can be seen, else one
/// from U+0100 on.
char32_t byte_character(unsigned char byte) noexcept;

/// The bytes that a piece in that alphabet stands for; nothing where a character is none of it.
std::optional<std::string> bytes_of_piece(std::string_view piece);

/// Writes bytes in that alphabet.
void append_byte_piece(std::string& out, std::string_view bytes);

}  // namespace moescope::tokenizer

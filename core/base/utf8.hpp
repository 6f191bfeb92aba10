#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace moescope {

/// One decoded character and the bytes it took.
struct Utf8Char {
  char32_t code = 0;
  std::size_t n_byte = 0;
};

/// Decodes the character that begins at `at`; nothing where the bytes are no valid UTF-8
/// (overlong forms, surrogates and values above U+10FFFF are invalid).
std::optional<Utf8Char> decode_utf8(std::string_view text, std::size_t at) noexcept;

/// Offset of the first byte that is not part of valid UTF-8; nothing when all is valid.
std::optional<std::size_t> first_invalid_utf8(std::string_view text) noexcept;

void append_utf8(std::string& out, char32_t code);

/// Bytes at the end of `text` that begin a character but do not complete it (0 to 3).
std::size_t incomplete_utf8_tail(std::string_view text) noexcept;

}  // namespace moescope

#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace moescope {

/// Columns that a text takes on a terminal: 2 for wide characters, 0 for combining ones. The text
/// has been through escape_terminal; a character that nobody knows counts as 1.
std::size_t display_width(std::string_view text);

/// The text cut to at most `width` columns; what was cut ends in "…" ("~" where the terminal
/// cannot show that). Never cuts a character apart.
std::string cut_to_width(std::string_view text, std::size_t width, bool utf8 = true);

/// The text with spaces at its end (or at its beginning) to `width` columns.
std::string pad_right(std::string_view text, std::size_t width);
std::string pad_left(std::string_view text, std::size_t width);

/// For terminals whose encoding is not UTF-8: what moescope itself draws outside ASCII in a form of
/// ASCII (␊ as \n, ␛ as \x1b, ▁ as _, – as -, … as ...); all else as it is.
std::string ascii_forms(std::string_view text);

/// The same, and every other character outside ASCII as "?".
std::string ascii_only(std::string_view text);

}  // namespace moescope

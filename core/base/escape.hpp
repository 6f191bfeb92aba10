#pragma once

#include <string>
#include <string_view>

/// One escaper per output language. Model text, labels and file names are hostile.
namespace moescope {

/// Text for a terminal line: control characters, bidirectional controls and invalid UTF-8 become
/// visible (␛ for ESC, \x9b for a lone byte, \u{202e} for a bidi control); nothing is executed.
std::string escape_terminal(std::string_view text);

/// A foreign name for a message: quoted, shortened and harmless on a terminal.
std::string quoted_name(std::string_view name);

/// One CSV cell (RFC 4180), quoted when it must be. A cell that a spreadsheet would run as a
/// formula
/// (= + - @ tab, carriage return, NUL) gets a leading apostrophe, unless it is a plain number.
std::string csv_cell(std::string_view text);

/// Text or attribute value of HTML.
std::string escape_html(std::string_view text);

/// A quoted SQL identifier.
std::string sql_identifier(std::string_view name);

/// A quoted JSON string, bytes that are no UTF-8 replaced by U+FFFD.
std::string json_string(std::string_view text);

}  // namespace moescope

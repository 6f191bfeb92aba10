#pragma once

#include <cstddef>
#include <string>

#include "cli/terminal.hpp"
#include "core/trace/sqlite.hpp"

/// A result row's values in each output language.
namespace moescope::cli {

/// For people: control characters visible, blobs as x'0a1b…' with their size, "null"; on a terminal
/// cut to `width` columns.
std::string shown_cell(const trace::Statement& row, int column, std::size_t width,
                       const Terminal& terminal);

/// A number, a string, null, or {"hex": "…"} for a blob. Reals that are not finite become null.
std::string json_cell(const trace::Statement& row, int column);

/// The line of column names, and the line of a row: null is empty, blobs are x'…' in full.
std::string csv_header(const trace::Statement& row);
std::string csv_row(const trace::Statement& row);

/// One object a line: column names to json_cell values.
std::string jsonl_row(const trace::Statement& row);

}  // namespace moescope::cli

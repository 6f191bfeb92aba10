#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace moescope::trace {

/// One record of a CSV text and the line on which it begins.
struct CsvRecord {
  std::vector<std::string> cells;
  std::string_view raw;  ///< as it stands in the text, without its line end
  std::size_t line = 1;
};

/// Reads a whole CSV text, or one with tabs for commas; records that are one empty cell are left out.
/// Errors: kBadInput: an open quote at the end, text behind a closing quote.
/// Source: RFC 4180, with LF beside CRLF.
std::vector<CsvRecord> read_csv(std::string_view bytes, std::string_view where,
                                char delimiter = ',');

}  // namespace moescope::trace

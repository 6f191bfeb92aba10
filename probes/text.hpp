#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

/// What probes of generated text do to characters. Letters beyond the Latin script of U+017F stay
/// as they are; bytes that are no UTF-8 too.
namespace moescope::probes {

/// Words between white space, as Python's str.split() cuts them.
std::vector<std::string> split_words(std::string_view text);

/// Without white space at both ends.
std::string_view trimmed(std::string_view text);

std::string lower_case(std::string_view text);

/// Whether there is a letter and none is a small one.
bool is_upper_case(std::string_view text);

/// Latin letters without their marks, ligatures and ß as two letters, typographic quotes and dashes
/// as ASCII.
std::string without_accents(std::string_view text);

/// Number of characters; a byte that is no UTF-8 counts as one.
std::size_t count_characters(std::string_view text);

/// One table of tab-separated values: the header's columns by name, then the rows.
/// Errors: kBadInput with the line number: a column that the header lacks, a row of another length.
/// Shapes: result [n_row, columns.size()].
std::vector<std::vector<std::string>> read_tsv(std::string_view text, std::string_view where,
                                               const std::vector<std::string_view>& columns);

}  // namespace moescope::probes

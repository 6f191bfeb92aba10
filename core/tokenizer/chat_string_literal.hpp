#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace moescope::tokenizer {

struct StringLiteral {
  std::string text;
  std::string problem;  ///< empty when all is well
};

/// What the characters between the quotes mean: the escapes of Python.
StringLiteral read_string_literal(std::string_view inside);

struct NumberLiteral {
  std::size_t n_byte = 0;
  bool is_float = false;
};

/// The number at the beginning of `text`, which begins with a digit.
NumberLiteral scan_number(std::string_view text, bool after_dot) noexcept;

}  // namespace moescope::tokenizer

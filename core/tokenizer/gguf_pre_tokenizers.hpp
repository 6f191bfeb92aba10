#pragma once

#include <array>
#include <string>
#include <string_view>

namespace moescope::tokenizer {

/// How the vocabularies of one name of `tokenizer.ggml.pre` cut text.
struct PreTokenizerRow {
  std::string_view name;
  std::array<std::string_view, 6> patterns;  ///< in this order; "" after the last
  bool ignore_merges = false;
};

/// The row of that name, or nullptr.
const PreTokenizerRow* find_pre_tokenizer(std::string_view name);

/// All names, with commas between.
std::string pre_tokenizer_names();

}  // namespace moescope::tokenizer

#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "core/tokenizer/tokenizer.hpp"

namespace moescope::cli {

/// The lines of standard input, without their ends; a last line without an end counts.
class InputLines {
 public:
  /// Errors: kBadInput: a line of over max_bytes.
  std::optional<std::string> next();
  std::size_t number() const { return number_; }  ///< of the last line given, from 1

 private:
  static constexpr std::size_t kMaxLineBytes = 64u << 20;
  std::size_t number_ = 0;
};

/// The tokenizer that a command line names: a model (`demo`, a folder) or a tokenizer file.
tokenizer::Tokenizer resolve_tokenizer(std::string_view name);

}  // namespace moescope::cli

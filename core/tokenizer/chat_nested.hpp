#pragma once

#include <fmt/format.h>

#include "core/tokenizer/chat_parser.hpp"

namespace moescope::tokenizer {

/// One level of a template's nesting while it is parsed.
class ChatParser::Nested {
 public:
  explicit Nested(ChatParser& parser) : parser_(parser) {
    if (++parser_.depth_ > parser_.limits_.max_nesting)
      parser_.refuse(parser_.now().place,
                     fmt::format("limit broken: nesting, at most {}", parser_.limits_.max_nesting));
  }
  Nested(const Nested&) = delete;
  Nested& operator=(const Nested&) = delete;
  ~Nested() { --parser_.depth_; }

 private:
  ChatParser& parser_;
};

}  // namespace moescope::tokenizer

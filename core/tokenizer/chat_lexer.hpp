#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/tokenizer/chat_budget.hpp"

namespace moescope::tokenizer {

enum class ChatTokenKind {
  kData,
  kPrintBegin,
  kPrintEnd,
  kBlockBegin,
  kBlockEnd,
  kName,
  kString,
  kInteger,
  kFloat,
  kOperator,
  kEnd,
};

struct ChatToken {
  ChatTokenKind kind;
  Place place;
  std::string text;  ///< of a string: what it means
};

/// Cuts a template into tokens: blocks trimmed and their leading blanks stripped, as chat templates
/// expect it.
/// Errors: kBadInput with line and column.
/// Source: the lexer of Jinja 3.1.
std::vector<ChatToken> lex_chat_template(std::string_view source, const std::string& where,
                                         const ChatLimits& limits);

/// Throws kBadInput: "<where>: line 3, column 5: <message>".
[[noreturn]] void fail_template(const std::string& where, Place place, std::string_view message);

}  // namespace moescope::tokenizer

#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "core/tokenizer/chat_ast.hpp"
#include "core/tokenizer/chat_lexer.hpp"

namespace moescope::tokenizer {

/// Makes a tree of a template's tokens.
/// Errors: kBadInput with line and column, by name for every statement that isn't supported.
/// Source: the parser of Jinja 3.1.
class ChatParser {
 public:
  ChatParser(std::vector<ChatToken> tokens, const std::string& where, const ChatLimits& limits)
      : tokens_(std::move(tokens)), where_(where), limits_(limits) {}

  Body parse();

 private:
  using Kind = ChatTokenKind;
  class Nested;

  const ChatToken& now() const { return tokens_[at_]; }
  const ChatToken& ahead() const { return tokens_[at_ + 1 < tokens_.size() ? at_ + 1 : at_]; }
  ChatToken take() { return tokens_[at_ + 1 < tokens_.size() ? at_++ : at_]; }
  bool at_name(std::string_view name) const {
    return now().kind == Kind::kName && now().text == name;
  }
  bool at_op(std::string_view op) const {
    return now().kind == Kind::kOperator && now().text == op;
  }
  bool skip_name(std::string_view name);
  bool skip_op(std::string_view op);
  void expect_op(std::string_view op);
  std::string expect_name(std::string_view what);
  [[noreturn]] void refuse(Place place, std::string_view message) const;
  [[noreturn]] void unexpected(std::string_view wanted) const;

  // Statements.
  Body body_until(std::initializer_list<std::string_view> ends);
  Body block_body(std::string_view end);
  Statement statement();
  Statement for_statement(Place place);
  Statement if_statement(Place place);
  Statement set_statement(Place place);
  Statement macro_statement(Place place);
  Statement call_statement(Place place);
  Statement filter_statement(Place place);
  Statement with_statement(Place place);
  Statement generation_statement(Place place);
  Statement jump_statement(Place place, std::string_view name);
  std::vector<Parameter> signature();
  Target target(std::string_view end, bool members);
  Target single_target(bool members);

  // Expressions.
  ExpressionPtr expression(bool condition = true);
  ExpressionPtr condition_expression();
  ExpressionPtr or_expression();
  ExpressionPtr and_expression();
  ExpressionPtr not_expression();
  ExpressionPtr comparison();
  ExpressionPtr sum();
  ExpressionPtr concatenation();
  ExpressionPtr product();
  ExpressionPtr power();
  ExpressionPtr unary(bool with_filter = true);
  ExpressionPtr primary();
  ExpressionPtr name_or_constant();
  ExpressionPtr number();
  ExpressionPtr tuple(bool condition, bool in_parentheses, std::string_view end = {});
  ExpressionPtr list();
  ExpressionPtr dict();
  ExpressionPtr postfix(ExpressionPtr node);
  ExpressionPtr filters(ExpressionPtr node);
  ExpressionPtr filter(ExpressionPtr node);
  ExpressionPtr test(ExpressionPtr node);
  ExpressionPtr subscript(ExpressionPtr node);
  ExpressionPtr bracket(ExpressionPtr node, Place place);
  ExpressionPtr call(ExpressionPtr node);
  void arguments(Expression& into);
  ExpressionPtr binary(ExpressionPtr left, std::string op, ExpressionPtr right, Place place);
  void count_chain(Place place);
  bool tuple_ends(std::string_view end) const;

  std::vector<ChatToken> tokens_;
  const std::string& where_;
  const ChatLimits& limits_;
  std::size_t at_ = 0;
  std::size_t depth_ = 0;
  std::size_t chain_ = 0;
  bool in_loop_ = false;
  std::size_t n_open_for_ = 0;  ///< loops around this place, whatever else stands between
};

ExpressionPtr make_expression(ExpressionKind kind, Place place);

}  // namespace moescope::tokenizer

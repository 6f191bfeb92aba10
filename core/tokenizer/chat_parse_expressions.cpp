#include <fmt/format.h>

#include <charconv>

#include "core/base/error.hpp"
#include "core/tokenizer/chat_nested.hpp"
#include "core/tokenizer/chat_parser.hpp"

namespace moescope::tokenizer {
namespace {

using Make = ExpressionKind;

bool is_comparison(std::string_view op) {
  for (const std::string_view known : {"==", "!=", "<", "<=", ">", ">="})
    if (op == known) return true;
  return false;
}

}  // namespace

ExpressionPtr make_expression(ExpressionKind kind, Place place) {
  return std::make_unique<Expression>(Expression{.kind = kind, .place = place});
}

ExpressionPtr ChatParser::binary(ExpressionPtr left, std::string op, ExpressionPtr right,
                                 Place place) {
  count_chain(place);
  ExpressionPtr node = make_expression(Make::kBinary, place);
  node->name = std::move(op);
  node->items.push_back(std::move(left));
  node->items.push_back(std::move(right));
  return node;
}

void ChatParser::count_chain(Place place) {
  const std::size_t most = limits_.max_nesting * 10;
  if (++chain_ > most)
    refuse(place, fmt::format("limit broken: operators in a row, at most {}", most));
}

ExpressionPtr ChatParser::expression(bool condition) {
  const Nested level(*this);
  return condition ? condition_expression() : or_expression();
}

ExpressionPtr ChatParser::condition_expression() {
  ExpressionPtr value = or_expression();
  while (at_name("if")) {
    count_chain(now().place);
    ExpressionPtr node = make_expression(Make::kCondition, take().place);
    node->items.push_back(std::move(value));
    node->items.push_back(or_expression());
    node->items.push_back(nullptr);
    if (skip_name("else")) {
      const Nested inner(*this);
      node->items[2] = condition_expression();
    }
    value = std::move(node);
  }
  return value;
}

ExpressionPtr ChatParser::or_expression() {
  ExpressionPtr left = and_expression();
  if (!at_name("or")) return left;
  ExpressionPtr node = make_expression(Make::kOr, now().place);
  node->items.push_back(std::move(left));
  while (skip_name("or")) node->items.push_back(and_expression());
  return node;
}

ExpressionPtr ChatParser::and_expression() {
  ExpressionPtr left = not_expression();
  if (!at_name("and")) return left;
  ExpressionPtr node = make_expression(Make::kAnd, now().place);
  node->items.push_back(std::move(left));
  while (skip_name("and")) node->items.push_back(not_expression());
  return node;
}

ExpressionPtr ChatParser::not_expression() {
  if (!at_name("not")) return comparison();
  const Nested level(*this);
  ExpressionPtr node = make_expression(Make::kNot, take().place);
  node->items.push_back(not_expression());
  return node;
}

ExpressionPtr ChatParser::comparison() {
  const Place place = now().place;
  ExpressionPtr first = sum();
  ExpressionPtr node;
  while (true) {
    std::string op;
    if (now().kind == Kind::kOperator && is_comparison(now().text)) {
      op = take().text;
    } else if (skip_name("in")) {
      op = "in";
    } else if (at_name("not") && ahead().kind == Kind::kName && ahead().text == "in") {
      take();
      take();
      op = "not in";
    } else {
      return node ? std::move(node) : std::move(first);
    }
    if (!node) {
      node = make_expression(Make::kCompare, place);
      node->items.push_back(std::move(first));
    }
    node->operators.push_back(std::move(op));
    node->items.push_back(sum());
  }
}

ExpressionPtr ChatParser::sum() {
  ExpressionPtr left = concatenation();
  while (at_op("+") || at_op("-")) {
    const ChatToken op = take();
    left = binary(std::move(left), op.text, concatenation(), op.place);
  }
  return left;
}

ExpressionPtr ChatParser::concatenation() {
  ExpressionPtr first = product();
  if (!at_op("~")) return first;
  ExpressionPtr node = make_expression(Make::kConcat, now().place);
  node->items.push_back(std::move(first));
  while (skip_op("~")) node->items.push_back(product());
  return node;
}

ExpressionPtr ChatParser::product() {
  ExpressionPtr left = power();
  while (at_op("*") || at_op("/") || at_op("//") || at_op("%")) {
    const ChatToken op = take();
    left = binary(std::move(left), op.text, power(), op.place);
  }
  return left;
}

ExpressionPtr ChatParser::power() {
  ExpressionPtr left = unary();
  while (at_op("**")) {
    const Place place = take().place;
    left = binary(std::move(left), "**", unary(), place);
  }
  return left;
}

ExpressionPtr ChatParser::unary(bool with_filter) {
  ExpressionPtr node;
  if (at_op("-") || at_op("+")) {
    const Nested level(*this);
    const ChatToken sign = take();
    node = make_expression(sign.text == "-" ? Make::kNegate : Make::kPlus, sign.place);
    node->items.push_back(unary(false));
  } else {
    node = primary();
  }
  node = postfix(std::move(node));
  return with_filter ? filters(std::move(node)) : std::move(node);
}

ExpressionPtr ChatParser::name_or_constant() {
  const ChatToken token = take();
  ExpressionPtr node = make_expression(Make::kConstant, token.place);
  if (token.text == "true" || token.text == "True") {
    node->constant = Value(true);
  } else if (token.text == "false" || token.text == "False") {
    node->constant = Value(false);
  } else if (token.text == "none" || token.text == "None") {
    node->constant = Value(NoneValue{});
  } else {
    node->kind = Make::kName;
    node->name = token.text;
  }
  return node;
}

ExpressionPtr ChatParser::number() {
  const ChatToken token = take();
  ExpressionPtr node = make_expression(Make::kConstant, token.place);
  std::string digits;
  for (const char c : token.text)
    if (c != '_') digits += c;
  if (token.kind == Kind::kFloat) {
    double value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc()) refuse(token.place, "a number out of the range of reals");
    node->constant = Value(value);
    return node;
  }
  int base = 10;
  std::string_view rest = digits;
  if (rest.size() > 2 && rest[0] == '0' && (rest[1] | 0x20) >= 'a') {
    base = (rest[1] | 0x20) == 'x' ? 16 : (rest[1] | 0x20) == 'o' ? 8 : 2;
    rest.remove_prefix(2);
  }
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), value, base);
  if (error != std::errc()) refuse(token.place, "whole numbers beyond 64 bits are not supported");
  node->constant = Value(value);
  return node;
}

ExpressionPtr ChatParser::primary() {
  if (now().kind == Kind::kName) return name_or_constant();
  if (now().kind == Kind::kInteger || now().kind == Kind::kFloat) return number();
  if (now().kind == Kind::kString) {
    ExpressionPtr node = make_expression(Make::kText, now().place);
    while (now().kind == Kind::kString) node->text += take().text;
    return node;
  }
  if (at_op("[")) return list();
  if (at_op("{")) return dict();
  if (!at_op("(")) unexpected("an expression");
  take();
  ExpressionPtr node = tuple(true, true);
  expect_op(")");
  return node;
}

bool ChatParser::tuple_ends(std::string_view end) const {
  return now().kind == Kind::kPrintEnd || now().kind == Kind::kBlockEnd || at_op(")") ||
         (!end.empty() && at_name(end));
}

ExpressionPtr ChatParser::tuple(bool condition, bool in_parentheses, std::string_view end) {
  const Place place = now().place;
  std::vector<ExpressionPtr> items;
  bool is_tuple = false;
  while (true) {
    if (!items.empty()) expect_op(",");
    if (tuple_ends(end)) break;
    items.push_back(expression(condition));
    if (!at_op(",")) break;
    is_tuple = true;
  }
  if (!is_tuple && !items.empty()) return std::move(items.front());
  if (!is_tuple && !in_parentheses) unexpected("an expression");
  ExpressionPtr node = make_expression(Make::kTuple, place);
  node->items = std::move(items);
  return node;
}

ExpressionPtr ChatParser::list() {
  ExpressionPtr node = make_expression(Make::kList, take().place);
  while (!at_op("]")) {
    if (!node->items.empty()) expect_op(",");
    if (at_op("]")) break;
    node->items.push_back(expression());
  }
  expect_op("]");
  return node;
}

ExpressionPtr ChatParser::dict() {
  ExpressionPtr node = make_expression(Make::kDict, take().place);
  while (!at_op("}")) {
    if (!node->items.empty()) expect_op(",");
    if (at_op("}")) break;
    node->items.push_back(expression());
    expect_op(":");
    node->items.push_back(expression());
  }
  expect_op("}");
  return node;
}

}  // namespace moescope::tokenizer

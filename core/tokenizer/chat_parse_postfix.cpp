#include <charconv>

#include "core/tokenizer/chat_parser.hpp"

/// What stands behind a value: members, items, calls, filters and tests.
namespace moescope::tokenizer {

using Make = ExpressionKind;

ExpressionPtr ChatParser::postfix(ExpressionPtr node) {
  while (true) {
    if (at_op(".") || at_op("["))
      node = subscript(std::move(node));
    else if (at_op("("))
      node = call(std::move(node));
    else
      return node;
  }
}

ExpressionPtr ChatParser::filters(ExpressionPtr node) {
  while (true) {
    if (at_op("|")) {
      take();
      node = filter(std::move(node));
    } else if (at_name("is")) {
      node = test(std::move(node));
    } else if (at_op("(")) {
      node = call(std::move(node));
    } else {
      return node;
    }
  }
}

ExpressionPtr ChatParser::subscript(ExpressionPtr node) {
  const ChatToken sign = take();
  count_chain(sign.place);
  if (sign.text == "[") return bracket(std::move(node), sign.place);
  if (now().kind == Kind::kInteger) {
    ExpressionPtr item = make_expression(Make::kItem, sign.place);
    item->items.push_back(std::move(node));
    item->items.push_back(number());
    return item;
  }
  ExpressionPtr member = make_expression(Make::kMember, sign.place);
  member->name = expect_name("the name of a member");
  member->items.push_back(std::move(node));
  return member;
}

ExpressionPtr ChatParser::bracket(ExpressionPtr node, Place place) {
  const auto ends = [this] { return at_op("]") || at_op(","); };
  ExpressionPtr first = at_op(":") ? nullptr : expression();
  ExpressionPtr out;
  if (first && !at_op(":")) {
    out = make_expression(Make::kItem, place);
    out->items.push_back(std::move(node));
    out->items.push_back(std::move(first));
  } else {
    expect_op(":");
    out = make_expression(Make::kSlice, place);
    out->items.push_back(std::move(node));
    out->items.push_back(std::move(first));
    out->items.push_back(at_op(":") || ends() ? nullptr : expression());
    out->items.push_back(skip_op(":") && !ends() ? expression() : nullptr);
  }
  if (at_op(",")) refuse(now().place, "several subscripts at once are not supported");
  expect_op("]");
  return out;
}

ExpressionPtr ChatParser::call(ExpressionPtr node) {
  count_chain(now().place);
  ExpressionPtr out = make_expression(Make::kCall, now().place);
  out->items.push_back(std::move(node));
  arguments(*out);
  return out;
}

void ChatParser::arguments(Expression& into) {
  expect_op("(");
  while (!at_op(")")) {
    if (at_op("*") || at_op("**"))
      refuse(now().place, "arguments spread with * or ** are not supported");
    if (now().kind == Kind::kName && ahead().kind == Kind::kOperator && ahead().text == "=") {
      std::string key = take().text;
      take();
      into.keywords.emplace_back(std::move(key), expression());
    } else {
      if (!into.keywords.empty()) unexpected("an argument with a name");
      into.items.push_back(expression());
    }
    if (!at_op(")")) expect_op(",");
  }
  expect_op(")");
}

ExpressionPtr ChatParser::filter(ExpressionPtr node) {
  count_chain(now().place);
  ExpressionPtr out = make_expression(Make::kFilter, now().place);
  out->name = expect_name("the name of a filter");
  if (at_op(".")) refuse(now().place, "names of filters with dots are not supported");
  out->items.push_back(std::move(node));
  if (at_op("(")) arguments(*out);
  return out;
}

ExpressionPtr ChatParser::test(ExpressionPtr node) {
  count_chain(now().place);
  const Place place = take().place;
  const bool negated = skip_name("not");
  ExpressionPtr out = make_expression(Make::kTest, place);
  out->name = expect_name("the name of a test");
  if (at_op(".")) refuse(now().place, "names of tests with dots are not supported");
  out->items.push_back(std::move(node));
  const bool literal = now().kind == Kind::kName || now().kind == Kind::kString ||
                       now().kind == Kind::kInteger || now().kind == Kind::kFloat || at_op("[") ||
                       at_op("{");
  if (at_op("(")) {
    arguments(*out);
  } else if (literal && !at_name("else") && !at_name("or") && !at_name("and")) {
    if (at_name("is")) refuse(now().place, "tests cannot be chained with 'is'");
    out->items.push_back(postfix(primary()));
  }
  if (!negated) return out;
  ExpressionPtr no = make_expression(Make::kNot, place);
  no->items.push_back(std::move(out));
  return no;
}

}  // namespace moescope::tokenizer

#include <fmt/format.h>

#include <algorithm>

#include "core/base/escape.hpp"
#include "core/tokenizer/chat_nested.hpp"
#include "core/tokenizer/chat_parser.hpp"

namespace moescope::tokenizer {
namespace {

/// What a message says of a token.
std::string shown(const ChatToken& token) {
  using Kind = ChatTokenKind;
  if (token.kind == Kind::kEnd) return "the end of the template";
  if (token.kind == Kind::kBlockEnd) return "the end of the statement";
  if (token.kind == Kind::kPrintEnd) return "the end of the expression";
  constexpr std::size_t kLongest = 40;
  return json_string(escape_terminal(token.text.substr(0, kLongest)));
}

}  // namespace

void ChatParser::refuse(Place place, std::string_view message) const {
  fail_template(where_, place, message);
}

void ChatParser::unexpected(std::string_view wanted) const {
  refuse(now().place, fmt::format("expected {}, got {}", wanted, shown(now())));
}

bool ChatParser::skip_name(std::string_view name) {
  if (!at_name(name)) return false;
  take();
  return true;
}

bool ChatParser::skip_op(std::string_view op) {
  if (!at_op(op)) return false;
  take();
  return true;
}

void ChatParser::expect_op(std::string_view op) {
  if (!skip_op(op)) unexpected(fmt::format("'{}'", op));
}

std::string ChatParser::expect_name(std::string_view what) {
  if (now().kind != Kind::kName) unexpected(what);
  return take().text;
}

Body ChatParser::parse() {
  return body_until({});
}

/// Statements up to a block that begins with one of `ends`, which stays; all of them without any.
Body ChatParser::body_until(std::initializer_list<std::string_view> ends) {
  const Nested level(*this);
  Body body;
  while (now().kind != Kind::kEnd) {
    chain_ = 0;
    const ChatToken token = take();
    if (token.kind == Kind::kData) {
      body.push_back({.kind = StatementKind::kData, .place = token.place, .text = token.text});
    } else if (token.kind == Kind::kPrintBegin) {
      body.push_back({.kind = StatementKind::kPrint, .place = token.place});
      body.back().value = tuple(true, false);
      if (now().kind != Kind::kPrintEnd) unexpected("'}}'");
      take();
    } else {
      const auto is_end = [this](std::string_view name) { return at_name(name); };
      if (std::any_of(ends.begin(), ends.end(), is_end)) return body;
      body.push_back(statement());
      if (now().kind != Kind::kBlockEnd) unexpected("'%}'");
      take();
    }
  }
  if (ends.size() != 0) unexpected(fmt::format("a block '{}'", *(ends.end() - 1)));
  return body;
}

/// The rest of the opening block, the body, and the word that ends it.
Body ChatParser::block_body(std::string_view end) {
  if (now().kind != Kind::kBlockEnd) unexpected("'%}'");
  take();
  Body body = body_until({end});
  take();
  return body;
}

Statement ChatParser::statement() {
  const Place place = now().place;
  const std::string name = expect_name("the name of a statement");
  if (name == "if") return if_statement(place);
  if (name == "for") return for_statement(place);
  if (name == "set") return set_statement(place);
  if (name == "macro") return macro_statement(place);
  if (name == "call") return call_statement(place);
  if (name == "filter") return filter_statement(place);
  if (name == "with") return with_statement(place);
  if (name == "generation") return generation_statement(place);
  if (name == "break" || name == "continue") return jump_statement(place, name);
  refuse(place, fmt::format("the statement {} is not supported; supported: if, for, set, macro, "
                            "call, filter, with, generation, break, continue, raw",
                            json_string(escape_terminal(name.substr(0, 40)))));
}

Statement ChatParser::if_statement(Place place) {
  Statement out{.kind = StatementKind::kIf, .place = place};
  ExpressionPtr condition = tuple(false, false);
  while (true) {
    if (now().kind != Kind::kBlockEnd) unexpected("'%}'");
    take();
    out.branches.push_back({std::move(condition), body_until({"elif", "else", "endif"})});
    if (skip_name("elif")) {
      condition = tuple(false, false);
      continue;
    }
    if (skip_name("else")) {
      out.branches.push_back({nullptr, block_body("endif")});
      return out;
    }
    take();
    return out;
  }
}

Statement ChatParser::for_statement(Place place) {
  Statement out{.kind = StatementKind::kFor, .place = place};
  ++n_open_for_;
  out.target = target("in", false);
  if (!skip_name("in")) unexpected("'in'");
  out.value = tuple(false, false, "recursive");
  if (skip_name("if")) out.test = expression();
  if (at_name("recursive")) refuse(now().place, "recursive loops are not supported");
  if (now().kind != Kind::kBlockEnd) unexpected("'%}'");
  take();
  const bool outer = std::exchange(in_loop_, true);
  out.body = body_until({"else", "endfor"});
  in_loop_ = outer;
  if (skip_name("else"))
    out.other = block_body("endfor");
  else
    take();
  --n_open_for_;
  return out;
}

Target ChatParser::single_target(bool members) {
  Target out{.place = now().place};
  if (skip_op("(")) {
    out = target(")", members);
    expect_op(")");
    return out;
  }
  out.name = expect_name("the name of a variable");
  for (const std::string_view constant : {"true", "false", "none", "True", "False", "None"})
    if (out.name == constant) refuse(out.place, fmt::format("'{}' cannot be set", constant));
  if (members && skip_op(".")) out.member = expect_name("the name of a member");
  if (n_open_for_ > 0 && out.name == "loop" && out.member.empty())
    refuse(out.place, "'loop' cannot be set in a loop");
  return out;
}

Target ChatParser::target(std::string_view end, bool members) {
  const Nested level(*this);
  Target out{.place = now().place};
  const auto ends = [&] {
    return tuple_ends(end) || at_op("=") || now().kind == Kind::kEnd || at_op("|");
  };
  while (true) {
    out.parts.push_back(single_target(members));
    if (!skip_op(",")) break;
    out.is_tuple = true;
    if (ends()) break;
  }
  if (out.is_tuple) return out;
  Target only = std::move(out.parts.front());
  return only;
}

Statement ChatParser::set_statement(Place place) {
  Statement out{.kind = StatementKind::kSet, .place = place};
  out.target = target({}, true);
  if (skip_op("=")) {
    out.value = tuple(true, false);
    return out;
  }
  out.kind = StatementKind::kSetBlock;
  while (skip_op("|")) out.value = filter(std::move(out.value));
  out.body = block_body("endset");
  return out;
}

std::vector<Parameter> ChatParser::signature() {
  std::vector<Parameter> out;
  expect_op("(");
  while (!at_op(")")) {
    if (!out.empty()) expect_op(",");
    Parameter parameter{expect_name("the name of a parameter"), nullptr};
    if (skip_op("="))
      parameter.value = expression();
    else if (!out.empty() && out.back().value)
      unexpected("'=': a parameter with a default stands before this one");
    out.push_back(std::move(parameter));
  }
  expect_op(")");
  return out;
}

Statement ChatParser::macro_statement(Place place) {
  Statement out{.kind = StatementKind::kMacro, .place = place};
  out.target = {.place = now().place, .name = expect_name("the name of the macro")};
  out.parameters = signature();
  const bool outer = std::exchange(in_loop_, false);
  const std::size_t begin = at_;
  out.body = block_body("endmacro");
  in_loop_ = outer;
  for (std::size_t i = begin; i < at_; ++i) {
    if (tokens_[i].kind != Kind::kName) continue;
    if (tokens_[i].text == "caller") out.text = "caller";
    if (tokens_[i].text == "varargs" || tokens_[i].text == "kwargs")
      refuse(tokens_[i].place, fmt::format("'{}' is not supported", tokens_[i].text));
  }
  return out;
}

Statement ChatParser::call_statement(Place place) {
  Statement out{.kind = StatementKind::kCall, .place = place};
  if (at_op("(")) out.parameters = signature();
  out.value = expression();
  if (out.value->kind != ExpressionKind::kCall) refuse(place, "expected a call behind 'call'");
  const bool outer = std::exchange(in_loop_, false);
  out.body = block_body("endcall");
  in_loop_ = outer;
  return out;
}

Statement ChatParser::filter_statement(Place place) {
  Statement out{.kind = StatementKind::kFilter, .place = place};
  out.value = filter(nullptr);
  while (skip_op("|")) out.value = filter(std::move(out.value));
  out.body = block_body("endfilter");
  return out;
}

Statement ChatParser::with_statement(Place place) {
  Statement out{.kind = StatementKind::kWith, .place = place};
  while (now().kind != Kind::kBlockEnd) {
    if (!out.parameters.empty()) expect_op(",");
    Parameter parameter{expect_name("the name of a variable"), nullptr};
    expect_op("=");
    parameter.value = expression();
    out.parameters.push_back(std::move(parameter));
  }
  out.body = block_body("endwith");
  return out;
}

Statement ChatParser::generation_statement(Place place) {
  Statement out{.kind = StatementKind::kGeneration, .place = place};
  const bool outer = std::exchange(in_loop_, false);
  out.body = block_body("endgeneration");
  in_loop_ = outer;
  return out;
}

Statement ChatParser::jump_statement(Place place, std::string_view name) {
  if (!in_loop_) refuse(place, fmt::format("'{}' outside of a loop", name));
  return {.kind = name == "break" ? StatementKind::kBreak : StatementKind::kContinue,
          .place = place};
}

}  // namespace moescope::tokenizer

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/tokenizer/chat_machine.hpp"

namespace moescope::tokenizer {
namespace {

using Kind = ExpressionKind;

struct GlobalFunction {
  std::string_view name;
  FunctionKind kind;
};

constexpr std::array kGlobals{GlobalFunction{"range", FunctionKind::kRange},
                              GlobalFunction{"dict", FunctionKind::kDict},
                              GlobalFunction{"namespace", FunctionKind::kNamespace},
                              GlobalFunction{"raise_exception", FunctionKind::kRaise},
                              GlobalFunction{"strftime_now", FunctionKind::kStrftimeNow}};

}  // namespace

Value Machine::evaluate_name(const Expression& e) {
  for (Scope* scope = scope_.get(); scope != nullptr; scope = scope->parent.get()) {
    budget_.step();
    if (const Value* value = scope->find(e.name)) return *value;
  }
  if (const auto at = context.find(e.name); at != context.end()) return at->second;
  for (const GlobalFunction& global : kGlobals)
    if (global.name == e.name)
      return Value(std::make_shared<const FunctionValue>(
          FunctionValue{.kind = global.kind, .name = e.name}));
  for (const std::string_view known : {"lipsum", "cycler", "joiner", "varargs", "kwargs", "self"})
    if (known == e.name) unsupported(fmt::format("'{}'", known));
  return make_undefined(fmt::format("'{}' is undefined", e.name));
}

std::vector<Value> Machine::evaluate_items(const Expression& e, std::size_t from) {
  std::vector<Value> out;
  out.reserve(e.items.size() - from);
  for (std::size_t i = from; i < e.items.size(); ++i) out.push_back(evaluate(*e.items[i]));
  return out;
}

Arguments Machine::arguments_of(const Expression& e) {
  Arguments out{evaluate_items(e, 1), {}};
  for (const auto& [key, value] : e.keywords) out.named.emplace_back(key, evaluate(*value));
  return out;
}

Value Machine::evaluate_call(const Expression& e, const Value* caller) {
  const Value callee = evaluate(*e.items[0]);
  Arguments arguments = arguments_of(e);
  if (caller != nullptr) arguments.named.emplace_back("caller", *caller);
  budget_.now = e.place;
  return call(callee, std::move(arguments));
}

Value Machine::evaluate_filter(const Expression& e, const Value* input) {
  Value value;
  if (!e.items[0])
    value = *input;
  else if (input != nullptr)
    value = evaluate_filter(*e.items[0], input);
  else
    value = evaluate(*e.items[0]);
  const Arguments arguments = arguments_of(e);
  budget_.now = e.place;
  return apply_filter(*this, e.name, value, arguments);
}

Value Machine::evaluate_compare(const Expression& e) {
  Value left = evaluate(*e.items[0]);
  for (std::size_t i = 0; i < e.operators.size(); ++i) {
    Value right = evaluate(*e.items[i + 1]);
    budget_.now = e.place;
    if (!compares(*this, e.operators[i], left, right)) return Value(false);
    left = std::move(right);
  }
  return Value(true);
}

Value Machine::evaluate_slice(const Expression& e) {
  const Value object = evaluate(*e.items[0]);
  SliceBounds bounds;
  if (e.items[1]) bounds.begin = evaluate(*e.items[1]);
  if (e.items[2]) bounds.end = evaluate(*e.items[2]);
  if (e.items[3]) bounds.step = evaluate(*e.items[3]);
  budget_.now = e.place;
  return slice_of(*this, object, bounds);
}

Value Machine::evaluate_concat(const Expression& e) {
  TextWriter out(budget_);
  for (const ExpressionPtr& item : e.items) {
    const Value value = evaluate(*item);
    if (const ChatText* text = value.text())
      out.add(*text);
    else
      out.add(printed(*this, value));
  }
  return make(out.take());
}

Value Machine::evaluate_dict(const Expression& e) {
  std::vector<std::pair<Value, Value>> items;
  for (std::size_t i = 0; i + 1 < e.items.size(); i += 2) {
    Value key = evaluate(*e.items[i]);
    Value value = evaluate(*e.items[i + 1]);
    items.emplace_back(std::move(key), std::move(value));
  }
  budget_.now = e.place;
  return make_dict(std::move(items));
}

Value Machine::evaluate_logic(const Expression& e) {
  const bool stops_at = e.kind == Kind::kOr;
  Value value;
  for (const ExpressionPtr& item : e.items) {
    value = evaluate(*item);
    if (truth(value) == stops_at) break;
  }
  return value;
}

Value Machine::evaluate_operator(const Expression& e) {
  const Value a = evaluate(*e.items[0]);
  if (e.kind == Kind::kNot) return Value(!truth(a));
  if (e.kind == Kind::kMember) {
    budget_.now = e.place;
    return member_of(*this, a, e.name);
  }
  if (e.kind == Kind::kTest) {
    const Arguments arguments = arguments_of(e);
    budget_.now = e.place;
    return Value(apply_test(*this, e.name, a, arguments));
  }
  if (e.kind == Kind::kNegate || e.kind == Kind::kPlus) {
    budget_.now = e.place;
    return negate(*this, a, e.kind == Kind::kNegate);
  }
  const Value b = evaluate(*e.items[1]);
  budget_.now = e.place;
  return e.kind == Kind::kItem ? item_of(*this, a, b) : binary_operator(*this, e.name, a, b);
}

Value Machine::evaluate(const Expression& e) {
  const Level level(budget_);
  budget_.step();
  budget_.now = e.place;
  switch (e.kind) {
    case Kind::kText:
      return make_text(e.text);
    case Kind::kConstant:
      return e.constant;
    case Kind::kName:
      return evaluate_name(e);
    case Kind::kSlice:
      return evaluate_slice(e);
    case Kind::kCall:
      return evaluate_call(e, nullptr);
    case Kind::kFilter:
      return evaluate_filter(e, nullptr);
    case Kind::kMember:
    case Kind::kItem:
    case Kind::kTest:
    case Kind::kNot:
    case Kind::kNegate:
    case Kind::kPlus:
    case Kind::kBinary:
      return evaluate_operator(e);
    case Kind::kAnd:
    case Kind::kOr:
      return evaluate_logic(e);
    case Kind::kConcat:
      return evaluate_concat(e);
    case Kind::kCompare:
      return evaluate_compare(e);
    case Kind::kCondition:
      if (truth(evaluate(*e.items[1]))) return evaluate(*e.items[0]);
      if (e.items[2]) return evaluate(*e.items[2]);
      return make_undefined("an 'if' without 'else' gave nothing");
    case Kind::kList:
      return make_list(evaluate_items(e, 0));
    case Kind::kTuple:
      return make_list(evaluate_items(e, 0), ListKind::kTuple);
    case Kind::kDict:
      return evaluate_dict(e);
  }
  return {};
}

}  // namespace moescope::tokenizer

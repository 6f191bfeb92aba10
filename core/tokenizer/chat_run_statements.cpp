#include <fmt/format.h>

#include <utility>

#include "core/tokenizer/chat_machine.hpp"

namespace moescope::tokenizer {

/// A scope within another, while it lasts.
class Machine::Inner {
 public:
  Inner(Machine& machine, const std::vector<std::string>& hidden)
      : Inner(machine, hidden, machine.scope_) {}
  Inner(Machine& machine, const std::vector<std::string>& hidden, ScopePtr parent)
      : machine_(machine),
        outer_(std::exchange(machine.scope_, std::make_shared<Scope>(Scope{std::move(parent)}))) {
    for (const std::string& name : hidden)
      machine.scope_->set(name, machine.make_undefined(fmt::format("'{}' is undefined", name)));
  }
  Inner(const Inner&) = delete;
  Inner& operator=(const Inner&) = delete;
  ~Inner() { machine_.scope_ = std::move(outer_); }

 private:
  Machine& machine_;
  ScopePtr outer_;
};

ChatText Machine::run(const Body& body, const std::vector<std::string>& hidden) {
  TextWriter out(budget_);
  out_ = &out;
  const Inner scope(*this, hidden);
  execute(body);
  return out.take();
}

Machine::Flow Machine::execute(const Body& body) {
  for (const Statement& s : body)
    if (const Flow flow = execute(s); flow != Flow::kNext) return flow;
  return Flow::kNext;
}

Machine::Flow Machine::execute(const Statement& s) {
  const Level level(budget_);
  budget_.step();
  budget_.now = s.place;
  switch (s.kind) {
    case StatementKind::kData:
      out_->add(s.text, false);
      if (at_bottom_) budget_.check_output(out_->size());
      break;
    case StatementKind::kPrint:
      write(evaluate(*s.value));
      break;
    case StatementKind::kIf:
      return execute_if(s);
    case StatementKind::kFor:
      return execute_for(s);
    case StatementKind::kSet:
      assign(s.target, evaluate(*s.value));
      break;
    case StatementKind::kSetBlock:
      return execute_set_block(s);
    case StatementKind::kMacro:
      scope_->set(s.target.name, make_macro(s, s.target.name));
      break;
    case StatementKind::kCall:
      execute_call(s);
      break;
    case StatementKind::kFilter:
      return execute_filter(s);
    case StatementKind::kWith:
      return execute_with(s);
    case StatementKind::kGeneration:
      execute_generation(s);
      break;
    case StatementKind::kBreak:
      return Flow::kBreak;
    case StatementKind::kContinue:
      return Flow::kContinue;
  }
  return Flow::kNext;
}

void Machine::write(const Value& value) {
  if (const ChatText* text = value.text())
    out_->add(*text);
  else
    out_->add(printed(*this, value));
  if (at_bottom_) budget_.check_output(out_->size());
}

ChatText Machine::capture(const Body& body, Flow& flow) {
  TextWriter inner(budget_);
  TextWriter* const outer = std::exchange(out_, &inner);
  const bool at_bottom = std::exchange(at_bottom_, false);
  flow = execute(body);
  out_ = outer;
  at_bottom_ = at_bottom;
  return inner.take();
}

void Machine::assign(const Target& target, const Value& value) {
  budget_.now = target.place;
  if (!target.is_tuple && target.member.empty()) {
    scope_->set(target.name, value);
    return;
  }
  if (!target.is_tuple) {
    const Value space = evaluate_name(
        Expression{.kind = ExpressionKind::kName, .place = target.place, .name = target.name});
    NamespaceValue* members = space.name_space();
    if (members == nullptr) refuse("a member can be set in a namespace only");
    for (auto& [name, held] : members->members)
      if (name == target.member) {
        held = value;
        return;
      }
    budget_.step(members->members.size());
    members->members.emplace_back(target.member, value);
    return;
  }
  const std::vector<Value> items = items_of(*this, value);
  if (items.size() != target.parts.size())
    refuse(fmt::format("{} values to unpack, expected {}", items.size(), target.parts.size()));
  for (std::size_t i = 0; i < items.size(); ++i) assign(target.parts[i], items[i]);
}

Machine::Flow Machine::execute_if(const Statement& s) {
  for (const Branch& branch : s.branches)
    if (!branch.condition || truth(evaluate(*branch.condition))) return execute(branch.body);
  return Flow::kNext;
}

/// Gives whether a turn came to the end of the body; the loop's else is due where none did, as in
/// Jinja, where it would not be in Python.
bool Machine::loop_turns(const Statement& s, const std::shared_ptr<LoopValue>& loop) {
  bool came_to_end = false;
  while (true) {
    auto item = loop->after ? std::exchange(loop->after, std::nullopt) : loop->items->next();
    if (!item) break;
    budget_.turn();
    ++loop->index0;
    loop->before = std::exchange(loop->current, *item);
    const Inner scope(*this, s.hidden);
    scope_->set("loop", Value(loop));
    assign(s.target, *item);
    const Flow flow = execute(s.body);
    if (flow == Flow::kBreak) break;
    if (flow == Flow::kNext) came_to_end = true;
  }
  return came_to_end;
}

Machine::Flow Machine::execute_for(const Statement& s) {
  const Value source = evaluate(*s.value);
  budget_.now = s.value->place;
  ItemSource items(*this, source);
  if (s.test) {
    items.keep = [this, &s, outer = scope_](const Value& item) {
      const Inner scope(*this, {}, outer);
      assign(s.target, item);
      return truth(evaluate(*s.test));
    };
  }
  const auto loop = std::make_shared<LoopValue>();
  loop->source = source;
  loop->items = &items;
  loop->depth = depth_of(source) + 1;
  budget_.check_nesting(loop->depth);
  struct Close {
    LoopValue& loop;
    ~Close() { loop.items = nullptr; }
  } close{*loop};
  if (loop_turns(s, loop)) return Flow::kNext;
  const Inner scope(*this, s.other_hidden);
  return execute(s.other);
}

Machine::Flow Machine::execute_set_block(const Statement& s) {
  Flow flow = Flow::kNext;
  Value value;
  {
    const Inner scope(*this, s.hidden);
    value = make(capture(s.body, flow));
    if (flow != Flow::kNext) return flow;
    if (s.value) value = evaluate_filter(*s.value, &value);
  }
  assign(s.target, value);
  return flow;
}

Machine::Flow Machine::execute_filter(const Statement& s) {
  Flow flow = Flow::kNext;
  const Inner scope(*this, s.hidden);
  const Value value = make(capture(s.body, flow));
  if (flow == Flow::kNext) write(evaluate_filter(*s.value, &value));
  return flow;
}

Machine::Flow Machine::execute_with(const Statement& s) {
  std::vector<Value> values;
  for (const Parameter& p : s.parameters) values.push_back(evaluate(*p.value));
  const Inner scope(*this, s.hidden);
  for (std::size_t i = 0; i < values.size(); ++i) scope_->set(s.parameters[i].name, values[i]);
  return execute(s.body);
}

void Machine::execute_generation(const Statement& s) {
  const Inner scope(*this, s.hidden);
  execute(s.body);
}

void Machine::execute_call(const Statement& s) {
  const Value caller = make_macro(s, "caller");
  write(evaluate_call(*s.value, &caller));
}

Value Machine::make_macro(const Statement& s, std::string name) {
  FunctionValue macro{.kind = FunctionKind::kMacro, .name = std::move(name)};
  macro.macro = &s;
  macro.scope = scope_;
  macro.charge = Charge(budget_, 256);
  if (!std::exchange(scope_->is_captured, true)) captured_.push_back(scope_);
  return Value(
      std::shared_ptr<const FunctionValue>(std::make_shared<FunctionValue>(std::move(macro))));
}

Value Machine::call_macro(const FunctionValue& macro, Arguments& arguments) {
  const Statement& s = *macro.macro;
  const Level level(budget_);
  const Inner scope(*this, s.hidden, macro.scope);
  if (arguments.positional.size() > s.parameters.size())
    refuse(fmt::format("macro '{}' takes not more than {} arguments", macro.name,
                       s.parameters.size()));
  for (std::size_t i = 0; i < arguments.positional.size(); ++i)
    scope_->set(s.parameters[i].name, arguments.positional[i]);
  const auto take_named = [&arguments](std::string_view name) -> std::optional<Value> {
    for (auto at = arguments.named.begin(); at != arguments.named.end(); ++at)
      if (at->first == name) {
        Value value = std::move(at->second);
        arguments.named.erase(at);
        return value;
      }
    return std::nullopt;
  };
  for (std::size_t i = arguments.positional.size(); i < s.parameters.size(); ++i) {
    const Parameter& p = s.parameters[i];
    if (auto value = take_named(p.name))
      scope_->set(p.name, std::move(*value));
    else if (p.value)
      scope_->set(p.name, evaluate(*p.value));
    else
      scope_->set(p.name, make_undefined(fmt::format("parameter '{}' was not provided", p.name)));
  }
  if (!s.text.empty()) {
    auto caller = take_named("caller");
    if (caller)
      scope_->set("caller", std::move(*caller));
    else if (scope_->find("caller") == nullptr)
      scope_->set("caller", make_undefined("No caller defined"));
  }
  if (!arguments.named.empty())
    refuse(fmt::format("macro '{}' takes no argument '{}'", macro.name,
                       arguments.named.front().first));
  Flow flow = Flow::kNext;
  return make(capture(s.body, flow));
}

}  // namespace moescope::tokenizer

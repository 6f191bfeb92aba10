#include <fmt/format.h>

#include "core/tokenizer/chat_machine.hpp"

/// Calling what can be called.
namespace moescope::tokenizer {
namespace {

// What the reference's sandbox allows.
constexpr std::uint64_t kMaxRange = 100'000;

std::int64_t whole(Machine& machine, const Value& value) {
  machine.need_defined(value);
  const auto number = value.integer();
  if (!number)
    machine.refuse(
        fmt::format("'{}' object cannot be interpreted as an integer", type_name(value)));
  return *number;
}

Value make_range(Machine& machine, const Arguments& arguments) {
  const auto& given = arguments.positional;
  if (given.empty() || given.size() > 3 || !arguments.named.empty())
    machine.refuse("range expects 1 to 3 numbers");
  const std::int64_t begin = given.size() == 1 ? 0 : whole(machine, given[0]);
  const std::int64_t end = whole(machine, given[given.size() == 1 ? 0 : 1]);
  const std::int64_t step = given.size() == 3 ? whole(machine, given[2]) : 1;
  if (step == 0) machine.refuse("range() arg 3 must not be zero");
  bool foreign = false;
  for (const Value& v : given) foreign = foreign || v.foreign;
  const auto distance = [](std::int64_t from, std::int64_t to) {
    return static_cast<std::uint64_t>(to) - static_cast<std::uint64_t>(from);
  };
  const std::uint64_t stride = step > 0 ? distance(0, step) : distance(step, 0);
  std::uint64_t n = 0;
  if (step > 0 ? begin < end : begin > end)
    n = ((step > 0 ? distance(begin, end) : distance(end, begin)) - 1) / stride + 1;
  if (n > kMaxRange) machine.refuse(fmt::format("the range is longer than {}", kMaxRange));
  std::vector<Value> items;
  for (std::uint64_t i = 0; i < n; ++i)
    items.emplace_back(begin + static_cast<std::int64_t>(i) * step, foreign);
  return machine.make_list(std::move(items), ListKind::kRange,
                           step == 1 ? fmt::format("range({}, {})", begin, end)
                                     : fmt::format("range({}, {}, {})", begin, end, step));
}

/// The pairs that dict() and namespace() are made of.
std::vector<std::pair<Value, Value>> pairs_of(Machine& machine, Arguments& arguments) {
  std::vector<std::pair<Value, Value>> out;
  if (arguments.positional.size() > 1) machine.refuse("expected at most 1 argument without a name");
  for (const Value& value : arguments.positional) {
    if (const auto* dict = value.dict()) {
      out = dict->items;
      continue;
    }
    for (const Value& item : items_of(machine, value)) {
      std::vector<Value> pair = items_of(machine, item);
      if (pair.size() != 2) machine.refuse("expected pairs of key and value");
      out.emplace_back(std::move(pair[0]), std::move(pair[1]));
    }
  }
  for (auto& [key, value] : arguments.named)
    out.emplace_back(machine.make_text(key), std::move(value));
  return out;
}

}  // namespace

Value Machine::make_namespace(Arguments& arguments) {
  const Value dict = make_dict(pairs_of(*this, arguments));
  auto space = std::make_shared<NamespaceValue>();
  space->charge = Charge(budget_, 256);
  for (const auto& [key, value] : dict.dict()->items) {
    const ChatText* name = key.text();
    if (name == nullptr) unsupported("a namespace with names that are no strings");
    space->members.emplace_back(name->bytes, value);
  }
  namespaces_.push_back(space);
  return Value(std::move(space));
}

Value Machine::call_function(const FunctionValue& function, Arguments& arguments) {
  switch (function.kind) {
    case FunctionKind::kRange:
      return make_range(*this, arguments);
    case FunctionKind::kDict:
      return make_dict(pairs_of(*this, arguments));
    case FunctionKind::kNamespace:
      return make_namespace(arguments);
    case FunctionKind::kRaise: {
      const auto bound = bind_arguments(*this, arguments, {"message"});
      if (!bound[0]) refuse("raise_exception expects a message");
      throw Refused{printed(*this, *bound[0]).bytes};
    }
    case FunctionKind::kStrftimeNow: {
      const auto bound = bind_arguments(*this, arguments, {"format"});
      const ChatText* format = bound[0] ? bound[0]->text() : nullptr;
      if (format == nullptr) refuse("strftime_now expects a format");
      if (!now) unsupported("strftime_now without a time");
      return make_text(format_time(*this, format->bytes, *now), !format->foreign.empty());
    }
    case FunctionKind::kMethod:
      return call_method(*this, function.receiver, function.name, arguments);
    case FunctionKind::kMacro:
      return call_macro(function, arguments);
  }
  return {};
}

Value Machine::call(const Value& callee, Arguments arguments) {
  need_defined(callee);
  const FunctionValue* function = callee.function();
  if (function == nullptr) refuse(fmt::format("'{}' object is not callable", type_name(callee)));
  const Value keep = callee;
  return call_function(*function, arguments);
}

}  // namespace moescope::tokenizer

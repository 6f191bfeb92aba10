#include <fmt/format.h>

#include "core/base/escape.hpp"
#include "core/formats/io.hpp"
#include "core/tokenizer/chat_machine.hpp"

/// What can stand behind 'is'.
namespace moescope::tokenizer {
namespace {

bool is_sequence(const Value& v) {
  if (const ListValue* list = v.list()) return list->kind <= ListKind::kRange;
  return v.text() || v.dict() || v.is_undefined();
}

bool is_same(Machine& machine, const Value& a, const Value& b) {
  if (a.data.index() != b.data.index()) return false;
  if (a.is_none()) return true;
  if (a.is<bool>()) return *a.get<bool>() == *b.get<bool>();
  if (a.list() || a.dict() || a.name_space() || a.loop())
    return a.list() == b.list() && a.dict() == b.dict() && a.name_space() == b.name_space() &&
           a.loop() == b.loop();
  machine.unsupported(fmt::format("the identity of a {}", type_name(a)));
}

struct OfValue {
  std::string_view name;
  bool (*holds)(const Value&);
};

constexpr OfValue kOfValue[] = {
    {"defined", [](const Value& v) { return !v.is_undefined(); }},
    {"undefined", [](const Value& v) { return v.is_undefined(); }},
    {"none", [](const Value& v) { return v.is_none(); }},
    {"boolean", [](const Value& v) { return v.is<bool>(); }},
    {"true", [](const Value& v) { return v.is<bool>() && *v.get<bool>(); }},
    {"false", [](const Value& v) { return v.is<bool>() && !*v.get<bool>(); }},
    {"integer", [](const Value& v) { return v.is<std::int64_t>(); }},
    {"float", [](const Value& v) { return v.is<double>(); }},
    {"number", [](const Value& v) { return v.number().has_value(); }},
    {"string", [](const Value& v) { return v.text() != nullptr; }},
    {"mapping", [](const Value& v) { return v.dict() != nullptr; }},
    {"sequence", is_sequence},
    {"iterable", is_iterable},
    {"callable", [](const Value& v) { return v.function() || v.is_undefined() || v.loop(); }},
};

struct OfTwo {
  std::string_view name;
  std::string_view op;
};

constexpr OfTwo kOfTwo[] = {
    {"eq", "=="},      {"equalto", "=="},    {"==", "=="}, {"ne", "!="}, {"!=", "!="}, {"gt", ">"},
    {">", ">"},        {"greaterthan", ">"}, {"ge", ">="}, {">=", ">="}, {"lt", "<"},  {"<", "<"},
    {"lessthan", "<"}, {"le", "<="},         {"<=", "<="}, {"in", "in"},
};

bool divides(Machine& machine, const Value& value, const Value& by, std::int64_t rest) {
  return equals(machine, binary_operator(machine, "%", value, by), Value(rest));
}

const Value& second(Machine& machine, std::string_view name, const Arguments& arguments) {
  if (arguments.positional.size() != 1 || !arguments.named.empty())
    machine.refuse(fmt::format("the test '{}' expects one argument", name));
  return arguments.positional[0];
}

}  // namespace

bool apply_test(Machine& machine, std::string_view name, const Value& value,
                const Arguments& arguments) {
  for (const OfValue& row : kOfValue) {
    if (row.name != name) continue;
    bind_arguments(machine, arguments, {});
    return row.holds(value);
  }
  for (const OfTwo& row : kOfTwo)
    if (row.name == name) return compares(machine, row.op, value, second(machine, name, arguments));
  constexpr std::int64_t kTwo = 2;
  if (name == "odd" || name == "even") {
    bind_arguments(machine, arguments, {});
    return divides(machine, value, Value(kTwo), name == "odd" ? 1 : 0);
  }
  if (name == "divisibleby") return divides(machine, value, second(machine, name, arguments), 0);
  if (name == "sameas") return is_same(machine, value, second(machine, name, arguments));
  machine.unsupported(fmt::format("the test {}", quoted_name(name)));
}

}  // namespace moescope::tokenizer

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/tokenizer/chat_machine.hpp"

namespace moescope::tokenizer {
namespace {

using Int = std::int64_t;

[[noreturn]] void bad_operands(Machine& machine, std::string_view op, const Value& a,
                               const Value& b) {
  machine.refuse(fmt::format("unsupported operand type(s) for {}: '{}' and '{}'", op, type_name(a),
                             type_name(b)));
}

Value checked(Machine& machine, bool overflow, Int result) {
  if (overflow) machine.unsupported("a whole number beyond 64 bits");
  return Value(result);
}

Value integer_power(Machine& machine, Int base, Int exponent) {
  if (exponent < 0) {
    if (base == 0) machine.refuse("0.0 cannot be raised to a negative power");
    return Value(std::pow(static_cast<double>(base), static_cast<double>(exponent)));
  }
  Int out = 1;
  bool overflow = false;
  if (base == 0 || base == 1) return Value(exponent == 0 ? Int{1} : base);
  if (base == -1) return Value(exponent % 2 == 0 ? Int{1} : Int{-1});
  for (Int i = 0; i < exponent && !overflow; ++i)
    overflow = __builtin_mul_overflow(out, base, &out);
  return checked(machine, overflow, out);
}

Value divide_integers(Machine& machine, std::string_view op, Int a, Int b) {
  if (op == "**") return integer_power(machine, a, b);
  if (b == 0) machine.refuse("division by zero");
  if (op == "/")
    return Value(static_cast<double>(static_cast<long double>(a) / static_cast<long double>(b)));
  if (b == -1) {
    if (op == "%") return Value(Int{0});
    return checked(machine, a == INT64_MIN, a == INT64_MIN ? 0 : -a);
  }
  const Int rest = a % b;
  const bool differs = rest != 0 && (rest < 0) != (b < 0);
  return Value(op == "%" ? (differs ? rest + b : rest) : a / b - (differs ? 1 : 0));
}

Value integer_operator(Machine& machine, std::string_view op, Int a, Int b) {
  Int out = 0;
  bool overflow = false;
  if (op == "+")
    overflow = __builtin_add_overflow(a, b, &out);
  else if (op == "-")
    overflow = __builtin_sub_overflow(a, b, &out);
  else if (op == "*")
    overflow = __builtin_mul_overflow(a, b, &out);
  else
    return divide_integers(machine, op, a, b);
  return checked(machine, overflow, out);
}

/// As Python rounds down and gives the rest the divisor's sign.
Value real_division(std::string_view op, double a, double b) {
  double rest = std::fmod(a, b);
  double quotient = (a - rest) / b;
  if (rest != 0) {
    if ((b < 0) != (rest < 0)) {
      rest += b;
      quotient -= 1;
    }
  } else {
    rest = std::copysign(0.0, b);
  }
  if (op == "%") return Value(rest);
  if (quotient == 0) return Value(std::copysign(0.0, a / b));
  const double down = std::floor(quotient);
  return Value(quotient - down > 0.5 ? down + 1 : down);
}

Value real_operator(Machine& machine, std::string_view op, double a, double b) {
  if (op == "+") return Value(a + b);
  if (op == "-") return Value(a - b);
  if (op == "*") return Value(a * b);
  if (op == "**") {
    if (a == 0 && b < 0) machine.refuse("0.0 cannot be raised to a negative power");
    if (a < 0 && b != std::floor(b)) machine.unsupported("a complex number");
    const double out = std::pow(a, b);
    if (std::isinf(out) && std::isfinite(a) && std::isfinite(b))
      machine.refuse("the result is too large");
    return Value(out);
  }
  if (b == 0) machine.refuse("division by zero");
  return op == "/" ? Value(a / b) : real_division(op, a, b);
}

Value repeat(Machine& machine, const Value& what, Int times) {
  const auto n = static_cast<std::size_t>(std::max<Int>(times, 0));
  if (const ChatText* text = what.text()) {
    if (text->safe) machine.unsupported("an operator on text that is marked safe");
    TextWriter out(machine.budget());
    for (std::size_t i = 0; i < n && !text->bytes.empty(); ++i) out.add(*text);
    return machine.make(out.take());
  }
  const ListValue& list = *what.list();
  std::vector<Value> items;
  for (std::size_t i = 0; i < n && !list.items.empty(); ++i) {
    machine.budget().expect((items.size() + list.items.size()) * sizeof(Value));
    machine.budget().step(list.items.size());
    items.insert(items.end(), list.items.begin(), list.items.end());
  }
  return machine.make_list(std::move(items), list.kind);
}

bool is_plain_list(const Value& value) {
  const ListValue* list = value.list();
  return list != nullptr && (list->kind == ListKind::kList || list->kind == ListKind::kTuple);
}

Value add_sequences(Machine& machine, const Value& a, const Value& b) {
  if (a.text() && b.text()) {
    if (a.text()->safe || b.text()->safe)
      machine.unsupported("an operator on text that is marked safe");
    TextWriter out(machine.budget());
    out.add(*a.text());
    out.add(*b.text());
    return machine.make(out.take());
  }
  if (is_plain_list(a) && is_plain_list(b) && a.list()->kind == b.list()->kind) {
    std::vector<Value> items = a.list()->items;
    items.insert(items.end(), b.list()->items.begin(), b.list()->items.end());
    return machine.make_list(std::move(items), a.list()->kind);
  }
  bad_operands(machine, "+", a, b);
}

Value number_operator(Machine& machine, std::string_view op, const Value& a, const Value& b) {
  const auto x = a.integer();
  const auto y = b.integer();
  Value out = x && y ? integer_operator(machine, op, *x, *y)
                     : real_operator(machine, op, *a.number(), *b.number());
  out.foreign = a.foreign || b.foreign;
  return out;
}

bool equal_items(Machine& machine, const std::vector<Value>& a, const std::vector<Value>& b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(),
                    [&](const Value& x, const Value& y) { return equals(machine, x, y); });
}

bool equal_dicts(Machine& machine, const DictValue& a, const DictValue& b) {
  if (a.items.size() != b.items.size()) return false;
  for (const auto& [key, value] : a.items) {
    const Value* other = b.find(key);
    if (other == nullptr || !equals(machine, value, *other)) return false;
  }
  return true;
}

bool less_numbers(const Value& a, const Value& b) {
  const auto x = a.integer();
  const auto y = b.integer();
  if (x && y) return *x < *y;
  const long double u = x ? static_cast<long double>(*x) : *a.number();
  const long double v = y ? static_cast<long double>(*y) : *b.number();
  return u < v;
}

}  // namespace

Value binary_operator(Machine& machine, std::string_view op, const Value& a, const Value& b) {
  machine.need_defined(a);
  if (op == "%" && a.text()) machine.unsupported("'%' on a string");
  machine.need_defined(b);
  if (a.number() && b.number()) return number_operator(machine, op, a, b);
  if (op == "+") return add_sequences(machine, a, b);
  if (op == "*") {
    const auto times_a = a.integer();
    const auto times_b = b.integer();
    if (times_b && (a.text() || is_plain_list(a))) return repeat(machine, a, *times_b);
    if (times_a && (b.text() || is_plain_list(b))) return repeat(machine, b, *times_a);
  }
  bad_operands(machine, op, a, b);
}

Value negate(Machine& machine, const Value& value, bool minus) {
  machine.need_defined(value);
  Value out;
  if (const auto i = value.integer())
    out = minus ? integer_operator(machine, "-", 0, *i) : Value(*i);
  else if (const auto d = value.number())
    out = Value(minus ? -*d : *d);
  else
    machine.refuse(
        fmt::format("bad operand type for unary {}: '{}'", minus ? '-' : '+', type_name(value)));
  out.foreign = value.foreign;
  return out;
}

bool equals(Machine& machine, const Value& a, const Value& b) {
  const Level level(machine.budget());
  machine.budget().step();
  if (a.number() && b.number()) {
    const auto x = a.integer();
    const auto y = b.integer();
    if (x && y) return *x == *y;
    return (x ? static_cast<long double>(*x) : *a.number()) ==
           (y ? static_cast<long double>(*y) : *b.number());
  }
  if (a.text() && b.text()) {
    machine.budget().work(std::min(a.text()->bytes.size(), b.text()->bytes.size()));
    return a.text()->bytes == b.text()->bytes;
  }
  if (a.list() && b.list())
    return a.list()->kind == b.list()->kind &&
           equal_items(machine, a.list()->items, b.list()->items);
  if (a.dict() && b.dict()) return equal_dicts(machine, *a.dict(), *b.dict());
  if (a.data.index() != b.data.index()) return false;
  if (a.is_undefined() || a.is_none()) return true;
  if (a.function() || b.function()) machine.unsupported("the comparison of functions");
  return a.iterator() == b.iterator() && a.name_space() == b.name_space() && a.loop() == b.loop();
}

bool less(Machine& machine, const Value& a, const Value& b) {
  const Level level(machine.budget());
  machine.budget().step();
  machine.need_defined(a);
  machine.need_defined(b);
  if (a.number() && b.number()) return less_numbers(a, b);
  if (a.text() && b.text()) {
    machine.budget().work(std::min(a.text()->bytes.size(), b.text()->bytes.size()));
    return a.text()->bytes < b.text()->bytes;
  }
  if (!is_plain_list(a) || !is_plain_list(b) || a.list()->kind != b.list()->kind)
    machine.refuse(fmt::format("'<' not supported between instances of '{}' and '{}'", type_name(a),
                               type_name(b)));
  const auto& x = a.list()->items;
  const auto& y = b.list()->items;
  for (std::size_t i = 0; i < x.size() && i < y.size(); ++i)
    if (!equals(machine, x[i], y[i])) return less(machine, x[i], y[i]);
  return x.size() < y.size();
}

std::size_t find_part(std::string_view text, std::string_view part, std::size_t from) noexcept {
  if (from > text.size()) return std::string_view::npos;
  if (part.empty()) return from;
  const void* at = memmem(text.data() + from, text.size() - from, part.data(), part.size());
  if (at == nullptr) return std::string_view::npos;
  return static_cast<std::size_t>(static_cast<const char*>(at) - text.data());
}

bool contains(Machine& machine, const Value& container, const Value& item) {
  if (const ChatText* text = container.text()) {
    machine.need_defined(item);
    const ChatText* part = item.text();
    if (part == nullptr)
      machine.refuse(
          fmt::format("'in <string>' requires string as left operand, not {}", type_name(item)));
    machine.budget().work(text->bytes.size());
    return find_part(text->bytes, part->bytes) != std::string::npos;
  }
  if (const DictValue* dict = container.dict()) {
    if (item.list() || item.dict())
      if (!key_text(item)) machine.refuse(fmt::format("unhashable type: '{}'", type_name(item)));
    return dict->find(item) != nullptr;
  }
  ItemSource items(machine, container);
  while (const auto one = items.next())
    if (equals(machine, *one, item)) return true;
  return false;
}

bool compares(Machine& machine, std::string_view op, const Value& a, const Value& b) {
  if (op == "==") return equals(machine, a, b);
  if (op == "!=") return !equals(machine, a, b);
  if (op == "in") return contains(machine, b, a);
  if (op == "not in") return !contains(machine, b, a);
  if (op == "<") return less(machine, a, b);
  if (op == ">") return less(machine, b, a);
  // Not the negation: nothing holds of a number that is none.
  const bool nan = a.number() && b.number() && (std::isnan(*a.number()) || std::isnan(*b.number()));
  if (nan) return false;
  return op == "<=" ? !less(machine, b, a) : !less(machine, a, b);
}

}  // namespace moescope::tokenizer

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "core/tokenizer/chat_machine.hpp"
#include "core/tokenizer/chat_unicode.hpp"

/// Values as Python prints them.
namespace moescope::tokenizer {
namespace {

void write_escape(char32_t code, TextWriter& out, bool foreign) {
  const auto c = static_cast<unsigned>(code);
  if (code == U'\n' || code == U'\r' || code == U'\t')
    out.add(code == U'\n' ? "\\n" : code == U'\r' ? "\\r" : "\\t", foreign);
  else if (code < 0x100)
    out.add(fmt::format("\\x{:02x}", c), foreign);
  else if (code < 0x10000)
    out.add(fmt::format("\\u{:04x}", c), foreign);
  else
    out.add(fmt::format("\\U{:08x}", c), foreign);
}

void write_quoted(const ChatText& text, TextWriter& out) {
  const bool has_single = text.bytes.find('\'') != std::string::npos;
  const bool has_double = text.bytes.find('"') != std::string::npos;
  const char32_t quote = has_single && !has_double ? U'"' : U'\'';
  out.add_character(quote, false);
  TextReader reader(text);
  while (reader.next()) {
    const bool foreign = reader.foreign();
    if (reader.code() == quote || reader.code() == U'\\') {
      out.add_character(U'\\', foreign);
      out.add_character(reader.code(), foreign);
    } else if (is_printable(reader.code())) {
      out.add_character(reader.code(), foreign);
    } else {
      write_escape(reader.code(), out, foreign);
    }
  }
  out.add_character(quote, false);
}

void write_items(Machine& machine, const ListValue& list, TextWriter& out) {
  const bool is_tuple = list.kind == ListKind::kTuple;
  out.add(is_tuple ? "(" : "[", false);
  for (std::size_t i = 0; i < list.items.size(); ++i) {
    if (i > 0) out.add(", ", false);
    write_repr(machine, list.items[i], out);
  }
  out.add(!is_tuple ? "]" : list.items.size() == 1 ? ",)" : ")", false);
}

void write_list(Machine& machine, const ListValue& list, TextWriter& out) {
  if (list.kind == ListKind::kRange) return out.add(list.range, true);
  if (list.kind < ListKind::kDictItems) return write_items(machine, list, out);
  out.add(type_name(list.kind), false);
  out.add("(", false);
  write_items(machine, list, out);
  out.add(")", false);
}

void write_dict(Machine& machine, const DictValue& dict, TextWriter& out) {
  out.add("{", false);
  bool first = true;
  for (const auto& [key, value] : dict.items) {
    if (!std::exchange(first, false)) out.add(", ", false);
    write_repr(machine, key, out);
    out.add(": ", false);
    write_repr(machine, value, out);
  }
  out.add("}", false);
}

}  // namespace

std::string float_text(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  char buffer[40];
  const auto end = std::to_chars(buffer, buffer + sizeof(buffer), std::abs(value),
                                 std::chars_format::scientific);
  const std::string_view shortest(buffer, static_cast<std::size_t>(end.ptr - buffer));
  const std::size_t e = shortest.find('e');
  std::string digits;
  for (const char c : shortest.substr(0, e))
    if (c != '.') digits += c;
  int exponent = 0;
  const std::size_t sign = shortest[e + 1] == '+' ? 1 : 0;
  std::from_chars(shortest.data() + e + 1 + sign, shortest.data() + shortest.size(), exponent);
  std::string out = std::signbit(value) ? "-" : "";
  constexpr int kFirstWithExponent = 16;
  if (exponent < -4 || exponent >= kFirstWithExponent) {
    out += digits[0];
    if (digits.size() > 1) out += "." + digits.substr(1);
    return out + fmt::format("e{}{:02d}", exponent < 0 ? '-' : '+', std::abs(exponent));
  }
  if (exponent < 0)
    return out + "0." + std::string(static_cast<std::size_t>(-exponent - 1), '0') + digits;
  const auto n_whole = static_cast<std::size_t>(exponent) + 1;
  if (digits.size() <= n_whole)
    return out + digits + std::string(n_whole - digits.size(), '0') + ".0";
  return out + digits.substr(0, n_whole) + "." + digits.substr(n_whole);
}

void write_repr(Machine& machine, const Value& value, TextWriter& out) {
  const Level level(machine.budget());
  machine.budget().step();
  if (const ChatText* text = value.text()) {
    if (text->safe) machine.unsupported("printing text that is marked safe within a list");
    write_quoted(*text, out);
  } else if (value.is_undefined()) {
    out.add("Undefined", false);
  } else if (value.is_none()) {
    out.add("None", value.foreign);
  } else if (const auto* truth = value.get<bool>()) {
    out.add(*truth ? "True" : "False", value.foreign);
  } else if (const auto* whole = value.get<std::int64_t>()) {
    out.add(fmt::format("{}", *whole), value.foreign);
  } else if (const auto* real = value.get<double>()) {
    out.add(float_text(*real), value.foreign);
  } else if (const ListValue* list = value.list()) {
    write_list(machine, *list, out);
  } else if (const DictValue* dict = value.dict()) {
    write_dict(machine, *dict, out);
  } else {
    machine.unsupported(fmt::format("printing a {}", type_name(value)));
  }
}

ChatText printed(Machine& machine, const Value& value) {
  if (const ChatText* text = value.text()) return *text;
  TextWriter out(machine.budget());
  if (!value.is_undefined()) write_repr(machine, value, out);
  return out.take();
}

}  // namespace moescope::tokenizer

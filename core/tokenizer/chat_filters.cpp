#include "core/tokenizer/chat_filters.hpp"

#include <fmt/format.h>

#include <charconv>

#include "core/base/escape.hpp"
#include "core/formats/io.hpp"

namespace moescope::tokenizer {

Value attribute_path(Machine& machine, const Value& item, const std::optional<Value>& attribute,
                     const std::optional<Value>& fallback) {
  if (!attribute || attribute->is_none()) return item;
  const ChatText* path = attribute->text();
  const auto or_fallback = [&](Value found) {
    const bool wanted = found.is_undefined() && fallback && !fallback->is_none();
    return wanted ? *fallback : found;
  };
  if (path == nullptr) return or_fallback(item_of(machine, item, *attribute));
  Value out = item;
  std::string_view rest = path->bytes;
  while (true) {
    const std::size_t dot = rest.find('.');
    const std::string_view part = rest.substr(0, dot);
    std::int64_t index = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), index);
    const bool is_number =
        !part.empty() && part[0] != '-' && error == std::errc() && end == part.data() + part.size();
    out = or_fallback(item_of(machine, out, is_number ? Value(index) : machine.make_text(part)));
    if (dot == std::string_view::npos) return out;
    rest.remove_prefix(dot + 1);
  }
}

Value sort_key(Machine& machine, const Value& value, bool case_sensitive) {
  const ChatText* text = value.text();
  return text == nullptr || case_sensitive ? value : change_case(machine, *text, "lower");
}

Value apply_filter(Machine& machine, std::string_view name, const Value& value,
                   const Arguments& arguments) {
  machine.budget().step();
  const Level level(machine.budget());
  for (const auto& table : {text_filters(), number_filters(), list_filters(), picking_filters()})
    for (const FilterRow& row : table)
      if (row.name == name) return row.run({machine, name, value, arguments});
  machine.unsupported(fmt::format("the filter {}", quoted_name(name)));
}

}  // namespace moescope::tokenizer

#pragma once

#include <span>
#include <string_view>

#include "core/tokenizer/chat_machine.hpp"

namespace moescope::tokenizer {

/// A filter while it is applied.
struct FilterCall {
  Machine& machine;
  std::string_view name;
  const Value& value;
  const Arguments& arguments;

  std::vector<std::optional<Value>> bind(std::initializer_list<std::string_view> names) const {
    return bind_arguments(machine, arguments, names);
  }
  /// The value as text, whatever it is.
  ChatText text() const { return printed(machine, value); }
};

struct FilterRow {
  std::string_view name;
  Value (*run)(const FilterCall&);
};

// Tables of filters; chat_filters.cpp looks through them.
std::span<const FilterRow> text_filters();
std::span<const FilterRow> number_filters();
std::span<const FilterRow> list_filters();
std::span<const FilterRow> picking_filters();

/// What the argument `attribute` of a filter takes of an item: "a.b.0" or a number; all of the item
/// where there is none.
Value attribute_path(Machine& machine, const Value& item, const std::optional<Value>& attribute,
                     const std::optional<Value>& fallback = std::nullopt);
/// A key to sort by: strings in lower case unless their case counts.
Value sort_key(Machine& machine, const Value& value, bool case_sensitive);

}  // namespace moescope::tokenizer

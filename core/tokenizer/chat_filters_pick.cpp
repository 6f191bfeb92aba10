#include <fmt/format.h>

#include "core/tokenizer/chat_filters.hpp"

/// Filters that apply other filters and tests to every item.
namespace moescope::tokenizer {
namespace {

std::string name_of(const FilterCall& call, const Value& value) {
  const ChatText* text = value.text();
  if (text == nullptr) call.machine.refuse(fmt::format("{} expects a name", call.name));
  return text->bytes;
}

Arguments without_first(const Arguments& arguments, std::size_t n) {
  Arguments out = arguments;
  out.positional.erase(out.positional.begin(),
                       out.positional.begin() + static_cast<std::ptrdiff_t>(n));
  return out;
}

Value map(const FilterCall& call) {
  std::vector<Value> out;
  if (!truth(call.value)) return call.machine.make_iterator({});
  ItemSource source(call.machine, call.value);
  if (call.arguments.positional.empty()) {
    const auto bound = call.bind({"attribute", "default"});
    if (!bound[0]) call.machine.refuse("map requires a filter argument");
    while (const auto item = source.next())
      out.push_back(attribute_path(call.machine, *item, bound[0], bound[1]));
    return call.machine.make_iterator(std::move(out));
  }
  const std::string name = name_of(call, call.arguments.positional[0]);
  const Arguments rest = without_first(call.arguments, 1);
  while (const auto item = source.next())
    out.push_back(apply_filter(call.machine, name, *item, rest));
  return call.machine.make_iterator(std::move(out));
}

Value pick(const FilterCall& call) {
  const bool by_attribute = call.name.ends_with("attr");
  const bool wanted = call.name.starts_with("select");
  if (!truth(call.value)) return call.machine.make_iterator({});
  const auto& given = call.arguments.positional;
  const std::size_t n_attribute = by_attribute ? 1 : 0;
  if (given.size() < n_attribute) call.machine.refuse("Missing parameter for attribute name");
  const auto attribute = by_attribute ? std::optional(given[0]) : std::nullopt;
  std::optional<std::string> test;
  Arguments rest;
  if (given.size() > n_attribute) {
    test = name_of(call, given[n_attribute]);
    rest = without_first(call.arguments, n_attribute + 1);
  }
  std::vector<Value> out;
  ItemSource source(call.machine, call.value);
  while (const auto item = source.next()) {
    const Value value = attribute_path(call.machine, *item, attribute);
    const bool holds = test ? apply_test(call.machine, *test, value, rest) : truth(value);
    if (holds == wanted) out.push_back(*item);
  }
  return call.machine.make_iterator(std::move(out));
}

constexpr FilterRow kRows[] = {
    {"map", map}, {"select", pick}, {"reject", pick}, {"selectattr", pick}, {"rejectattr", pick}};

}  // namespace

std::span<const FilterRow> picking_filters() {
  return kRows;
}

}  // namespace moescope::tokenizer

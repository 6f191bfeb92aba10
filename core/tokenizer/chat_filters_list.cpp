#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "core/tokenizer/chat_filters.hpp"

namespace moescope::tokenizer {
namespace {

using Int = std::int64_t;

bool flag(const std::optional<Value>& value) {
  return value && truth(*value);
}

Value length(const FilterCall& call) {
  call.bind({});
  const Value& v = call.value;
  if (v.is_undefined()) return Value(Int{0});
  if (v.loop()) return member_of(call.machine, v, "length");
  if (!is_iterable(v) || v.iterator())
    call.machine.refuse(fmt::format("object of type '{}' has no len()", type_name(v)));
  return Value(static_cast<Int>(ItemSource(call.machine, v).length().value_or(0)));
}

Value or_default(const FilterCall& call) {
  const auto bound = call.bind({"default_value", "boolean"});
  if (!call.value.is_undefined() && !(flag(bound[1]) && !truth(call.value))) return call.value;
  return bound[0] ? *bound[0] : call.machine.make_text("");
}

Value first(const FilterCall& call) {
  call.bind({});
  if (auto item = ItemSource(call.machine, call.value).next()) return *item;
  return call.machine.make_undefined("No first item, sequence was empty.");
}

Value last(const FilterCall& call) {
  call.bind({});
  if (!is_iterable(call.value) || call.value.iterator() || call.value.loop())
    call.machine.refuse(fmt::format("'{}' object is not reversible", type_name(call.value)));
  if (call.value.text() && !call.value.text()->bytes.empty())
    return item_of(call.machine, call.value, Value(Int{-1}));
  auto items = items_of(call.machine, call.value);
  if (!items.empty()) return items.back();
  return call.machine.make_undefined("No last item, sequence was empty.");
}

Value list(const FilterCall& call) {
  call.bind({});
  return call.machine.make_list(items_of(call.machine, call.value));
}

Value reverse(const FilterCall& call) {
  call.bind({});
  if (call.value.text()) {
    SliceBounds bounds;
    bounds.step = Value(Int{-1});
    return slice_of(call.machine, call.value, bounds);
  }
  auto items = items_of(call.machine, call.value);
  std::reverse(items.begin(), items.end());
  if (call.value.iterator()) return call.machine.make_list(std::move(items));
  return call.machine.make_iterator(std::move(items));
}

Value items(const FilterCall& call) {
  call.bind({});
  if (call.value.is_undefined()) return call.machine.make_iterator({});
  if (!call.value.dict()) call.machine.refuse("Can only get item pairs from a mapping.");
  const Value pairs = call_method(call.machine, call.value, "items", {});
  return call.machine.make_iterator(pairs.list()->items);
}

struct Keyed {
  Value item;
  Value key;
};

std::vector<Value> sorted(const FilterCall& call, std::vector<Keyed> keyed, bool down) {
  std::stable_sort(keyed.begin(), keyed.end(), [&](const Keyed& a, const Keyed& b) {
    return down ? less(call.machine, b.key, a.key) : less(call.machine, a.key, b.key);
  });
  std::vector<Value> out;
  out.reserve(keyed.size());
  for (Keyed& k : keyed) out.push_back(std::move(k.item));
  return out;
}

Value dict_sort(const FilterCall& call) {
  const auto bound = call.bind({"case_sensitive", "by", "reverse"});
  const std::string by = bound[1] ? printed(call.machine, *bound[1]).bytes : "key";
  if (by != "key" && by != "value")
    call.machine.refuse("You can only sort by either \"key\" or \"value\"");
  call.machine.need_defined(call.value);
  if (!call.value.dict()) call.machine.refuse("dictsort expects a dict");
  const Value pairs = call_method(call.machine, call.value, "items", {});
  std::vector<Keyed> keyed;
  for (const Value& pair : pairs.list()->items)
    keyed.push_back(
        {pair, sort_key(call.machine, pair.list()->items[by == "key" ? 0 : 1], flag(bound[0]))});
  return call.machine.make_list(sorted(call, std::move(keyed), flag(bound[2])));
}

/// The paths of an attribute such as "role,content".
std::vector<std::optional<Value>> several_paths(const FilterCall& call,
                                                const std::optional<Value>& attribute) {
  const ChatText* text = attribute ? attribute->text() : nullptr;
  if (text == nullptr) return {attribute};
  std::vector<std::optional<Value>> out;
  std::string_view rest = text->bytes;
  for (std::size_t comma = 0; comma != std::string_view::npos;) {
    comma = rest.find(',');
    out.emplace_back(call.machine.make_text(rest.substr(0, comma)));
    if (comma != std::string_view::npos) rest.remove_prefix(comma + 1);
  }
  return out;
}

Value sort(const FilterCall& call) {
  const auto bound = call.bind({"reverse", "case_sensitive", "attribute"});
  const auto paths = several_paths(call, bound[2]);
  std::vector<Keyed> keyed;
  for (const Value& item : items_of(call.machine, call.value)) {
    std::vector<Value> key;
    for (const auto& path : paths)
      key.push_back(
          sort_key(call.machine, attribute_path(call.machine, item, path), flag(bound[1])));
    keyed.push_back({item, call.machine.make_list(std::move(key))});
  }
  return call.machine.make_list(sorted(call, std::move(keyed), flag(bound[0])));
}

Value unique(const FilterCall& call) {
  const auto bound = call.bind({"case_sensitive", "attribute"});
  std::set<std::string> seen;
  std::vector<Value> out;
  for (const Value& item : items_of(call.machine, call.value)) {
    const Value key =
        sort_key(call.machine, attribute_path(call.machine, item, bound[1]), flag(bound[0]));
    const auto text = key.is_undefined() ? std::optional<std::string>("u") : key_text(key);
    if (!text) call.machine.refuse(fmt::format("unhashable type: '{}'", type_name(key)));
    call.machine.budget().work(text->size());
    if (seen.insert(*text).second) out.push_back(item);
  }
  return call.machine.make_iterator(std::move(out));
}

Value least_or_most(const FilterCall& call) {
  const auto bound = call.bind({"case_sensitive", "attribute"});
  std::optional<Value> best, best_key;
  ItemSource source(call.machine, call.value);
  while (auto item = source.next()) {
    Value key =
        sort_key(call.machine, attribute_path(call.machine, *item, bound[1]), flag(bound[0]));
    const bool better = !best || (call.name == "min" ? less(call.machine, key, *best_key)
                                                     : less(call.machine, *best_key, key));
    if (!better) continue;
    best = std::move(item);
    best_key = std::move(key);
  }
  return best ? *best : call.machine.make_undefined("No aggregated item, sequence was empty.");
}

Value sum(const FilterCall& call) {
  const auto bound = call.bind({"attribute", "start"});
  Value out = bound[1] ? *bound[1] : Value(Int{0});
  if (out.text()) call.machine.refuse("sum() can't sum strings [use ''.join(seq) instead]");
  ItemSource source(call.machine, call.value);
  while (const auto item = source.next())
    out = binary_operator(call.machine, "+", out, attribute_path(call.machine, *item, bound[0]));
  return out;
}

Value batch(const FilterCall& call) {
  const auto bound = call.bind({"linecount", "fill_with"});
  const auto n = bound[0] ? bound[0]->integer() : std::nullopt;
  if (!n || *n < 1) call.machine.refuse("batch expects a positive number");
  std::vector<Value> out, row;
  ItemSource source(call.machine, call.value);
  while (auto item = source.next()) {
    if (row.size() == static_cast<std::size_t>(*n))
      out.push_back(call.machine.make_list(std::exchange(row, {})));
    row.push_back(std::move(*item));
  }
  if (row.empty()) return call.machine.make_iterator(std::move(out));
  while (bound[1] && !bound[1]->is_none() && row.size() < static_cast<std::size_t>(*n)) {
    call.machine.budget().step();
    row.push_back(*bound[1]);
  }
  out.push_back(call.machine.make_list(std::move(row)));
  return call.machine.make_iterator(std::move(out));
}

constexpr FilterRow kRows[] = {
    {"length", length},      {"count", length},      {"default", or_default},
    {"d", or_default},       {"first", first},       {"last", last},
    {"list", list},          {"reverse", reverse},   {"items", items},
    {"dictsort", dict_sort}, {"sort", sort},         {"unique", unique},
    {"min", least_or_most},  {"max", least_or_most}, {"sum", sum},
    {"batch", batch},
};

}  // namespace

std::span<const FilterRow> list_filters() {
  return kRows;
}

}  // namespace moescope::tokenizer

#include "core/tokenizer/chat_value.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace moescope::tokenizer {
namespace {

std::size_t n_item(const Value& value) {
  if (const auto* list = value.list()) return list->items.size();
  if (const auto* dict = value.dict()) return dict->items.size();
  if (const auto* text = value.text()) return text->bytes.size();
  return 1;
}

}  // namespace

std::optional<std::int64_t> Value::integer() const {
  if (const auto* i = get<std::int64_t>()) return *i;
  if (const auto* b = get<bool>()) return *b ? 1 : 0;
  return std::nullopt;
}

std::optional<double> Value::number() const {
  if (const auto* d = get<double>()) return *d;
  if (const auto i = integer()) return static_cast<double>(*i);
  return std::nullopt;
}

std::optional<std::string> key_text(const Value& key) {
  if (const ChatText* text = key.text()) return "s" + text->bytes;
  if (const auto i = key.integer()) return fmt::format("i{}", *i);
  if (const auto* d = key.get<double>()) {
    if (*d == std::floor(*d) && std::abs(*d) < 9e18)
      return fmt::format("i{}", static_cast<std::int64_t>(*d));
    return fmt::format("d{}", *d);
  }
  if (key.is_none()) return "n";
  const ListValue* list = key.list();
  if (list == nullptr || list->kind != ListKind::kTuple) return std::nullopt;
  std::string all = "(";
  for (const Value& item : list->items) {
    const auto one = key_text(item);
    if (!one) return std::nullopt;
    all += fmt::format("{}:{}", one->size(), *one);
  }
  return all;
}

const Value* DictValue::find(const Value& key) const {
  const auto text = key_text(key);
  if (!text) return nullptr;
  const auto at = index.find(*text);
  return at == index.end() ? nullptr : &items[at->second].second;
}

const Value* DictValue::find(std::string_view key) const {
  const auto at = index.find("s" + std::string(key));
  return at == index.end() ? nullptr : &items[at->second].second;
}

std::size_t depth_of(const Value& value) noexcept {
  if (const auto* list = value.list()) return list->depth;
  if (const auto* dict = value.dict()) return dict->depth;
  if (const auto* iterator = value.iterator()) return iterator->depth;
  if (const auto* function = value.function()) return function->depth;
  if (const auto* loop = value.loop()) return loop->depth;
  return 0;
}

std::string_view type_name(ListKind kind) noexcept {
  constexpr std::string_view kKinds[] = {"list",       "tuple",     "range",
                                         "dict_items", "dict_keys", "dict_values"};
  return kKinds[static_cast<std::size_t>(kind)];
}

std::string_view type_name(const Value& value) noexcept {
  constexpr std::string_view kNames[] = {"undefined", "NoneType",  "bool",     "int",
                                         "float",     "str",       "list",     "dict",
                                         "generator", "namespace", "function", "loop"};
  if (const auto* list = value.list()) return type_name(list->kind);
  return kNames[value.data.index()];
}

bool truth(const Value& value) {
  if (value.is_undefined() || value.is_none()) return false;
  if (const auto number = value.number()) return *number != 0;
  return n_item(value) != 0;
}

}  // namespace moescope::tokenizer

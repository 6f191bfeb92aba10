#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/tokenizer/chat_machine.hpp"
#include "core/tokenizer/chat_text_methods.hpp"

/// Methods of Python's types.
namespace moescope::tokenizer {
namespace {

using Names = std::string_view;

// Words with spaces around them.
constexpr Names kDictHere = " get items keys values copy ";
constexpr Names kDictUnsafe = " clear pop popitem setdefault update ";
constexpr Names kListHere = " count index copy ";
constexpr Names kListUnsafe = " append clear extend insert pop remove reverse sort ";
constexpr Names kTupleHere = " count index ";
constexpr Names kTextLacking =
    " casefold center encode expandtabs format format_map isalnum isalpha isascii isdecimal isdigit"
    " isidentifier islower isnumeric isprintable istitle isupper ljust maketrans rjust swapcase"
    " translate zfill ";
constexpr Names kNumberLacking =
    " as_integer_ratio bit_count bit_length conjugate denominator from_bytes fromhex hex imag"
    " is_integer numerator real to_bytes ";
constexpr Names kOtherLacking =
    " isdisjoint mapping fromkeys start stop step close send throw gi_frame gi_running gi_code"
    " gi_yieldfrom ";

bool has(Names words, std::string_view name) {
  if (name.empty() || name.find(' ') != std::string_view::npos) return false;
  return words.find(fmt::format(" {} ", name)) != std::string_view::npos;
}

Value call_dict(Machine& machine, const Value& receiver, std::string_view name,
                const Arguments& arguments) {
  const DictValue& dict = *receiver.dict();
  if (name == "get") {
    const auto bound = bind_arguments(machine, arguments, {"key", "default"});
    if (!bound[0]) machine.refuse("get expected at least 1 argument");
    if (!arguments.named.empty()) machine.refuse("dict.get() takes no keyword arguments");
    if ((bound[0]->list() || bound[0]->dict()) && !key_text(*bound[0]))
      machine.refuse(fmt::format("unhashable type: '{}'", type_name(*bound[0])));
    if (const Value* value = dict.find(*bound[0])) return *value;
    return bound[1] ? *bound[1] : Value(NoneValue{});
  }
  bind_arguments(machine, arguments, {});
  if (name == "copy") return receiver;
  std::vector<Value> items;
  for (const auto& [key, value] : dict.items) {
    if (name == "items")
      items.push_back(machine.make_list({key, value}, ListKind::kTuple));
    else
      items.push_back(name == "keys" ? key : value);
  }
  return machine.make_list(std::move(items), name == "items"  ? ListKind::kDictItems
                                             : name == "keys" ? ListKind::kDictKeys
                                                              : ListKind::kDictValues);
}

Value call_list(Machine& machine, const Value& receiver, std::string_view name,
                const Arguments& arguments) {
  const auto& items = receiver.list()->items;
  if (name == "copy") {
    bind_arguments(machine, arguments, {});
    return receiver;
  }
  if (!arguments.named.empty()) machine.refuse(fmt::format("{}() takes no named arguments", name));
  if (arguments.positional.size() > 1 && name == "index")
    machine.unsupported("'index' with a beginning");
  if (arguments.positional.size() != 1) machine.refuse(fmt::format("{}() expects 1 value", name));
  std::int64_t n = 0;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (!equals(machine, items[i], arguments.positional[0])) continue;
    if (name == "index") return Value(static_cast<std::int64_t>(i));
    ++n;
  }
  if (name == "index") machine.refuse("the value is not in the list");
  return Value(n);
}

}  // namespace

MethodKind method_kind(const Value& receiver, std::string_view name) {
  using enum MethodKind;
  if (receiver.text())
    return has_text_method(name) ? kHere : has(kTextLacking, name) ? kLacking : kNone;
  if (receiver.dict()) {
    if (has(kDictHere, name)) return kHere;
    return has(kDictUnsafe, name) ? kUnsafe : name == "fromkeys" ? kLacking : kNone;
  }
  if (const ListValue* list = receiver.list()) {
    if (list->kind == ListKind::kList)
      return has(kListHere, name) ? kHere : has(kListUnsafe, name) ? kUnsafe : kNone;
    if (list->kind == ListKind::kTuple || list->kind == ListKind::kRange)
      if (has(kTupleHere, name)) return kHere;
    if (list->kind == ListKind::kTuple) return kNone;
    return has(kOtherLacking, name) ? kLacking : kNone;
  }
  if (receiver.number()) return has(kNumberLacking, name) ? kLacking : kNone;
  if (receiver.iterator()) return has(kOtherLacking, name) ? kLacking : kNone;
  return kNone;
}

Value call_method(Machine& machine, const Value& receiver, std::string_view name,
                  const Arguments& arguments) {
  if (receiver.text()) return call_text_method(machine, *receiver.text(), name, arguments);
  if (receiver.dict()) return call_dict(machine, receiver, name, arguments);
  if (const LoopValue* loop = receiver.loop()) {
    if (arguments.positional.empty()) machine.refuse("no items for cycling given");
    const auto n = static_cast<std::int64_t>(arguments.positional.size());
    return arguments
        .positional[static_cast<std::size_t>(std::max<std::int64_t>(loop->index0, 0) % n)];
  }
  return call_list(machine, receiver, name, arguments);
}

}  // namespace moescope::tokenizer

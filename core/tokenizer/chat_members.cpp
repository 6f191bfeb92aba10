#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/base/escape.hpp"
#include "core/formats/io.hpp"
#include "core/tokenizer/chat_machine.hpp"

/// Members and items of values, and slices of them.
namespace moescope::tokenizer {
namespace {

using Int = std::int64_t;

bool is_dunder(std::string_view name) {
  return name.starts_with("__");
}

std::optional<Value> peek(LoopValue& loop) {
  if (!loop.after && loop.items != nullptr) loop.after = loop.items->next();
  return loop.after;
}

Int length_of(Machine& machine, LoopValue& loop) {
  if (!loop.length) {
    if (loop.items == nullptr) machine.unsupported("the length of a loop that is over");
    if (const auto known = loop.items->length())
      loop.length = static_cast<Int>(*known);
    else
      loop.length = static_cast<Int>(loop.items->gather()) + loop.index0 + 1 + (loop.after ? 1 : 0);
  }
  return *loop.length;
}

std::optional<Value> loop_member(Machine& machine, const Value& object, std::string_view name) {
  LoopValue& loop = *object.loop();
  if (name == "index0") return Value(loop.index0);
  if (name == "index") return Value(loop.index0 + 1);
  if (name == "first") return Value(loop.index0 == 0);
  if (name == "last") return Value(!peek(loop).has_value());
  if (name == "length") return Value(length_of(machine, loop));
  if (name == "revindex") return Value(length_of(machine, loop) - loop.index0);
  if (name == "revindex0") return Value(length_of(machine, loop) - loop.index0 - 1);
  if (name == "depth") return Value(Int{1});
  if (name == "depth0") return Value(Int{0});
  if (name == "cycle") return machine.make_method(object, name);
  if (name == "changed") machine.unsupported("'loop.changed'");
  if (name == "previtem") {
    if (loop.before && loop.index0 > 0) return loop.before;
    return machine.make_undefined("there is no previous item");
  }
  if (name == "nextitem") {
    if (auto next = peek(loop)) return next;
    return machine.make_undefined("there is no next item");
  }
  return std::nullopt;
}

/// What getattr finds, a dict's keys left out.
std::optional<Value> attribute_of(Machine& machine, const Value& object, std::string_view name) {
  if (is_dunder(name)) machine.unsupported(fmt::format("the attribute {}", quoted_name(name)));
  if (object.loop()) return loop_member(machine, object, name);
  if (const NamespaceValue* space = object.name_space()) {
    for (const auto& [known, value] : space->members)
      if (known == name) return value;
    return std::nullopt;
  }
  if (object.function())
    machine.unsupported(fmt::format("the attribute {} of a function", quoted_name(name)));
  switch (method_kind(object, name)) {
    case MethodKind::kHere:
      return machine.make_method(object, name);
    case MethodKind::kLacking:
      machine.unsupported(fmt::format("'{}' of a {}", name, type_name(object)));
    case MethodKind::kUnsafe:
      machine.refuse(
          fmt::format("'{}' would change a {}, which is not safe", name, type_name(object)));
    case MethodKind::kNone:
      break;
  }
  return std::nullopt;
}

Value missing(Machine& machine, const Value& object, std::string_view name) {
  return machine.make_undefined(
      fmt::format("'{} object' has no attribute {}", type_name(object), quoted_name(name)));
}

std::optional<Value> character(Machine& machine, const ChatText& text, Int index) {
  machine.budget().work(text.bytes.size());
  if (index < 0) index += static_cast<Int>(count_characters(text.bytes));
  if (index < 0) return std::nullopt;
  const std::size_t begin = byte_of_character(text.bytes, static_cast<std::size_t>(index));
  if (begin >= text.bytes.size()) return std::nullopt;
  const std::size_t n = byte_of_character(std::string_view(text.bytes).substr(begin), 1);
  TextWriter out(machine.budget());
  out.add(text, begin, begin + n);
  return machine.make(out.take());
}

std::optional<Value> indexed(Machine& machine, const Value& object, Int index) {
  if (const ChatText* text = object.text()) return character(machine, *text, index);
  const ListValue* list = object.list();
  if (list == nullptr || list->kind > ListKind::kRange) return std::nullopt;
  if (index < 0) index += static_cast<Int>(list->items.size());
  if (index < 0 || index >= static_cast<Int>(list->items.size())) return std::nullopt;
  return list->items[static_cast<std::size_t>(index)];
}

/// The indices that a slice takes of a sequence.
struct Steps {
  Int begin = 0, end = 0, step = 1;
  std::vector<std::size_t> list() const {
    std::vector<std::size_t> out;
    for (Int i = begin; step > 0 ? i < end : i > end; i += step)
      out.push_back(static_cast<std::size_t>(i));
    return out;
  }
};

Int bound(Machine& machine, const Value& value, Int fallback) {
  if (value.is_none()) return fallback;
  const auto number = value.integer();
  if (!number) machine.refuse("slice indices must be integers or None");
  return *number;
}

Steps steps_of(Machine& machine, const SliceBounds& bounds, std::size_t size) {
  const Int n = static_cast<Int>(size);
  Steps out;
  out.step = bound(machine, bounds.step, 1);
  if (out.step == 0) machine.refuse("slice step cannot be zero");
  // No sequence is as long, and the loop must not overflow.
  out.step = std::clamp<Int>(out.step, -n - 1, n + 1);
  const bool up = out.step > 0;
  const auto placed = [&](const Value& value, Int fallback) {
    if (value.is_none()) return fallback;
    Int i = bound(machine, value, 0);
    if (i < 0) i = i < -n ? -1 - n : i;
    if (i < 0) i += n;
    if (i < 0) return up ? Int{0} : Int{-1};
    if (i >= n) return up ? n : n - 1;
    return i;
  };
  out.begin = placed(bounds.begin, up ? 0 : n - 1);
  out.end = placed(bounds.end, up ? n : -1);
  return out;
}

Value slice_text(Machine& machine, const ChatText& text, const SliceBounds& bounds) {
  machine.budget().work(text.bytes.size());
  const Steps steps = steps_of(machine, bounds, count_characters(text.bytes));
  TextWriter out(machine.budget());
  if (steps.step == 1) {
    if (steps.begin >= steps.end) return machine.make_text("");
    const auto begin = static_cast<std::size_t>(steps.begin);
    const std::size_t first = byte_of_character(text.bytes, begin);
    const std::size_t n = byte_of_character(std::string_view(text.bytes).substr(first),
                                            static_cast<std::size_t>(steps.end) - begin);
    out.add(text, first, first + n);
    return machine.make(out.take());
  }
  machine.budget().expect(text.bytes.size() * 2 * sizeof(std::size_t));
  std::vector<std::size_t> at;
  for (std::size_t i = 0; i < text.bytes.size(); ++i)
    if ((static_cast<unsigned char>(text.bytes[i]) & 0xc0u) != 0x80u) at.push_back(i);
  at.push_back(text.bytes.size());
  for (const std::size_t i : steps.list()) out.add(text, at[i], at[i + 1]);
  return machine.make(out.take());
}

}  // namespace

Value member_of(Machine& machine, const Value& object, std::string_view name) {
  machine.need_defined(object);
  if (auto found = attribute_of(machine, object, name)) return *found;
  if (const DictValue* dict = object.dict())
    if (const Value* value = dict->find(name)) return *value;
  return missing(machine, object, name);
}

Value item_of(Machine& machine, const Value& object, const Value& key) {
  machine.need_defined(object);
  if (const DictValue* dict = object.dict()) {
    if (const Value* value = dict->find(key)) return *value;
  } else if (const auto index = key.integer()) {
    if (auto found = indexed(machine, object, *index)) return *found;
  }
  if (const ChatText* name = key.text()) {
    if (auto found = attribute_of(machine, object, name->bytes)) return *found;
    return missing(machine, object, name->bytes);
  }
  return missing(machine, object, type_name(key));
}

Value slice_of(Machine& machine, const Value& object, const SliceBounds& bounds) {
  machine.need_defined(object);
  if (const ChatText* text = object.text()) return slice_text(machine, *text, bounds);
  const ListValue* list = object.list();
  if (list == nullptr || list->kind > ListKind::kRange)
    machine.refuse(fmt::format("'{}' object cannot be sliced", type_name(object)));
  if (list->kind == ListKind::kRange) machine.unsupported("a slice of a range");
  std::vector<Value> items;
  for (const std::size_t i : steps_of(machine, bounds, list->items.size()).list())
    items.push_back(list->items[i]);
  return machine.make_list(std::move(items), list->kind);
}

}  // namespace moescope::tokenizer

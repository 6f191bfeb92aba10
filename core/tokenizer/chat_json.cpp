#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/tokenizer/chat_machine.hpp"

/// Values as Python's json module writes them.
namespace moescope::tokenizer {
namespace {

class JsonWriter {
 public:
  JsonWriter(Machine& machine, const JsonStyle& style, TextWriter& out)
      : machine_(machine), style_(style), out_(out) {}

  void write(const Value& value) {
    const Level level(machine_.budget());
    machine_.budget().step();
    if (const ChatText* text = value.text())
      quoted(*text);
    else if (const ListValue* list = value.list())
      write_list(*list);
    else if (const DictValue* dict = value.dict())
      write_dict(*dict);
    else
      out_.add(scalar(value), value.foreign);
  }

 private:
  std::string scalar(const Value& value) {
    if (value.is_none()) return "null";
    if (const auto* truth = value.get<bool>()) return *truth ? "true" : "false";
    if (const auto* whole = value.get<std::int64_t>()) return fmt::format("{}", *whole);
    if (const auto* real = value.get<double>()) {
      if (std::isnan(*real)) return "NaN";
      if (std::isinf(*real)) return *real < 0 ? "-Infinity" : "Infinity";
      return float_text(*real);
    }
    machine_.refuse(fmt::format("Object of type {} is not JSON serializable", type_name(value)));
  }

  void escaped(char32_t code, bool foreign) {
    constexpr std::u32string_view kFrom = U"\"\\\n\r\t\f\b";
    constexpr std::string_view kTo = "\"\\nrtfb";
    const auto c = static_cast<unsigned>(code);
    if (const auto i = kFrom.find(code); i != std::u32string_view::npos)
      out_.add(std::string{'\\', kTo[i]}, foreign);
    else if (c < 0x20 || (style_.ensure_ascii && c >= 0x7f && c < 0x10000))
      out_.add(fmt::format("\\u{:04x}", c), foreign);
    else if (style_.ensure_ascii && c >= 0x10000)
      out_.add(fmt::format("\\u{:04x}\\u{:04x}", 0xd800 + ((c - 0x10000) >> 10),
                           0xdc00 + ((c - 0x10000) & 0x3ff)),
               foreign);
    else
      out_.add_character(code, foreign);
  }

  void quoted(const ChatText& text) {
    out_.add("\"", false);
    TextReader reader(text);
    while (reader.next()) escaped(reader.code(), reader.foreign());
    out_.add("\"", false);
  }

  void new_line() {
    if (!style_.indent) return;
    out_.add("\n", false);
    for (std::size_t i = 0; i < depth_; ++i) out_.add(*style_.indent);
  }

  void write_list(const ListValue& list) {
    if (list.kind != ListKind::kList && list.kind != ListKind::kTuple)
      machine_.refuse(
          fmt::format("Object of type {} is not JSON serializable", type_name(list.kind)));
    if (list.items.empty()) return out_.add("[]", false);
    out_.add("[", false);
    ++depth_;
    for (std::size_t i = 0; i < list.items.size(); ++i) {
      if (i > 0) out_.add(style_.item_separator);
      new_line();
      write(list.items[i]);
    }
    --depth_;
    new_line();
    out_.add("]", false);
  }

  void key(const Value& value) {
    if (const ChatText* text = value.text()) return quoted(*text);
    if (value.list() != nullptr)
      machine_.refuse("keys must be str, int, float, bool or None, not tuple");
    out_.add("\"", false);
    out_.add(scalar(value), value.foreign);
    out_.add("\"", false);
  }

  void write_dict(const DictValue& dict) {
    if (dict.items.empty()) return out_.add("{}", false);
    std::vector<const std::pair<Value, Value>*> items;
    items.reserve(dict.items.size());
    for (const auto& item : dict.items) items.push_back(&item);
    if (style_.sort_keys)
      std::stable_sort(items.begin(), items.end(), [this](const auto* a, const auto* b) {
        return less(machine_, a->first, b->first);
      });
    out_.add("{", false);
    ++depth_;
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (i > 0) out_.add(style_.item_separator);
      new_line();
      key(items[i]->first);
      out_.add(style_.key_separator);
      write(items[i]->second);
    }
    --depth_;
    new_line();
    out_.add("}", false);
  }

  Machine& machine_;
  const JsonStyle& style_;
  TextWriter& out_;
  std::size_t depth_ = 0;
};

}  // namespace

void write_json(Machine& machine, const Value& value, const JsonStyle& style, TextWriter& out) {
  JsonWriter(machine, style, out).write(value);
}

}  // namespace moescope::tokenizer

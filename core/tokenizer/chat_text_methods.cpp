#include "core/tokenizer/chat_text_methods.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/utf8.hpp"
#include "core/tokenizer/chat_unicode.hpp"

namespace moescope::tokenizer {
namespace {

using Int = std::int64_t;

/// A call of a method while it is carried out.
struct Call {
  Machine& machine;
  const ChatText& text;
  std::string_view name;
  const Arguments& arguments;

  Value part(std::size_t begin, std::size_t end) const {
    TextWriter out(machine.budget());
    out.add(text, begin, end);
    return machine.make(out.take());
  }
  Value whole() const { return part(0, text.bytes.size()); }
  /// Most methods of str take their arguments by place alone.
  std::vector<std::optional<Value>> bind(std::initializer_list<std::string_view> names,
                                         bool by_name = false) const {
    if (!by_name && !arguments.named.empty())
      machine.refuse(fmt::format("str.{}() takes no keyword arguments", name));
    return bind_arguments(machine, arguments, names);
  }
  const ChatText& need_text(const std::optional<Value>& value) const {
    const ChatText* held = value ? value->text() : nullptr;
    if (held == nullptr)
      machine.refuse(
          fmt::format("{} expects a str, got {}", name, value ? type_name(*value) : "nothing"));
    return *held;
  }
  Int need_int(const std::optional<Value>& value, Int fallback) const {
    if (!value) return fallback;
    const auto i = value->integer();
    if (!i) machine.refuse(fmt::format("{} expects an int, got {}", name, type_name(*value)));
    return *i;
  }
};

Value list_of_parts(const Call& call, const std::vector<Span>& parts) {
  std::vector<Value> items;
  items.reserve(parts.size());
  for (const Span& part : parts) items.push_back(call.part(part.begin, part.end));
  return call.machine.make_list(std::move(items));
}

Span span(std::size_t begin, std::size_t end) {
  return {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end)};
}

void add_part(const Call& call, std::vector<Span>& parts, Span part) {
  call.machine.budget().expect(parts.size() * 2 * sizeof(Value));
  parts.push_back(part);
}

std::vector<Span> split_at(const Call& call, std::string_view separator, Int most) {
  const std::string_view text = call.text.bytes;
  std::vector<Span> parts;
  std::size_t begin = 0;
  for (; most != 0; --most) {
    const std::size_t at = find_part(text, separator, begin);
    if (at == std::string_view::npos) break;
    add_part(call, parts, span(begin, at));
    begin = at + separator.size();
  }
  parts.push_back(span(begin, text.size()));
  return parts;
}

std::vector<Span> split_at_right(const Call& call, std::string_view separator, Int most) {
  // Separators are found from the right, which differs where they overlap.
  const std::string reversed(call.text.bytes.rbegin(), call.text.bytes.rend());
  const std::string pattern(separator.rbegin(), separator.rend());
  std::vector<Span> parts;
  std::size_t end = call.text.bytes.size();
  for (; most != 0; --most) {
    const std::size_t at = find_part(reversed, pattern, reversed.size() - end);
    if (at == std::string_view::npos) break;
    const std::size_t begin = reversed.size() - at - pattern.size();
    add_part(call, parts, span(begin + pattern.size(), end));
    end = begin;
  }
  parts.push_back(span(0, end));
  std::reverse(parts.begin(), parts.end());
  return parts;
}

/// Words between white space; with a limit, the rest on one side stays whole.
std::vector<Span> split_words(const Call& call, Int most, bool from_right) {
  std::vector<Span> words;
  TextReader reader(call.text);
  bool inside = false;
  while (reader.next()) {
    const bool space = is_python_space(reader.code());
    if (!space && !inside) add_part(call, words, span(reader.begin(), reader.begin()));
    if (!space) words.back().end = static_cast<std::uint32_t>(reader.end());
    inside = !space;
  }
  if (most < 0 || words.size() <= static_cast<std::size_t>(most)) return words;
  const auto n = static_cast<std::size_t>(most);
  if (from_right) {
    std::vector<Span> out{span(0, words[words.size() - n - 1].end)};
    out.insert(out.end(), words.end() - static_cast<std::ptrdiff_t>(n), words.end());
    return out;
  }
  const std::uint32_t begin = words[n].begin;
  words.resize(n);
  words.push_back(span(begin, call.text.bytes.size()));
  return words;
}

Value split(const Call& call) {
  const bool right = call.name == "rsplit";
  const auto bound = call.bind({"sep", "maxsplit"}, true);
  const Int most = call.need_int(bound[1], -1);
  call.machine.budget().work(call.text.bytes.size());
  if (!bound[0] || bound[0]->is_none()) return list_of_parts(call, split_words(call, most, right));
  const ChatText& separator = call.need_text(bound[0]);
  if (separator.bytes.empty()) call.machine.refuse("empty separator");
  return list_of_parts(call, right ? split_at_right(call, separator.bytes, most)
                                   : split_at(call, separator.bytes, most));
}

Value starts_or_ends(const Call& call) {
  const auto bound = call.bind({"prefix", "start", "end"});
  if (bound[1]) call.machine.unsupported(fmt::format("'{}' with a beginning", call.name));
  if (!bound[0]) call.machine.refuse(fmt::format("{} expects a str", call.name));
  const auto holds = [&call](const std::optional<Value>& value) {
    const std::string& part = call.need_text(value).bytes;
    return call.name == "startswith" ? call.text.bytes.starts_with(part)
                                     : call.text.bytes.ends_with(part);
  };
  const ListValue* list = bound[0]->list();
  if (list == nullptr || list->kind != ListKind::kTuple) return Value(holds(bound[0]));
  for (const Value& item : list->items)
    if (holds(item)) return Value(true);
  return Value(false);
}

Value remove_end(const Call& call) {
  const std::string part = call.need_text(call.bind({"prefix"})[0]).bytes;
  const std::size_t n = call.text.bytes.size();
  if (call.name == "removeprefix" && call.text.bytes.starts_with(part))
    return call.part(part.size(), n);
  if (call.name == "removesuffix" && call.text.bytes.ends_with(part))
    return call.part(0, n - part.size());
  return call.whole();
}

Value find(const Call& call) {
  const auto bound = call.bind({"sub", "start", "end"});
  if (bound[1]) call.machine.unsupported(fmt::format("'{}' with a beginning", call.name));
  const std::string& part = call.need_text(bound[0]).bytes;
  const std::string& text = call.text.bytes;
  call.machine.budget().work(text.size());
  std::size_t at = 0;
  if (call.name[0] == 'r') {
    const std::string reversed(text.rbegin(), text.rend());
    at = find_part(reversed, std::string(part.rbegin(), part.rend()));
    if (at != std::string::npos) at = text.size() - at - part.size();
  } else {
    at = find_part(text, part);
  }
  if (at != std::string::npos)
    return Value(static_cast<Int>(count_characters(std::string_view(text).substr(0, at))));
  if (call.name.ends_with("index")) call.machine.refuse("substring not found");
  return Value(Int{-1});
}

Value count(const Call& call) {
  const auto bound = call.bind({"sub", "start", "end"});
  if (bound[1]) call.machine.unsupported("'count' with a beginning");
  const std::string& part = call.need_text(bound[0]).bytes;
  call.machine.budget().work(call.text.bytes.size());
  if (part.empty()) return Value(static_cast<Int>(count_characters(call.text.bytes)) + 1);
  Int n = 0;
  for (std::size_t at = find_part(call.text.bytes, part); at != std::string::npos;
       at = find_part(call.text.bytes, part, at + part.size()))
    ++n;
  return Value(n);
}

Value partition(const Call& call) {
  const std::string& part = call.need_text(call.bind({"sep"})[0]).bytes;
  if (part.empty()) call.machine.refuse("empty separator");
  const bool right = call.name == "rpartition";
  const auto parts = right ? split_at_right(call, part, 1) : split_at(call, part, 1);
  std::vector<Value> items;
  if (parts.size() == 2)
    items = {call.part(parts[0].begin, parts[0].end), call.part(parts[0].end, parts[1].begin),
             call.part(parts[1].begin, parts[1].end)};
  else if (right)
    items = {call.machine.make_text(""), call.machine.make_text(""), call.whole()};
  else
    items = {call.whole(), call.machine.make_text(""), call.machine.make_text("")};
  return call.machine.make_list(std::move(items), ListKind::kTuple);
}

Value join(const Call& call) {
  const auto bound = call.bind({"iterable"});
  if (!bound[0]) call.machine.refuse("join expects one argument");
  TextWriter out(call.machine.budget());
  ItemSource items(call.machine, *bound[0]);
  for (bool first = true; const auto item = items.next(); first = false) {
    if (!first) out.add(call.text);
    out.add(call.need_text(item));
  }
  return call.machine.make(out.take());
}

Value replace(const Call& call) {
  const auto bound = call.bind({"old", "new", "count"});
  return replace_text(call.machine, call.text, call.need_text(bound[0]), call.need_text(bound[1]),
                      call.need_int(bound[2], -1));
}

Value strip(const Call& call) {
  const auto bound = call.bind({"chars"});
  const Value* chars = bound[0] ? &*bound[0] : nullptr;
  if (chars != nullptr && !chars->is_none()) call.need_text(bound[0]);
  return strip_text(call.machine, call.text, chars,
                    {.left = call.name != "rstrip", .right = call.name != "lstrip"});
}

Value lines(const Call& call) {
  if (!call.arguments.positional.empty() || !call.arguments.named.empty())
    call.machine.unsupported("'splitlines' with an argument");
  return call.machine.make_list(split_lines(call.machine, call.text));
}

Value is_space(const Call& call) {
  call.bind({});
  TextReader reader(call.text);
  bool all = !call.text.bytes.empty();
  while (all && reader.next()) all = is_python_space(reader.code());
  return Value(all);
}

Value letter_case(const Call& call) {
  call.bind({});
  return change_case(call.machine, call.text, call.name);
}

struct Row {
  std::string_view name;
  Value (*run)(const Call&);
};

constexpr Row kRows[] = {
    {"capitalize", letter_case},
    {"count", count},
    {"endswith", starts_or_ends},
    {"find", find},
    {"index", find},
    {"isspace", is_space},
    {"join", join},
    {"lower", letter_case},
    {"lstrip", strip},
    {"partition", partition},
    {"removeprefix", remove_end},
    {"removesuffix", remove_end},
    {"replace", replace},
    {"rfind", find},
    {"rindex", find},
    {"rpartition", partition},
    {"rsplit", split},
    {"rstrip", strip},
    {"split", split},
    {"splitlines", lines},
    {"startswith", starts_or_ends},
    {"strip", strip},
    {"title", letter_case},
    {"upper", letter_case},
};

}  // namespace

bool has_text_method(std::string_view name) {
  return std::any_of(std::begin(kRows), std::end(kRows),
                     [name](const Row& row) { return row.name == name; });
}

Value call_text_method(Machine& machine, const ChatText& text, std::string_view name,
                       const Arguments& arguments) {
  if (text.safe) machine.unsupported("a method of text that is marked safe");
  for (const Row& row : kRows)
    if (row.name == name) return row.run({machine, text, name, arguments});
  machine.unsupported(fmt::format("the method '{}'", name));
}

}  // namespace moescope::tokenizer

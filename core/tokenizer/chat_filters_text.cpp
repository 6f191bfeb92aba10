#include <fmt/format.h>

#include "core/tokenizer/chat_filters.hpp"
#include "core/tokenizer/chat_unicode.hpp"

namespace moescope::tokenizer {
namespace {

/// Refuses text marked safe, which would be escaped from here on.
ChatText plain(const FilterCall& call, const Value& value) {
  ChatText text = printed(call.machine, value);
  if (text.safe) call.machine.unsupported("changing text that is marked safe");
  return text;
}

bool flag(const std::optional<Value>& value) {
  return value && truth(*value);
}

Value trim(const FilterCall& call) {
  const auto bound = call.bind({"chars"});
  if (bound[0] && !bound[0]->is_none() && !bound[0]->text())
    call.machine.refuse("strip arg must be None or str");
  return strip_text(call.machine, call.text(), bound[0] ? &*bound[0] : nullptr, {});
}

Value letter_case(const FilterCall& call) {
  call.bind({});
  return change_case(call.machine, plain(call, call.value), call.name);
}

/// Characters that begin a new word for the filter `title`, unlike for the method.
bool parts_words(char32_t code) {
  constexpr std::u32string_view kSigns = U"-({[<";
  return kSigns.find(code) != std::u32string_view::npos || is_python_space(code);
}

Value title(const FilterCall& call) {
  call.bind({});
  const ChatText text = plain(call, call.value);
  TextWriter out(call.machine.budget());
  const auto put = [&](std::size_t begin, std::size_t end, std::string_view how) {
    if (begin == end) return;
    TextWriter part(call.machine.budget());
    part.add(text, begin, end);
    out.add(*change_case(call.machine, part.take(), how).text());
  };
  TextReader reader(text);
  std::size_t begin = 0, rest = 0;
  bool started = false, parting = false;
  while (reader.next()) {
    if (started && parts_words(reader.code()) == parting) continue;
    put(begin, rest, "upper");
    put(rest, reader.begin(), "lower");
    begin = reader.begin();
    rest = reader.end();
    started = true;
    parting = parts_words(reader.code());
  }
  put(begin, rest, "upper");
  put(rest, text.bytes.size(), "lower");
  return call.machine.make(out.take());
}

Value replace(const FilterCall& call) {
  const auto bound = call.bind({"old", "new", "count"});
  if (!bound[0] || !bound[1]) call.machine.refuse("replace expects what to replace by what");
  std::int64_t most = -1;
  if (bound[2] && !bound[2]->is_none()) {
    if (!bound[2]->integer()) call.machine.refuse("replace expects a whole number as count");
    most = *bound[2]->integer();
  }
  return replace_text(call.machine, plain(call, call.value), plain(call, *bound[0]),
                      plain(call, *bound[1]), most);
}

Value string(const FilterCall& call) {
  call.bind({});
  return call.value.text() ? call.value : call.machine.make(call.text());
}

Value safe(const FilterCall& call) {
  call.bind({});
  ChatText text = call.text();
  text.safe = true;
  return call.machine.make(std::move(text));
}

/// What one level of `indent` is: so many spaces, or the text itself.
ChatText indention(const FilterCall& call, const std::optional<Value>& width,
                   std::int64_t fallback) {
  if (width && width->text()) return plain(call, *width);
  const auto n = width ? width->integer() : fallback;
  if (!n) call.machine.refuse("indent expects a number or a string");
  TextWriter out(call.machine.budget());
  for (std::int64_t i = 0; i < *n; ++i) out.add(" ", false);
  return out.take();
}

Value indent(const FilterCall& call) {
  const auto bound = call.bind({"width", "first", "blank"});
  call.machine.need_defined(call.value);
  if (!call.value.text()) call.machine.refuse("indent expects a string");
  TextWriter ended(call.machine.budget());
  ended.add(plain(call, call.value));
  ended.add("\n", false);
  const auto lines = split_lines(call.machine, ended.take());
  const ChatText step = indention(call, bound[0], 4);
  TextWriter out(call.machine.budget());
  if (flag(bound[1])) out.add(step);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const ChatText& line = *lines[i].text();
    if (i > 0) out.add("\n", false);
    if (i > 0 && (flag(bound[2]) || !line.bytes.empty())) out.add(step);
    out.add(line);
  }
  return call.machine.make(out.take());
}

Value join(const FilterCall& call) {
  const auto bound = call.bind({"d", "attribute"});
  const ChatText separator = bound[0] ? printed(call.machine, *bound[0]) : ChatText{};
  TextWriter out(call.machine.budget());
  ItemSource items(call.machine, call.value);
  for (bool first = true; const auto item = items.next(); first = false) {
    if (!first) out.add(separator);
    out.add(printed(call.machine, attribute_path(call.machine, *item, bound[1])));
  }
  return call.machine.make(out.take());
}

Value to_json(const FilterCall& call) {
  const auto bound = call.bind({"ensure_ascii", "indent", "separators", "sort_keys"});
  JsonStyle style{.ensure_ascii = flag(bound[0]),
                  .indent = {},
                  .item_separator = {},
                  .key_separator = {},
                  .sort_keys = flag(bound[3])};
  if (bound[1] && !bound[1]->is_none()) style.indent = indention(call, bound[1], 0);
  style.item_separator.bytes = style.indent ? "," : ", ";
  style.key_separator.bytes = ": ";
  if (bound[2] && !bound[2]->is_none()) {
    const std::vector<Value> both = items_of(call.machine, *bound[2]);
    if (both.size() != 2 || !both[0].text() || !both[1].text())
      call.machine.refuse("tojson expects two strings as separators");
    style.item_separator = *both[0].text();
    style.key_separator = *both[1].text();
  }
  TextWriter out(call.machine.budget());
  write_json(call.machine, call.value, style, out);
  return call.machine.make(out.take());
}

constexpr FilterRow kRows[] = {
    {"trim", trim},     {"upper", letter_case}, {"lower", letter_case}, {"capitalize", letter_case},
    {"title", title},   {"replace", replace},   {"string", string},     {"safe", safe},
    {"indent", indent}, {"join", join},         {"tojson", to_json},
};

}  // namespace

std::span<const FilterRow> text_filters() {
  return kRows;
}

}  // namespace moescope::tokenizer

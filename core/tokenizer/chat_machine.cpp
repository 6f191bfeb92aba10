#include "core/tokenizer/chat_machine.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/error.hpp"
#include "core/base/utf8.hpp"
#include "core/tokenizer/chat_lexer.hpp"

namespace moescope::tokenizer {
namespace {

// What a value costs beside the characters of a text.
constexpr std::size_t kOverhead = 96;

}  // namespace

Value* Scope::find(std::string_view name) {
  for (auto& [known, value] : names)
    if (known == name) return &value;
  return nullptr;
}

void Scope::set(std::string_view name, Value value) {
  if (Value* known = find(name))
    *known = std::move(value);
  else
    names.emplace_back(std::string(name), std::move(value));
}

Machine::~Machine() {
  // Macros hold their scopes and scopes their macros, and a namespace may hold itself.
  for (const auto& space : namespaces_) space->members.clear();
  for (const ScopePtr& scope : captured_) scope->names.clear();
}

void Machine::refuse(std::string_view message) const {
  throw Refused{
      fmt::format("line {}, column {}: {}", budget_.now.line, budget_.now.column, message)};
}

void Machine::unsupported(std::string_view what) const {
  fail_template(budget_.where(), budget_.now, fmt::format("{} is not supported", what));
}

void Machine::need_defined(const Value& value) const {
  const auto* undefined = value.get<UndefinedValue>();
  if (undefined == nullptr) return;
  refuse(undefined->why ? std::string_view(*undefined->why) : "an undefined value is used");
}

Value Machine::make(ChatText text) {
  Charge charge(budget_, kOverhead + text.bytes.size() + text.foreign.size() * sizeof(Span));
  return Value(std::shared_ptr<const TextValue>(
      std::make_shared<TextValue>(TextValue{std::move(text), std::move(charge)})));
}

Value Machine::make_text(std::string_view bytes, bool foreign) {
  TextWriter out(budget_);
  out.add(bytes, foreign);
  return make(out.take());
}

Value Machine::make_list(std::vector<Value> items, ListKind kind, std::string shown) {
  auto list = std::make_shared<ListValue>();
  list->charge = Charge(budget_, kOverhead + items.size() * sizeof(Value));
  budget_.step(items.size());
  for (const Value& item : items) list->depth = std::max(list->depth, depth_of(item) + 1);
  budget_.check_nesting(list->depth);
  list->items = std::move(items);
  list->kind = kind;
  list->range = std::move(shown);
  return Value(std::shared_ptr<const ListValue>(std::move(list)));
}

Value Machine::make_iterator(std::vector<Value> items) {
  auto out = std::make_shared<IteratorValue>();
  out->charge = Charge(budget_, kOverhead + items.size() * sizeof(Value));
  budget_.step(items.size());
  for (const Value& item : items) out->depth = std::max(out->depth, depth_of(item) + 1);
  budget_.check_nesting(out->depth);
  out->items = std::move(items);
  return Value(std::move(out));
}

Value Machine::make_dict(std::vector<std::pair<Value, Value>> items) {
  auto dict = std::make_shared<DictValue>();
  dict->charge = Charge(budget_, kOverhead * (items.size() + 1));
  budget_.step(items.size());
  for (auto& [key, value] : items) {
    need_defined(key);
    auto text = key_text(key);
    if (!text) refuse(fmt::format("unhashable type: '{}'", type_name(key)));
    dict->depth = std::max({dict->depth, depth_of(value) + 1, depth_of(key) + 1});
    const auto [at, is_new] = dict->index.try_emplace(std::move(*text), dict->items.size());
    if (is_new)
      dict->items.emplace_back(std::move(key), std::move(value));
    else
      dict->items[at->second].second = std::move(value);
  }
  budget_.check_nesting(dict->depth);
  return Value(std::shared_ptr<const DictValue>(std::move(dict)));
}

Value Machine::make_undefined(std::string why) {
  return Value(UndefinedValue{std::make_shared<const std::string>(std::move(why))});
}

Value Machine::make_method(const Value& receiver, std::string_view name) {
  FunctionValue method{.kind = FunctionKind::kMethod, .name = std::string(name)};
  method.receiver = receiver;
  method.depth = depth_of(receiver) + 1;
  method.charge = Charge(budget_, kOverhead);
  budget_.check_nesting(method.depth);
  return Value(
      std::shared_ptr<const FunctionValue>(std::make_shared<FunctionValue>(std::move(method))));
}

bool is_iterable(const Value& value) {
  return value.is_undefined() || value.text() || value.list() || value.dict() || value.iterator() ||
         value.loop();
}

ItemSource::ItemSource(Machine& machine, Value source)
    : machine_(machine), source_(std::move(source)) {
  if (source_.loop() != nullptr) machine_.unsupported("iteration over 'loop'");
  if (!is_iterable(source_))
    machine_.refuse(fmt::format("'{}' object is not iterable", type_name(source_)));
}

std::optional<std::size_t> ItemSource::length() const {
  if (keep || source_.iterator()) return std::nullopt;
  if (const auto* list = source_.list()) return list->items.size();
  if (const auto* dict = source_.dict()) return dict->items.size();
  if (const auto* text = source_.text()) return count_characters(text->bytes);
  return 0;
}

std::optional<Value> ItemSource::next_of_all() {
  machine_.budget().step();
  if (const auto* list = source_.list())
    return at_ < list->items.size() ? std::optional(list->items[at_++]) : std::nullopt;
  if (const auto* dict = source_.dict())
    return at_ < dict->items.size() ? std::optional(dict->items[at_++].first) : std::nullopt;
  if (auto* iterator = source_.iterator())
    return iterator->next < iterator->items.size()
               ? std::optional(iterator->items[iterator->next++])
               : std::nullopt;
  const ChatText* text = source_.text();
  if (text == nullptr || at_ >= text->bytes.size()) return std::nullopt;
  const std::size_t begin = at_;
  at_ += decode_utf8(text->bytes, begin).value_or(Utf8Char{0, 1}).n_byte;
  TextWriter out(machine_.budget());
  out.add(*text, begin, at_);
  return machine_.make(out.take());
}

std::optional<Value> ItemSource::next_kept() {
  auto item = next_of_all();
  while (item && keep && !keep(*item)) item = next_of_all();
  return item;
}

std::optional<Value> ItemSource::next() {
  if (!gathered_) return next_kept();
  const auto& items = gathered_->list()->items;
  return gathered_at_ < items.size() ? std::optional(items[gathered_at_++]) : std::nullopt;
}

std::size_t ItemSource::gather() {
  if (!gathered_) {
    std::vector<Value> items;
    while (auto item = next_kept()) {
      machine_.budget().expect(items.size() * sizeof(Value));
      items.push_back(std::move(*item));
    }
    gathered_ = machine_.make_list(std::move(items));
  }
  return gathered_->list()->items.size() - gathered_at_;
}

std::vector<Value> items_of(Machine& machine, const Value& value) {
  if (const auto* list = value.list()) return list->items;
  ItemSource source(machine, value);
  std::vector<Value> out;
  while (auto item = source.next()) {
    machine.budget().expect(out.size() * sizeof(Value));
    out.push_back(std::move(*item));
  }
  return out;
}

std::vector<std::optional<Value>> bind_arguments(Machine& machine, const Arguments& arguments,
                                                 std::initializer_list<std::string_view> names) {
  if (arguments.positional.size() > names.size())
    machine.refuse(fmt::format("{} arguments, expected at most {}", arguments.positional.size(),
                               names.size()));
  std::vector<std::optional<Value>> out(names.size());
  std::copy(arguments.positional.begin(), arguments.positional.end(), out.begin());
  for (const auto& [key, value] : arguments.named) {
    const auto at = std::find(names.begin(), names.end(), key);
    if (at == names.end()) machine.refuse(fmt::format("unexpected argument '{}'", key));
    auto& slot = out[static_cast<std::size_t>(at - names.begin())];
    if (slot) machine.refuse(fmt::format("the argument '{}' is given twice", key));
    slot = value;
  }
  return out;
}

}  // namespace moescope::tokenizer

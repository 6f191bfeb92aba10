#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "core/tokenizer/chat_budget.hpp"
#include "core/tokenizer/chat_text.hpp"

namespace moescope::tokenizer {

struct ListValue;
struct DictValue;
struct IteratorValue;
struct NamespaceValue;
struct FunctionValue;
struct LoopValue;

struct TextValue {
  ChatText text;
  Charge charge;
};

/// What a missing name or member is; `why` says so where it is used.
struct UndefinedValue {
  std::shared_ptr<const std::string> why;
};
struct NoneValue {};

/// A value of a template, as Python has it. Lists and dicts never change once they are made.
struct Value {
  using Data = std::variant<UndefinedValue, NoneValue, bool, std::int64_t, double,
                            std::shared_ptr<const TextValue>, std::shared_ptr<const ListValue>,
                            std::shared_ptr<const DictValue>, std::shared_ptr<IteratorValue>,
                            std::shared_ptr<NamespaceValue>, std::shared_ptr<const FunctionValue>,
                            std::shared_ptr<LoopValue>>;
  Data data;
  bool foreign = false;  ///< of a number, a bool or none: it came from a message

  Value() = default;
  template <class T>
  requires(!std::is_same_v<std::remove_cvref_t<T>, Value>)
      // A value is made from what it holds everywhere.
      // NOLINTNEXTLINE(google-explicit-constructor)
      Value(T&& held, bool is_foreign = false)
      : data(std::forward<T>(held)), foreign(is_foreign) {}

  template <class T>
  bool is() const {
    return std::holds_alternative<T>(data);
  }
  template <class T>
  const T* get() const {
    return std::get_if<T>(&data);
  }
  bool is_undefined() const { return is<UndefinedValue>(); }
  bool is_none() const { return is<NoneValue>(); }
  const ChatText* text() const {
    const auto* held = get<std::shared_ptr<const TextValue>>();
    return held == nullptr ? nullptr : &(*held)->text;
  }
  const ListValue* list() const { return pointee<const ListValue>(); }
  const DictValue* dict() const { return pointee<const DictValue>(); }
  IteratorValue* iterator() const { return pointee<IteratorValue>(); }
  NamespaceValue* name_space() const { return pointee<NamespaceValue>(); }
  const FunctionValue* function() const { return pointee<const FunctionValue>(); }
  LoopValue* loop() const { return pointee<LoopValue>(); }
  /// A whole number; true and false are 1 and 0.
  std::optional<std::int64_t> integer() const;
  /// Any number as a real.
  std::optional<double> number() const;

 private:
  template <class T>
  T* pointee() const {
    const auto* held = get<std::shared_ptr<T>>();
    return held == nullptr ? nullptr : held->get();
  }
};

enum class ListKind { kList, kTuple, kRange, kDictItems, kDictKeys, kDictValues };

struct ListValue {
  std::vector<Value> items;
  ListKind kind = ListKind::kList;
  std::string range;  ///< how a range is printed
  std::size_t depth = 1;
  Charge charge;
};

/// Keys in the order in which they came.
struct DictValue {
  std::vector<std::pair<Value, Value>> items;
  std::unordered_map<std::string, std::size_t> index;
  std::size_t depth = 1;
  Charge charge;

  const Value* find(const Value& key) const;
  const Value* find(std::string_view key) const;
};

/// What a filter such as `map` gives: its items can be taken once.
struct IteratorValue {
  std::vector<Value> items;
  std::size_t next = 0;
  std::size_t depth = 1;
  Charge charge;
};

struct NamespaceValue {
  std::vector<std::pair<std::string, Value>> members;
  Charge charge;
};

struct Statement;
struct Scope;

enum class FunctionKind { kRange, kDict, kNamespace, kRaise, kStrftimeNow, kMethod, kMacro };

struct FunctionValue {
  FunctionKind kind;
  std::string name;
  Value receiver;  ///< of a method
  const Statement* macro = nullptr;
  std::shared_ptr<Scope> scope;  ///< in which the macro was made
  std::size_t depth = 1;
  Charge charge;
};

/// The variable `loop`.
struct LoopValue {
  Value source;  ///< keeps the items
  std::int64_t index0 = -1;
  std::optional<std::int64_t> length;
  std::optional<Value> before, current, after;
  std::size_t depth = 1;
  class ItemSource* items = nullptr;  ///< null once the loop is over
};

std::size_t depth_of(const Value& value) noexcept;
/// How messages and Python call the type: "str", "dict".
std::string_view type_name(const Value& value) noexcept;
std::string_view type_name(ListKind kind) noexcept;
/// A text under which equal keys of a dict are equal; nothing for what cannot be a key.
std::optional<std::string> key_text(const Value& key);
bool truth(const Value& value);

}  // namespace moescope::tokenizer

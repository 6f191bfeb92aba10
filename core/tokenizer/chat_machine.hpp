#pragma once

#include <ctime>
#include <functional>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/tokenizer/chat_ast.hpp"
#include "core/tokenizer/chat_budget.hpp"
#include "core/tokenizer/chat_text.hpp"
#include "core/tokenizer/chat_value.hpp"

namespace moescope::tokenizer {

/// The template, or Python's rules, refused the conversation; never leaves the renderer.
struct Refused {
  std::string message;
};

struct Arguments {
  std::vector<Value> positional;
  std::vector<std::pair<std::string, Value>> named;
};

/// The variables of one stretch of a template.
struct Scope {
  std::shared_ptr<Scope> parent;
  std::vector<std::pair<std::string, Value>> names = {};
  bool is_captured = false;  ///< by a macro, which makes a cycle

  Value* find(std::string_view name);
  void set(std::string_view name, Value value);
};

using ScopePtr = std::shared_ptr<Scope>;

/// What one rendering evaluates with. The parts of the language are functions over it, in
/// chat_operators, chat_members, chat_methods, chat_filters, chat_checks, chat_print.
class Machine {
 public:
  using Context = std::map<std::string, Value, std::less<>>;

  explicit Machine(Budget& budget) : budget_(budget) {}
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;
  ~Machine();

  Context context;             ///< what the caller passed
  std::optional<std::tm> now;  ///< for strftime_now

  /// Runs a template and gives what it wrote.
  ChatText run(const Body& body, const std::vector<std::string>& hidden);

  Budget& budget() { return budget_; }
  Value evaluate(const Expression& e);
  Value call(const Value& callee, Arguments arguments);

  /// The template or Python's rules end the rendering here.
  [[noreturn]] void refuse(std::string_view message) const;
  /// Something that this renderer lacks.
  [[noreturn]] void unsupported(std::string_view what) const;
  /// Refuses an undefined value that is used in a way that needs a value.
  void need_defined(const Value& value) const;

  Value make(ChatText text);
  Value make_text(std::string_view bytes, bool foreign = false);
  /// `shown` is how a range is printed.
  Value make_list(std::vector<Value> items, ListKind kind = ListKind::kList,
                  std::string shown = {});
  Value make_iterator(std::vector<Value> items);
  /// Later values of a key replace earlier ones, in the earlier one's place.
  Value make_dict(std::vector<std::pair<Value, Value>> items);
  Value make_undefined(std::string why);
  Value make_method(const Value& receiver, std::string_view name);

 private:
  enum class Flow { kNext, kBreak, kContinue };
  class Inner;

  Flow execute(const Body& body);
  Flow execute(const Statement& s);
  Flow execute_if(const Statement& s);
  Flow execute_for(const Statement& s);
  Flow execute_set_block(const Statement& s);
  Flow execute_filter(const Statement& s);
  Flow execute_with(const Statement& s);
  void execute_macro(const Statement& s);
  void execute_call(const Statement& s);
  void execute_generation(const Statement& s);
  bool loop_turns(const Statement& s, const std::shared_ptr<LoopValue>& loop);
  ChatText capture(const Body& body, Flow& flow);
  void write(const Value& value);
  void assign(const Target& target, const Value& value);

  Value evaluate_name(const Expression& e);
  Value evaluate_call(const Expression& e, const Value* caller);
  Value evaluate_filter(const Expression& e, const Value* input);
  Value evaluate_compare(const Expression& e);
  Value evaluate_slice(const Expression& e);
  Value evaluate_concat(const Expression& e);
  Value evaluate_dict(const Expression& e);
  Value evaluate_logic(const Expression& e);
  Value evaluate_operator(const Expression& e);
  std::vector<Value> evaluate_items(const Expression& e, std::size_t from);
  Arguments arguments_of(const Expression& e);
  Value call_macro(const FunctionValue& macro, Arguments& arguments);
  Value call_function(const FunctionValue& function, Arguments& arguments);
  Value make_namespace(Arguments& arguments);
  Value make_macro(const Statement& s, std::string name);

  Budget& budget_;
  ScopePtr scope_;
  TextWriter* out_ = nullptr;
  bool at_bottom_ = true;  ///< nothing captures the output
  std::vector<ScopePtr> captured_;
  std::vector<std::shared_ptr<NamespaceValue>> namespaces_;
};

/// The items of a value one after another, as a loop takes them.
class ItemSource {
 public:
  /// Refuses what cannot be iterated.
  ItemSource(Machine& machine, Value source);
  std::optional<Value> next();
  /// How many there are, where the value knows before it is walked.
  std::optional<std::size_t> length() const;
  /// Walks to the end, keeps what is there for next(), and gives how many that are.
  std::size_t gather();
  /// Only items for which it holds come.
  std::function<bool(const Value&)> keep;

 private:
  std::optional<Value> next_of_all();
  std::optional<Value> next_kept();

  Machine& machine_;
  Value source_;
  std::size_t at_ = 0;
  std::optional<Value> gathered_;  ///< a list
  std::size_t gathered_at_ = 0;
};

std::vector<Value> items_of(Machine& machine, const Value& value);
bool is_iterable(const Value& value);

/// Gives arguments the names of parameters.
/// Refuses too many, unknown ones, and one that is given twice.
std::vector<std::optional<Value>> bind_arguments(Machine& machine, const Arguments& arguments,
                                                 std::initializer_list<std::string_view> names);

// chat_operators.cpp
Value binary_operator(Machine& machine, std::string_view op, const Value& a, const Value& b);
Value negate(Machine& machine, const Value& value, bool minus);
bool equals(Machine& machine, const Value& a, const Value& b);
/// Whether `a` comes before `b`; refuses what has no order.
bool less(Machine& machine, const Value& a, const Value& b);
bool contains(Machine& machine, const Value& container, const Value& item);
bool compares(Machine& machine, std::string_view op, const Value& a, const Value& b);

/// Where `part` stands in `text` from byte `from` on, in linear time.
std::size_t find_part(std::string_view text, std::string_view part, std::size_t from = 0) noexcept;

// chat_members.cpp
Value member_of(Machine& machine, const Value& object, std::string_view name);
Value item_of(Machine& machine, const Value& object, const Value& key);
struct SliceBounds {
  Value begin{NoneValue{}}, end{NoneValue{}}, step{NoneValue{}};
};
Value slice_of(Machine& machine, const Value& object, const SliceBounds& bounds);

// chat_methods.cpp
Value call_method(Machine& machine, const Value& receiver, std::string_view name,
                  const Arguments& arguments);
/// Whether Python's type of the value has a method of that name, here or not.
enum class MethodKind { kNone, kHere, kLacking, kUnsafe };
MethodKind method_kind(const Value& receiver, std::string_view name);
Value change_case(Machine& machine, const ChatText& text, std::string_view how);
Value replace_text(Machine& machine, const ChatText& text, const ChatText& from, const ChatText& to,
                   std::int64_t most);
Value strip_text(Machine& machine, const ChatText& text, const Value* chars, StripEnds ends);
std::vector<Value> split_lines(Machine& machine, const ChatText& text);

// chat_filters.cpp
Value apply_filter(Machine& machine, std::string_view name, const Value& value,
                   const Arguments& arguments);
// chat_checks.cpp
bool apply_test(Machine& machine, std::string_view name, const Value& value,
                const Arguments& arguments);

// chat_print.cpp
/// As Python's str gives it.
ChatText printed(Machine& machine, const Value& value);
/// As Python's repr gives it.
void write_repr(Machine& machine, const Value& value, TextWriter& out);
std::string float_text(double value);
/// As Python's json.dumps gives it.
struct JsonStyle {
  bool ensure_ascii = false;
  std::optional<ChatText> indent;
  ChatText item_separator, key_separator;
  bool sort_keys = false;
};
void write_json(Machine& machine, const Value& value, const JsonStyle& style, TextWriter& out);
// chat_time.cpp
std::string format_time(Machine& machine, std::string_view format, const std::tm& time);

}  // namespace moescope::tokenizer

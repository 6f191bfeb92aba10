#include "core/tokenizer/chat_template.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/base/error.hpp"
#include "core/tokenizer/chat_hidden.hpp"
#include "core/tokenizer/chat_lexer.hpp"
#include "core/tokenizer/chat_machine.hpp"
#include "core/tokenizer/chat_parser.hpp"

namespace moescope::tokenizer {

struct ChatTree {
  std::string where;
  ChatLimits limits;
  Body body;
  std::vector<std::string> hidden;
};

namespace {

using Json = nlohmann::ordered_json;

// Roles are structure: templates put them into control tokens such as <|user|>. Any other is
// treated as text from outside.
constexpr std::array<std::string_view, 14> kRoles{"system",      "user",
                                                  "assistant",   "tool",
                                                  "developer",   "function",
                                                  "ipython",     "model",
                                                  "tool_call",   "tool_response",
                                                  "environment", "context",
                                                  "documents",   "assistant_tool_call"};

constexpr std::array<std::string_view, 7> kTokens{
    "bos_token", "eos_token", "unk_token", "pad_token", "sep_token", "cls_token", "mask_token"};

template <class Names>
bool is_among(const Names& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// Makes values of JSON.
class Importer {
 public:
  explicit Importer(Machine& machine) : machine_(machine) {}

  Value value(const Json& json) {
    const Level level(machine_.budget());
    machine_.budget().step();
    switch (json.type()) {
      case Json::value_t::boolean:
        return Value(json.get<bool>(), true);
      case Json::value_t::number_integer:
      case Json::value_t::number_unsigned:
        if (json.is_number_unsigned() && json.get<std::uint64_t>() > INT64_MAX)
          machine_.unsupported("a whole number beyond 64 bits");
        return Value(json.get<std::int64_t>(), true);
      case Json::value_t::number_float:
        return Value(json.get<double>(), true);
      case Json::value_t::string:
        return machine_.make_text(json.get_ref<const std::string&>(), true);
      case Json::value_t::array:
        return list(json);
      case Json::value_t::object:
        return dict(json, false);
      default:
        return Value(NoneValue{}, true);
    }
  }

  Value messages(const Json& json) {
    if (!json.is_array()) return value(json);
    std::vector<Value> items;
    for (const Json& message : json)
      items.push_back(message.is_object() ? dict(message, true) : value(message));
    return machine_.make_list(std::move(items));
  }

 private:
  Value list(const Json& json) {
    std::vector<Value> items;
    for (const Json& item : json) items.push_back(value(item));
    return machine_.make_list(std::move(items));
  }

  Value dict(const Json& json, bool is_message) {
    std::vector<std::pair<Value, Value>> items;
    for (const auto& [key, held] : json.items()) {
      const bool is_role = is_message && key == "role" && held.is_string() &&
                           is_among(kRoles, held.get_ref<const std::string&>());
      items.emplace_back(
          machine_.make_text(key, true),
          is_role ? machine_.make_text(held.get_ref<const std::string&>()) : value(held));
    }
    return machine_.make_dict(std::move(items));
  }

  Machine& machine_;
};

void fill_context(Machine& machine, const Json& variables) {
  // What transformers passes in any case.
  machine.context.emplace("tools", Value(NoneValue{}));
  machine.context.emplace("documents", Value(NoneValue{}));
  machine.context.emplace("add_generation_prompt", Value(false));
  Importer importer(machine);
  for (const auto& [key, held] : variables.items()) {
    Value value;
    if (is_among(kTokens, key) && held.is_string())
      value = machine.make_text(held.get_ref<const std::string&>());
    else
      value = key == "messages" ? importer.messages(held) : importer.value(held);
    machine.context.insert_or_assign(key, std::move(value));
  }
}

}  // namespace

ChatTemplate ChatTemplate::parse(std::string_view source, std::string where,
                                 const ChatLimits& limits) {
  auto tree = std::make_shared<ChatTree>();
  tree->where = std::move(where);
  tree->limits = limits;
  ChatParser parser(lex_chat_template(source, tree->where, limits), tree->where, tree->limits);
  tree->body = parser.parse();
  tree->hidden = find_hidden_names(tree->body);
  ChatTemplate out;
  out.tree_ = std::move(tree);
  return out;
}

ChatOutcome ChatTemplate::render(const ChatInput& input) const {
  if (!input.variables.is_object())
    fail(ErrorCode::kBadInput, "{}: expected an object of variables", tree_->where);
  Budget budget(tree_->limits, tree_->where);
  Machine machine(budget);
  machine.now = input.now;
  try {
    fill_context(machine, input.variables);
    ChatText text = machine.run(tree_->body, tree_->hidden);
    return {{std::move(text.bytes), std::move(text.foreign)}};
  } catch (Refused& refused) {
    return {{}, std::move(refused.message)};
  }
}

}  // namespace moescope::tokenizer

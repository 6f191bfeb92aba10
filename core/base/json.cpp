#include "core/base/json.hpp"

#include <algorithm>
#include <iterator>
#include <type_traits>
#include <unordered_set>

#include "core/base/error.hpp"
#include "core/base/escape.hpp"
#include "core/base/json_place.hpp"
#include "core/base/utf8.hpp"

namespace moescope {
namespace {

using nlohmann::json;

struct Position {
  std::size_t line = 1;
  std::size_t column = 0;
};

/// Feeds the parser and keeps count of where it stands.
class CountingIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  CountingIterator(const char* at, Position* position) : at_(at), position_(position) {}
  reference operator*() const { return *at_; }
  CountingIterator& operator++() {
    if (*at_ == '\n') {
      ++position_->line;
      position_->column = 0;
    } else {
      ++position_->column;
    }
    ++at_;
    return *this;
  }
  bool operator==(const CountingIterator& other) const { return at_ == other.at_; }
  bool operator!=(const CountingIterator& other) const { return at_ != other.at_; }

 private:
  const char* at_;
  Position* position_;
};

/// `Json` is nlohmann::json, or ordered_json, which keeps the order of members.
template <class Json>
class Builder : public nlohmann::json_sax<Json> {
  using string_t = std::string;
  using binary_t = typename Json::binary_t;

 public:
  Builder(std::string_view where, const JsonLimits& limits, const Position& position)
      : where_(where), limits_(limits), position_(position) {}

  Json take() { return std::move(root_); }

  bool null() override { return put(nullptr); }
  bool boolean(bool v) override { return put(v); }
  bool number_integer(std::int64_t v) override { return put(v); }
  bool number_unsigned(std::uint64_t v) override { return put(v); }
  bool number_float(double v, const string_t& text) override {
    if (limits_.exact_integers && text.find_first_of(".eE") == std::string::npos)
      refuse("a whole number beyond 64 bits: {}; write it as a string", text.substr(0, 80));
    return put(v);
  }
  bool string(string_t& v) override {
    if (v.size() > limits_.max_string) refuse("a string of over {} bytes", limits_.max_string);
    return put(std::move(v));
  }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(Json::object()); }
  bool start_array(std::size_t) override { return open(Json::array()); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }
  bool key(string_t& v) override {
    if (v.size() > limits_.max_string) refuse("a key of over {} bytes", limits_.max_string);
    auto& object = stack_.back()->template get_ref<typename Json::object_t&>();
    if constexpr (std::is_same_v<Json, json>) {
      const auto [at, inserted] = object.try_emplace(v);
      if (!inserted) refuse_key(v);
      slot_ = &at->second;
    } else {
      // Its own look-up walks over all members.
      if (!keys_.back().insert(v).second) refuse_key(v);
      std::vector<std::pair<const std::string, Json>>& members = object;
      slot_ = &members.emplace_back(v, nullptr).second;
    }
    return true;
  }
  bool parse_error(std::size_t, const std::string& token,
                   const nlohmann::detail::exception&) override {
    if (token.empty()) refuse("malformed JSON: unexpected end of input");
    refuse("malformed JSON near {}", json_string(token.substr(0, 40)));
    return false;
  }

 private:
  template <class... Args>
  [[noreturn]] void refuse(fmt::format_string<Args...> format, Args&&... args) const {
    const std::string line = limits_.one_line ? "" : fmt::format("line {}, ", position_.line);
    fail(ErrorCode::kBadInput, "{}: {}column {}: {}", where_, line, position_.column,
         fmt::format(format, std::forward<Args>(args)...));
  }
  [[noreturn]] void refuse_key(const std::string& key) const {
    refuse("key {} stands twice in one object", json_string(key.substr(0, 80)));
  }
  bool put(Json v) {
    place(std::move(v));
    return true;
  }
  Json* place(Json v) {
    if (++n_value_ > limits_.max_values) refuse("more than {} values", limits_.max_values);
    Json* at = &root_;
    if (!stack_.empty() && stack_.back()->is_array()) {
      stack_.back()->push_back(std::move(v));
      return &stack_.back()->back();
    }
    if (!stack_.empty()) at = slot_;
    *at = std::move(v);
    return at;
  }
  bool open(Json container) {
    if (stack_.size() >= limits_.max_depth) refuse("nested deeper than {}", limits_.max_depth);
    Json* at = place(std::move(container));
    stack_.push_back(at);
    if constexpr (!std::is_same_v<Json, json>) keys_.emplace_back();
    return true;
  }
  bool close() {
    stack_.pop_back();
    if constexpr (!std::is_same_v<Json, json>) keys_.pop_back();
    return true;
  }

  std::string_view where_;
  JsonLimits limits_;
  const Position& position_;
  Json root_;
  std::vector<Json*> stack_;
  std::vector<std::unordered_set<std::string>> keys_;  ///< of the open objects that are ordered
  Json* slot_ = nullptr;
  std::size_t n_value_ = 0;
};

std::string describe(const json& v) {
  switch (v.type()) {
    case json::value_t::null:
      return "null";
    case json::value_t::object:
      return "an object";
    case json::value_t::array:
      return fmt::format("an array of {}", v.size());
    case json::value_t::string: {
      const auto& text = v.get_ref<const std::string&>();
      if (text.size() > 60) return fmt::format("a string of {} bytes", text.size());
      return json_string(text);
    }
    default:
      return v.dump();
  }
}

template <class Json>
Json parse(std::string_view text, std::string_view where, const JsonLimits& limits) {
  if (text.size() > limits.max_bytes)
    fail(ErrorCode::kBadInput, "{}: {} bytes of JSON, expected at most {}", where, text.size(),
         limits.max_bytes);
  if (const auto bad = first_invalid_utf8(text))
    fail(ErrorCode::kBadInput, "{}: byte {}: expected UTF-8, got byte 0x{:02x}", where, *bad,
         static_cast<unsigned char>(text[*bad]));
  // The parser takes a NUL for the end of the text and would drop what follows.
  if (const auto nul = text.find('\0'); nul != std::string_view::npos)
    fail(ErrorCode::kBadInput, "{}: byte {}: malformed JSON: a NUL byte", where, nul);
  Position position;
  Builder<Json> builder(where, limits, position);
  const CountingIterator first(text.data(), &position);
  const CountingIterator last(text.data() + text.size(), &position);
  Json::sax_parse(first, last, &builder);
  return builder.take();
}

}  // namespace

json parse_json(std::string_view text, std::string_view where, const JsonLimits& limits) {
  return parse<json>(text, where, limits);
}

nlohmann::ordered_json parse_ordered_json(std::string_view text, std::string_view where,
                                          const JsonLimits& limits) {
  return parse<nlohmann::ordered_json>(text, where, limits);
}

JsonNode::JsonNode(const json& value, std::string where, std::string path, std::string_view text)
    : value_(&value), where_(std::move(where)), path_(std::move(path)), text_(text) {}

JsonNode JsonNode::member(const json& value, std::string path) const {
  return {value, where_, std::move(path), text_};
}

/// "<where>: line 3, column 5: key 'items[2]': ", as much of it as is known.
std::string JsonNode::place(std::string_view path, bool of_key) const {
  std::string out = where_ + ": ";
  if (!text_.empty())
    if (const auto at = json_place(text_, path, of_key))
      out += fmt::format("line {}, column {}: ", at->line, at->column);
  if (!path.empty()) out += fmt::format("key {}: ", quoted_name(path));
  return out;
}

JsonNode JsonNode::at(std::string_view key) const {
  if (!value_->is_object()) expected("an object");
  const auto it = value_->find(key);
  if (it == value_->end())
    fail(ErrorCode::kBadInput, "{}key '{}' is missing", place(path_, false), key);
  return member(*it, path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key));
}

std::optional<JsonNode> JsonNode::find(std::string_view key) const {
  if (!value_->is_object()) expected("an object");
  const auto it = value_->find(key);
  if (it == value_->end() || it->is_null()) return std::nullopt;
  return member(*it, path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key));
}

std::vector<JsonNode> JsonNode::items() const {
  if (!value_->is_array()) expected("an array");
  std::vector<JsonNode> out;
  out.reserve(value_->size());
  for (std::size_t i = 0; i < value_->size(); ++i)
    out.push_back(member((*value_)[i], fmt::format("{}[{}]", path_, i)));
  return out;
}

std::string JsonNode::string() const {
  if (!value_->is_string()) expected("a string");
  return value_->get<std::string>();
}

bool JsonNode::boolean() const {
  if (!value_->is_boolean()) expected("true or false");
  return value_->get<bool>();
}

double JsonNode::number() const {
  if (!value_->is_number()) expected("a number");
  return value_->get<double>();
}

std::uint64_t JsonNode::uint(std::uint64_t lo, std::uint64_t hi) const {
  const bool fits = value_->is_number_unsigned() && value_->get<std::uint64_t>() >= lo &&
                    value_->get<std::uint64_t>() <= hi;
  if (!fits) {
    if (hi == UINT64_MAX) expected(fmt::format("a whole number of at least {}", lo));
    expected(fmt::format("a whole number from {} to {}", lo, hi));
  }
  return value_->get<std::uint64_t>();
}

void JsonNode::expected(std::string_view what) const {
  fail(ErrorCode::kBadInput, "{}expected {}, got {}", place(path_, false), what, describe(*value_));
}

void JsonNode::refuse(std::string_view why) const {
  fail(ErrorCode::kBadInput, "{}{}", place(path_, false), why);
}

void JsonNode::allow_only(std::span<const std::string_view> known) const {
  if (!value_->is_object()) expected("an object");
  for (const auto& [key, value] : value_->items()) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    std::string list;
    for (const std::string_view name : known)
      list += fmt::format("{}{}", list.empty() ? "" : ", ", name);
    fail(ErrorCode::kBadInput, "{}unknown key; known here: {}",
         place(path_.empty() ? key : fmt::format("{}.{}", path_, key), true), list);
  }
}

}  // namespace moescope

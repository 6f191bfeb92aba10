#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace moescope {

/// Bounds on foreign JSON; breaking one is an error that names it.
struct JsonLimits {
  std::size_t max_bytes = 64u << 20;
  std::size_t max_depth = 64;
  std::size_t max_values = 8'000'000;
  std::size_t max_string = 16u << 20;
  bool one_line = false;  ///< JSON lines: `where` has the line, messages add the column alone
  /// Refuse whole numbers beyond 64 bits, which would lose digits as reals.
  bool exact_integers = false;
};

/// Reads one JSON text. `where` is the file or source that error messages name.
/// Errors: kBadInput with line and column: malformed, invalid UTF-8, duplicate key, a limit, a
/// number out of range.
nlohmann::json parse_json(std::string_view text, std::string_view where,
                          const JsonLimits& limits = {});

/// The same, with the members of objects in the order in which they stand.
nlohmann::ordered_json parse_ordered_json(std::string_view text, std::string_view where,
                                          const JsonLimits& limits = {});

/// A value of a parsed document together with its place, for readers that must say what was wrong.
/// The document must outlive it, and so must `text`, the text that the document was read from: with
/// it, messages name line and column.
class JsonNode {
 public:
  JsonNode(const nlohmann::json& value, std::string where, std::string path = "",
           std::string_view text = {});

  const nlohmann::json& value() const { return *value_; }
  const std::string& where() const { return where_; }
  const std::string& path() const { return path_; }
  bool is_object() const { return value_->is_object(); }
  bool is_array() const { return value_->is_array(); }
  bool is_string() const { return value_->is_string(); }
  bool is_number() const { return value_->is_number(); }

  /// The member `key`; an error names it when it is absent.
  JsonNode at(std::string_view key) const;
  /// The member `key`; nothing when it is absent or null.
  std::optional<JsonNode> find(std::string_view key) const;
  std::vector<JsonNode> items() const;

  std::string string() const;
  bool boolean() const;
  double number() const;
  std::uint64_t uint(std::uint64_t lo = 0, std::uint64_t hi = UINT64_MAX) const;

  /// Throws kBadInput: "<where>: key '<path>': expected <expected>, got <what is there>".
  [[noreturn]] void expected(std::string_view what) const;
  /// Throws kBadInput: "<where>: key '<path>': <why>".
  [[noreturn]] void refuse(std::string_view why) const;
  /// Refuses members that are not among `known`, with the list.
  void allow_only(std::span<const std::string_view> known) const;

 private:
  JsonNode member(const nlohmann::json& value, std::string path) const;
  std::string place(std::string_view path, bool of_key) const;

  const nlohmann::json* value_;
  std::string where_;
  std::string path_;
  std::string_view text_;
};

}  // namespace moescope

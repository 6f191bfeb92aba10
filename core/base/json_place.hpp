#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace moescope {

/// A place in a text, both counted from 1; columns count bytes.
struct TextPlace {
  std::size_t line = 1;
  std::size_t column = 1;
  bool operator==(const TextPlace&) const = default;
};

/// Where the value with this path begins, the path written as JsonNode writes it ("items[3].text");
/// with `of_key` where its key begins. The text must be sound JSON: parse_json has taken it.
/// Errors: none; nothing where there is no such path.
std::optional<TextPlace> json_place(std::string_view text, std::string_view path, bool of_key);

}  // namespace moescope

#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/base/json.hpp"

namespace moescope::tokenizer {

/// A token that a settings file such as tokenizer_config.json names: a string, or an object with its
/// content; nothing where the key is absent. Errors: kBadInput: another type.
inline std::optional<std::string> token_setting(const JsonNode& root, std::string_view key) {
  const auto node = root.find(key);
  if (!node) return std::nullopt;
  return node->is_object() ? node->at("content").string() : node->string();
}

}  // namespace moescope::tokenizer

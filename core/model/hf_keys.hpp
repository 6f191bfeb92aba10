#pragma once

#include <fmt/format.h>

#include <string_view>

#include "core/base/error.hpp"
#include "core/base/json.hpp"
#include "core/model/config.hpp"

/// Small readers of config.json that the families share.
namespace moescope::model {

/// A number in [lo, hi]. Errors: kBadInput naming the key.
inline float finite(const JsonNode& node, double lo, double hi) {
  const double value = node.number();
  if (!(value >= lo && value <= hi)) node.expected(fmt::format("a number from {} to {}", lo, hi));
  return static_cast<float>(value);
}

inline float finite_or(const JsonNode& config, std::string_view key, float fallback, double lo,
                       double hi) {
  const auto node = config.find(key);
  return node ? finite(*node, lo, hi) : fallback;
}

inline bool flag_or(const JsonNode& config, std::string_view key, bool fallback) {
  const auto node = config.find(key);
  return node ? node->boolean() : fallback;
}

inline std::size_t count_or(const JsonNode& config, std::string_view key, std::size_t fallback,
                            std::uint64_t lo, std::uint64_t hi) {
  const auto node = config.find(key);
  return node ? node->uint(lo, hi) : fallback;
}

/// Errors: kBadInput: the key is there and says something else.
inline void require_value(const JsonNode& config, std::string_view key,
                          const nlohmann::json& wanted) {
  const auto node = config.find(key);
  if (node && node->value() != wanted) node->expected(wanted.dump());
}

/// Reads rope_theta, rope_scaling and rope_parameters for heads whose first d_rotary values turn.
/// Errors: kBadInput: an unknown kind, factors that are missing or absurd.
Rope read_rope(const JsonNode& config, float default_theta, std::size_t d_rotary,
               std::size_t n_context);

}  // namespace moescope::model

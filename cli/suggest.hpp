#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace moescope::cli {

/// The name that a mistyped word most likely stands for; nothing when none is near.
std::optional<std::string_view> nearest_name(std::string_view word,
                                             std::span<const std::string_view> names);

/// "unknown KIND 'word'; did you mean 'name'? known: a, b, c"
std::string unknown_name(std::string_view kind, std::string_view word,
                         std::span<const std::string_view> names);

}  // namespace moescope::cli

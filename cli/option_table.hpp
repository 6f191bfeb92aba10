#pragma once

#include <array>
#include <cstddef>

#include "cli/command.hpp"

namespace moescope::cli {

/// Joins option tables of several parts into one, at compile time.
template <std::size_t... N>
constexpr auto join_options(const OptionInfo (&... parts)[N]) {
  std::array<OptionInfo, (N + ...)> out;
  std::size_t at = 0;
  const auto copy = [&](const auto& part) {
    for (const OptionInfo& row : part) out[at++] = row;
  };
  (copy(parts), ...);
  return out;
}

}  // namespace moescope::cli

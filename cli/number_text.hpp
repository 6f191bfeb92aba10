#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace moescope::cli {

/// 1234567 as "1,234,567".
std::string with_commas(std::uint64_t value);

/// "1 token", "2 tokens", "1,200 tokens".
std::string counted(std::uint64_t n, std::string_view noun);

/// The number with so many decimals, without a minus sign before zeros only.
std::string signless_zero(double value, int n_decimal);

/// The value as text, or nothing: a cell of a table.
template <class T>
std::string or_empty(const std::optional<T>& value) {
  return value ? fmt::format("{}", *value) : std::string();
}

}  // namespace moescope::cli

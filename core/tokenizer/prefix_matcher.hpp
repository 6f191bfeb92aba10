#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "core/tokenizer/flat_map.hpp"

namespace moescope::tokenizer {

/// Finds the longest of a set of strings at a place of a text.
class PrefixMatcher {
 public:
  struct Match {
    std::uint32_t value = 0;
    std::size_t n_byte = 0;
  };

  /// Enters `pattern`; the first value entered for a pattern stays.
  void add(std::string_view pattern, std::uint32_t value);
  bool empty() const noexcept { return ends_.empty(); }
  std::optional<Match> longest_at(std::string_view text, std::size_t at) const noexcept;
  /// Moves `at` to the next place where a pattern begins and gives the longest one there.
  std::optional<Match> next(std::string_view text, std::size_t& at) const noexcept;

 private:
  static constexpr std::uint32_t kNone = UINT32_MAX;
  FlatMap<std::uint32_t> edges_;     ///< (node, byte) → node
  std::vector<std::uint32_t> ends_;  ///< value of each node or kNone
  std::array<bool, 256> first_{};    ///< bytes with which a pattern begins
};

}  // namespace moescope::tokenizer

#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "core/stats/assessed.hpp"

/// Where in a long context, and in how long a one, the model still finds what it is asked for.
namespace moescope::probes {

/// One question about a passage in a context.
struct PositionRow {
  std::size_t n_token = 0;  ///< of the context
  double depth = 0;         ///< where the passage begins: 0 at the start, 1 at the end
  bool right = false;
  bool operator==(const PositionRow&) const = default;
};

struct PositionCell {
  std::size_t n = 0;
  std::size_t n_right = 0;
  std::optional<stats::Limits> limits;  ///< of the share, by Wilson; none in an empty cell
  bool operator==(const PositionCell&) const = default;
};

struct PositionGrid {
  std::vector<std::size_t> length;  ///< upper ends of the rows' lengths, tokens, as given
  std::size_t n_depth = 0;
  std::vector<PositionCell> cell;  ///< [length.size(), n_depth]
  std::size_t n_too_long = 0;      ///< rows above the last length: in no cell
  /// The largest length whose cells, and those of all shorter ones, have their lower limit at or
  /// above `floor`; none where the first has not.
  std::optional<std::size_t> usable_length(double floor) const;
};

/// Rows by the first length that is not below theirs and by n_depth equal parts of the context.
/// Questions are taken as independent: each has its own passage and context.
/// Errors: precondition: lengths ascend, n_depth > 0, 0 <= depth <= 1.
/// Source: the grid: Kamradt, "Needle in a haystack", 2023; limits: Wilson 1927.
PositionGrid position_grid(std::span<const PositionRow> rows, std::vector<std::size_t> length,
                           std::size_t n_depth, double level = 0.95);

}  // namespace moescope::probes

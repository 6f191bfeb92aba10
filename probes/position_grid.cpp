#include "probes/position_grid.hpp"

#include <algorithm>
#include <utility>

#include "core/stats/proportions.hpp"

namespace moescope::probes {

std::optional<std::size_t> PositionGrid::usable_length(double floor) const {
  std::optional<std::size_t> out;
  for (std::size_t row = 0; row < length.size(); ++row) {
    for (std::size_t depth = 0; depth < n_depth; ++depth) {
      const auto& limits = cell[row * n_depth + depth].limits;
      if (!limits || limits->lower < floor) return out;
    }
    out = length[row];
  }
  return out;
}

PositionGrid position_grid(std::span<const PositionRow> rows, std::vector<std::size_t> length,
                           std::size_t n_depth, double level) {
  PositionGrid out{.length = std::move(length), .n_depth = n_depth, .cell = {}};
  out.cell.resize(out.length.size() * n_depth);
  for (const PositionRow& row : rows) {
    const auto at = std::lower_bound(out.length.begin(), out.length.end(), row.n_token);
    if (at == out.length.end()) {
      ++out.n_too_long;
      continue;
    }
    const auto part = static_cast<std::size_t>(row.depth * static_cast<double>(n_depth));
    PositionCell& cell = out.cell[static_cast<std::size_t>(at - out.length.begin()) * n_depth +
                                  std::min(part, n_depth - 1)];
    ++cell.n;
    cell.n_right += row.right ? 1 : 0;
  }
  for (PositionCell& cell : out.cell)
    cell.limits = stats::wilson_interval(static_cast<double>(cell.n_right),
                                         static_cast<double>(cell.n), level);
  return out;
}

}  // namespace moescope::probes

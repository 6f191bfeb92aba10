#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/terminal.hpp"

/// Tables for people: rows that share one name column, column groups that wrap into bands when the
/// terminal is narrow, cells with a background that only repeats what their text says.
namespace moescope::cli {

/// A piece of a cell's text.
struct GridSpan {
  std::string text;
  std::optional<double> heat;           ///< 0 to 1 on the sequential ramp
  std::optional<std::size_t> category;  ///< one of the eight categorical colours
  bool operator==(const GridSpan&) const = default;
};

struct GridCell {
  std::vector<GridSpan> spans;
  bool operator==(const GridCell&) const = default;
};

/// A cell of one span.
GridCell grid_cell(std::string text, std::optional<double> heat = std::nullopt);

struct GridColumn {
  std::string header;
  std::vector<GridCell> cells;  ///< one a row of the grid
  bool left = false;            ///< aligned to the left, else to the right
};

struct GridGroup {
  std::string title;
  std::vector<GridColumn> columns;
  bool cut_title = false;  ///< a long title is cut to the width of the columns
};

struct Grid {
  std::string corner;  ///< header of the name column
  std::vector<std::string> names;
  std::vector<GridGroup> groups;
};

/// The grid as lines of at most `terminal.width` columns (a single column that is wider stays
/// whole). Without colours the text is plain and has no spaces at the ends of lines.
std::string render_grid(const Grid& grid, const Terminal& terminal);

/// Text with the colour of a heat value or a category, as the terminal can show it.
std::string paint(const GridSpan& span, ColorDepth colors);
/// Bold on a terminal with colours.
std::string emphasise(std::string_view text, ColorDepth colors);

}  // namespace moescope::cli

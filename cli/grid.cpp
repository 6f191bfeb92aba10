#include "cli/grid.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/color_ramp.hpp"
#include "core/base/text_width.hpp"

namespace moescope::cli {
namespace {

constexpr std::size_t kGap = 2;          ///< columns between groups
constexpr std::size_t kLeastTitle = 24;  ///< a title is not cut below this

std::size_t cell_width(const GridCell& cell) {
  std::size_t width = 0;
  for (const GridSpan& span : cell.spans) width += display_width(span.text);
  return width;
}

std::size_t column_width(const GridColumn& column) {
  std::size_t width = display_width(column.header);
  for (const GridCell& cell : column.cells) width = std::max(width, cell_width(cell));
  return width;
}

std::size_t columns_width(const GridGroup& group) {
  std::size_t width = group.columns.empty() ? 0 : group.columns.size() - 1;
  for (const GridColumn& column : group.columns) width += column_width(column);
  return width;
}

std::size_t title_width(const GridGroup& group) {
  const std::size_t width = display_width(group.title);
  if (!group.cut_title) return width;
  return std::min(width, std::max(columns_width(group), kLeastTitle));
}

std::size_t group_width(const GridGroup& group) {
  return std::max(columns_width(group), title_width(group));
}

/// The group cut into groups that fit, each with the title.
std::vector<GridGroup> fitting(const GridGroup& group, std::size_t room) {
  std::vector<GridGroup> pieces;
  GridGroup piece{.title = group.title, .columns = {}, .cut_title = group.cut_title};
  for (const GridColumn& column : group.columns) {
    piece.columns.push_back(column);
    if (piece.columns.size() == 1 || columns_width(piece) <= room) continue;
    piece.columns.pop_back();
    pieces.push_back(piece);
    piece.columns = {column};
  }
  pieces.push_back(piece);
  return pieces;
}

std::string painted_cell(const GridCell& cell, std::size_t width, bool left, bool first,
                         ColorDepth colors) {
  const std::size_t used = cell_width(cell);
  const std::size_t pad = (width > used ? width - used : 0);
  const std::string before((left ? 0 : pad) + (first ? 0 : 1), ' ');
  const bool filled = !cell.spans.empty() && cell.spans.front().heat.has_value();
  std::string out = filled ? "" : before;
  for (std::size_t i = 0; i < cell.spans.size(); ++i) {
    GridSpan shown = cell.spans[i];
    if (filled && i == 0) shown.text = before + shown.text;
    out += paint(shown, colors);
  }
  return out + std::string(left ? pad : 0, ' ');
}

void end_line(std::string& out, std::string line) {
  while (!line.empty() && line.back() == ' ') line.pop_back();
  out += line + "\n";
}

std::string header_line(const std::vector<GridGroup>& band, const std::string& corner,
                        std::size_t name_width) {
  std::string line = pad_left(corner, name_width);
  for (const GridGroup& group : band) {
    std::string part;
    for (const GridColumn& column : group.columns) {
      if (!part.empty()) part += ' ';
      const std::size_t width = column_width(column);
      part += column.left ? pad_right(column.header, width) : pad_left(column.header, width);
    }
    line += std::string(kGap, ' ') + pad_right(part, group_width(group));
  }
  return line;
}

std::string row_line(const std::vector<GridGroup>& band, std::size_t row, ColorDepth colors) {
  std::string line;
  for (const GridGroup& group : band) {
    line += std::string(kGap, ' ');
    bool first = true;
    for (const GridColumn& column : group.columns) {
      line += painted_cell(column.cells[row], column_width(column), column.left, first, colors);
      first = false;
    }
    line += std::string(group_width(group) - columns_width(group), ' ');
  }
  return line;
}

void render_band(std::string& out, const Grid& grid, const std::vector<GridGroup>& band,
                 std::size_t name_width, const Terminal& terminal) {
  std::string titles(name_width, ' ');
  bool any_title = false;
  for (const GridGroup& group : band) {
    any_title = any_title || !group.title.empty();
    const std::size_t width = group_width(group);
    const std::string title = cut_to_width(group.title, width, terminal.utf8);
    titles += std::string(kGap, ' ') + emphasise(title, terminal.colors) +
              std::string(width - display_width(title), ' ');
  }
  if (any_title) end_line(out, titles);
  end_line(out, header_line(band, grid.corner, name_width));
  for (std::size_t row = 0; row < grid.names.size(); ++row)
    end_line(out, pad_left(grid.names[row], name_width) + row_line(band, row, terminal.colors));
}

}  // namespace

GridCell grid_cell(std::string text, std::optional<double> heat) {
  return {.spans = {{.text = std::move(text), .heat = heat, .category = std::nullopt}}};
}

std::string paint(const GridSpan& span, ColorDepth colors) {
  if (colors == ColorDepth::kNone || (!span.heat && !span.category)) return span.text;
  if (colors == ColorDepth::k256) {
    const IndexedColor color =
        span.heat ? sequential_color(*span.heat) : categorical_color(*span.category);
    return fmt::format("\x1b[48;5;{};38;5;{}m{}\x1b[0m", color.index, color.dark ? 231 : 16,
                       span.text);
  }
  if (span.category) return fmt::format("\x1b[{};30m{}\x1b[0m", 41 + *span.category % 7, span.text);
  constexpr const char* kSteps[] = {"", "\x1b[44;37m", "\x1b[46;30m", "\x1b[43;30m"};
  const double at = std::clamp(*span.heat, 0.0, 1.0) * 4;
  const std::size_t step = std::min<std::size_t>(static_cast<std::size_t>(at), 3);
  return step == 0 ? span.text : kSteps[step] + span.text + "\x1b[0m";
}

std::string emphasise(std::string_view text, ColorDepth colors) {
  if (colors == ColorDepth::kNone || text.empty()) return std::string(text);
  return fmt::format("\x1b[1m{}\x1b[0m", text);
}

std::string render_grid(const Grid& grid, const Terminal& terminal) {
  std::size_t name_width = display_width(grid.corner);
  for (const std::string& name : grid.names) name_width = std::max(name_width, display_width(name));
  const auto width = static_cast<std::size_t>(std::max(terminal.width, 1));
  const std::size_t room = width > name_width + kGap ? width - name_width - kGap : 1;

  std::string out;
  std::vector<GridGroup> band;
  std::size_t used = 0;
  const auto flush = [&] {
    if (band.empty()) return;
    if (!out.empty()) out += "\n";
    render_band(out, grid, band, name_width, terminal);
    band.clear();
    used = 0;
  };
  for (const GridGroup& group : grid.groups)
    for (const GridGroup& piece : fitting(group, room)) {
      const std::size_t needed = kGap + group_width(piece);
      if (used + needed > room + kGap) flush();
      used += needed;
      band.push_back(piece);
    }
  flush();
  return out;
}

}  // namespace moescope::cli

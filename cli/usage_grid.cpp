#include "cli/usage_grid.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "cli/number_text.hpp"
#include "core/base/text_width.hpp"
#include "core/stats/divergence.hpp"

namespace moescope::cli {
namespace {

using trace::LabelUsage;
using trace::UsageTable;

std::vector<double> layer_counts(const UsageTable& table, const LabelUsage& usage,
                                 std::size_t route) {
  std::vector<double> counts(table.n_expert);
  for (std::size_t e = 0; e < table.n_expert; ++e)
    counts[e] = static_cast<double>(usage.count[route * table.n_expert + e]);
  return counts;
}

/// Builds the grids of one report.
class UsageDrawing {
 public:
  UsageDrawing(const UsageReport& report, const UsageView& view, const Terminal& terminal)
      : report_(report),
        table_(report.usage),
        view_(view),
        terminal_(terminal),
        uniform_(usage_uniform(report.usage, view.per_token)) {
    codes_ = usage_codes(report.usage, view);
    for (const LabelUsage* label : shown())
      for (std::size_t place = 0; place < label->count.size(); ++place)
        top_ = std::max(top_, share(*label, place).value_or(0));
    scale_ = std::max(top_, 2 * uniform_);
  }

  Grid experts() const {
    Grid grid = named_grid();
    for (const LabelUsage* label : shown()) add_label(grid, *label);
    if (report_.pair) grid.groups.push_back(difference());
    return grid;
  }

  Grid sums() const {
    Grid grid = named_grid();
    if (!report_.divergence.empty()) grid.groups.push_back(divergences());
    grid.groups.push_back(entropies());
    grid.groups.push_back(loads());
    return grid;
  }

 private:
  std::vector<const LabelUsage*> shown() const {
    std::vector<const LabelUsage*> labels;
    if (report_.pair)
      return {&table_.labels[report_.pair->first], &table_.labels[report_.pair->second]};
    for (const LabelUsage& label : table_.labels) labels.push_back(&label);
    if (labels.empty()) labels.push_back(&table_.all);
    return labels;
  }

  std::optional<double> share(const LabelUsage& usage, std::size_t place) const {
    return usage_share(table_, usage, place, view_.per_token);
  }

  Grid named_grid() const {
    Grid grid;
    for (const LayerIdx layer : table_.layers)
      grid.names.push_back(fmt::format("L{}", layer.value));
    return grid;
  }

  int decimals() const { return usage_decimals(uniform_); }
  std::string points(double difference) const {
    const std::string text = signless_zero(100 * difference, decimals());
    return difference > 0 && text.find_first_of("123456789") != std::string::npos ? "+" + text
                                                                                  : text;
  }
  static std::string percent(double share, int n_decimal) {
    return fmt::format("{:.{}f}", 100 * share, n_decimal);
  }

  std::string title(const LabelUsage& label) const {
    if (&label == &table_.all) return "all " + counted(label.n_token, "token");
    return shown_on(terminal_, label_text(label)) + "  " + counted(label.n_token, "token");
  }

  void add_label(Grid& grid, const LabelUsage& label) const {
    if (codes_) return add_codes(grid, label);
    GridGroup group{.title = title(label), .columns = {}, .cut_title = true};
    for (std::size_t e = 0; e < table_.n_expert; ++e) {
      GridColumn column{.header = fmt::format("{:>2}", e), .cells = {}};
      for (std::size_t route = 0; route < table_.layers.size(); ++route) {
        const auto s = share(label, route * table_.n_expert + e);
        column.cells.push_back(s ? grid_cell(percent(*s, decimals()), *s / scale_)
                                 : grid_cell("-"));
      }
      group.columns.push_back(std::move(column));
    }
    grid.groups.push_back(std::move(group));
  }

  /// The largest power of two of codes that fits beside names and the busiest expert.
  std::size_t chunk() const {
    constexpr std::size_t kBeside = 16;
    const auto width = static_cast<std::size_t>(std::max(terminal_.width, 24));
    std::size_t n = 8;
    while (n < table_.n_expert && n * 2 + kBeside <= width) n *= 2;
    return n;
  }

  GridSpan code(std::optional<double> s) const {
    if (!s) return {.text = "-", .heat = std::nullopt, .category = std::nullopt};
    const long times = std::lround(*s / uniform_);
    const std::string text = *s == 0 ? "." : times > 9 ? "9" : std::to_string(times);
    return {.text = text, .heat = *s / scale_, .category = std::nullopt};
  }

  static std::string ticks(std::size_t begin, std::size_t end) {
    std::string line;
    for (std::size_t e = begin; e < end; e += 8) line += fmt::format("{:<8}", e);
    return line.substr(0, end - begin);
  }

  void add_codes(Grid& grid, const LabelUsage& label) const {
    const std::size_t step = chunk();
    for (std::size_t begin = 0; begin < table_.n_expert; begin += step) {
      const std::size_t end = std::min(begin + step, table_.n_expert);
      GridColumn column{.header = ticks(begin, end), .cells = {}, .left = true};
      for (std::size_t route = 0; route < table_.layers.size(); ++route) {
        GridCell cell;
        for (std::size_t e = begin; e < end; ++e)
          cell.spans.push_back(code(share(label, route * table_.n_expert + e)));
        column.cells.push_back(std::move(cell));
      }
      grid.groups.push_back(
          {.title = title(label), .columns = {std::move(column)}, .cut_title = true});
    }
    GridColumn busiest{.header = "busiest", .cells = {}};
    for (std::size_t route = 0; route < table_.layers.size(); ++route)
      busiest.cells.push_back(grid_cell(busiest_text(label, route)));
    grid.groups.back().columns.push_back(std::move(busiest));
  }

  std::string busiest_text(const LabelUsage& label, std::size_t route) const {
    const auto counts = layer_counts(table_, label, route);
    const auto at = std::max_element(counts.begin(), counts.end()) - counts.begin();
    const auto s = share(label, route * table_.n_expert + static_cast<std::size_t>(at));
    return s ? fmt::format("{} {}", at, percent(*s, decimals())) : "-";
  }

  GridGroup difference() const {
    const LabelUsage& a = table_.labels[report_.pair->first];
    const LabelUsage& b = table_.labels[report_.pair->second];
    GridGroup group{.title = fmt::format("{} minus {}, points", shown_on(terminal_, label_text(b)),
                                         shown_on(terminal_, label_text(a))),
                    .columns = {},
                    .cut_title = true};
    if (codes_) {
      GridColumn most{.header = "expert and points, largest first", .cells = {}, .left = true};
      for (std::size_t route = 0; route < table_.layers.size(); ++route)
        most.cells.push_back(grid_cell(largest_differences(a, b, route)));
      group.columns.push_back(std::move(most));
      return group;
    }
    for (std::size_t e = 0; e < table_.n_expert; ++e) {
      GridColumn column{.header = fmt::format("{:>2}", e), .cells = {}};
      for (std::size_t route = 0; route < table_.layers.size(); ++route) {
        const std::size_t place = route * table_.n_expert + e;
        const auto x = share(a, place), y = share(b, place);
        column.cells.push_back(grid_cell(x && y ? points(*y - *x) : "-"));
      }
      group.columns.push_back(std::move(column));
    }
    return group;
  }

  std::string largest_differences(const LabelUsage& a, const LabelUsage& b,
                                  std::size_t route) const {
    constexpr std::size_t kMost = 4;
    std::vector<std::pair<double, std::size_t>> found;
    for (std::size_t e = 0; e < table_.n_expert; ++e) {
      const auto x = share(a, route * table_.n_expert + e),
                 y = share(b, route * table_.n_expert + e);
      if (x && y) found.emplace_back(*y - *x, e);
    }
    std::stable_sort(found.begin(), found.end(), [](const auto& l, const auto& r) {
      return std::fabs(l.first) > std::fabs(r.first);
    });
    std::string out;
    for (std::size_t i = 0; i < std::min(kMost, found.size()); ++i)
      out += fmt::format("{}{} {}", i ? ", " : "", found[i].second, points(found[i].first));
    return out;
  }

  GridGroup entropies() const {
    const double most = std::log2(static_cast<double>(table_.n_expert));
    GridGroup group{.title = fmt::format("entropy, bits (uniform {:.2f})", most), .columns = {}};
    std::vector<const LabelUsage*> labels{&table_.all};
    for (const LabelUsage* label : shown())
      if (label != &table_.all) labels.push_back(label);
    for (const LabelUsage* label : labels) {
      GridColumn column{.header = label == &table_.all ? "all" : header(*label), .cells = {}};
      for (std::size_t route = 0; route < table_.layers.size(); ++route) {
        const auto h = stats::entropy(layer_counts(table_, *label, route));
        column.cells.push_back(grid_cell(h ? fmt::format("{:.2f}", *h) : "-"));
      }
      group.columns.push_back(std::move(column));
    }
    return group;
  }

  std::string header(const LabelUsage& label) const {
    return cut_to_width(shown_on(terminal_, label_text(label)), 12, terminal_.utf8);
  }

  GridGroup loads() const {
    GridColumn column{.header = "all", .cells = {}};
    for (std::size_t route = 0; route < table_.layers.size(); ++route) {
      const auto load = stats::max_min_load(layer_counts(table_, table_.all, route));
      column.cells.push_back(grid_cell(!load         ? "-"
                                       : load->ratio ? fmt::format("{:.1f}", *load->ratio)
                                                     : "idle"));
    }
    return {.title = "max/min load", .columns = {std::move(column)}};
  }

  GridGroup divergences() const {
    GridColumn column{.header = report_.pair ? "of the two" : "between labels", .cells = {}};
    for (const auto& d : report_.divergence)
      column.cells.push_back(
          grid_cell(d ? fmt::format("{} [{}, {}]", signless_zero(d->corrected.value, 3),
                                    signless_zero(d->corrected.lower, 3),
                                    signless_zero(d->corrected.upper, 3))
                      : "-"));
    return {.title = "JSD, bits [95 %]", .columns = {std::move(column)}};
  }

  const UsageReport& report_;
  const UsageTable& table_;
  const UsageView& view_;
  const Terminal& terminal_;
  double uniform_;
  bool codes_ = false;
  double top_ = 0;
  double scale_ = 1;
};

}  // namespace

double usage_uniform(const UsageTable& table, bool per_token) {
  const auto n_expert = static_cast<double>(table.n_expert);
  return (per_token ? static_cast<double>(table.top_k) : 1.0) / n_expert;
}

int usage_decimals(double uniform) {
  return uniform >= 0.1 ? 0 : uniform >= 0.01 ? 1 : 2;
}

bool usage_codes(const UsageTable& table, const UsageView& view) {
  constexpr std::size_t kMostNumbers = 16;
  return view.cells == UsageCells::kCodes ||
         (view.cells == UsageCells::kAuto && table.n_expert > kMostNumbers);
}

Grid expert_grid(const UsageReport& report, const UsageView& view, const Terminal& terminal) {
  return UsageDrawing(report, view, terminal).experts();
}

Grid layer_grid(const UsageReport& report, const UsageView& view, const Terminal& terminal) {
  return UsageDrawing(report, view, terminal).sums();
}

}  // namespace moescope::cli

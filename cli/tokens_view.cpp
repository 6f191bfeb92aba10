#include "cli/tokens_view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "cli/grid.hpp"
#include "cli/help.hpp"
#include "cli/number_text.hpp"
#include "core/base/escape.hpp"
#include "core/base/text_width.hpp"

namespace moescope::cli {
namespace {

using trace::ChoiceRow;
using trace::TokenRow;

std::string piece_text(const TokenRow& token, const Terminal& terminal) {
  const bool known = token.text && !token.text->empty();
  std::string text = known ? escape_terminal(*token.text) : fmt::format("#{}", token.id.value);
  if (known && text.front() == ' ')  // shown as tokenizers write it, or nobody would see it
    text.replace(0, 1, "▁");
  return shown_on(terminal, text);
}

std::vector<const ChoiceRow*> choices_of(const TokenRow& token, LayerIdx layer) {
  std::vector<const ChoiceRow*> found;
  for (const ChoiceRow& choice : token.choices)
    if (choice.layer == layer) found.push_back(&choice);
  return found;
}

GridSpan expert_span(const ChoiceRow& choice) {
  return {.text = std::to_string(choice.expert.value),
          .heat = std::nullopt,
          .category = choice.expert.value};
}

std::string heading(const TokensReport& report, const Terminal& terminal) {
  const trace::PromptRow& prompt = report.prompt;
  std::string out =
      fmt::format("run {}, {}, prompt {} (number {})", report.run.id,
                  escape_terminal(report.run.model), escape_terminal(prompt.name), prompt.index);
  for (const auto& [key, value] : prompt.labels)
    out += fmt::format(", {} {}", escape_terminal(key), escape_terminal(value));
  if (prompt.group) out += fmt::format(", group {}", escape_terminal(*prompt.group));
  out += fmt::format(": {}", counted(report.tokens.size(), "token"));
  if (prompt.n_decode > 0)
    out += fmt::format(", {} of them generated", with_commas(prompt.n_decode));
  if (prompt.failure) out += fmt::format("; not recorded: {}", escape_terminal(*prompt.failure));
  return wrap(shown_on(terminal, out), static_cast<std::size_t>(std::max(terminal.width, 40)), 0);
}

/// One token as a column of text: its piece above its experts.
struct FlowColumn {
  GridSpan piece;
  std::vector<GridSpan> experts;  ///< [n_layer · top_k]
  std::size_t width = 1;
};

FlowColumn flow_column(const TokensReport& report, const TokenRow& token,
                       const Terminal& terminal) {
  FlowColumn column;
  column.piece.text = piece_text(token, terminal);
  for (const LayerIdx layer : report.layers) {
    const auto choices = choices_of(token, layer);
    for (std::size_t slot = 0; slot < report.run.top_k; ++slot)
      column.experts.push_back(slot < choices.size() ? expert_span(*choices[slot])
                                                     : GridSpan{.text = "-"});
    if (!choices.empty() && !column.piece.category)
      column.piece.category = choices.front()->expert.value;
  }
  column.width = display_width(column.piece.text);
  for (const GridSpan& expert : column.experts)
    column.width = std::max(column.width, display_width(expert.text));
  return column;
}

void end_line(std::string& out, std::string line) {
  while (!line.empty() && line.back() == ' ') line.pop_back();
  out += line + "\n";
}

void flow_band(std::string& out, std::span<const FlowColumn> band,
               const std::vector<std::string>& names, std::size_t name_width, ColorDepth colors) {
  if (!out.empty()) out += "\n";
  std::string line(name_width, ' ');
  for (const FlowColumn& column : band)
    line += " " + paint(column.piece, colors) +
            std::string(column.width - display_width(column.piece.text), ' ');
  end_line(out, line);
  for (std::size_t row = 0; row < names.size(); ++row) {
    line = pad_right(names[row], name_width);
    for (const FlowColumn& column : band) {
      const std::size_t used = column.experts.empty() ? 0 : display_width(column.experts[row].text);
      if (!column.experts.empty())
        line += " " + paint(column.experts[row], colors);
      else
        line += " ";
      line += std::string(column.width - used, ' ');
    }
    end_line(out, line);
  }
}

/// "12 ▁Haus" with the numbers and the pieces each in a column.
std::vector<std::string> token_names(const TokensReport& report, const Terminal& terminal) {
  constexpr std::size_t kMostPiece = 24;
  std::vector<std::string> pieces;
  std::size_t piece_width = 0, number_width = 0;
  for (const TokenRow& token : report.tokens) {
    pieces.push_back(cut_to_width(piece_text(token, terminal), kMostPiece, terminal.utf8));
    piece_width = std::max(piece_width, display_width(pieces.back()));
    number_width = std::max(number_width, std::to_string(token.pos.value).size());
  }
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const bool generated = report.tokens[i].phase == hooks::Phase::kDecode;
    pieces[i] = fmt::format("{:>{}}{} {}", report.tokens[i].pos.value, number_width,
                            generated ? "+" : " ", pad_right(pieces[i], piece_width));
  }
  return pieces;
}

template <class T>
std::string optional_number(const std::optional<T>& value, int n_decimal) {
  return value ? signless_zero(static_cast<double>(*value), n_decimal) : "-";
}

GridColumn number_column(std::string header) {
  return {.header = std::move(header), .cells = {}};
}

std::string generated_note(const TokensReport& report) {
  return report.prompt.n_decode > 0 ? "; + after the number: generated" : "";
}

}  // namespace

std::string tokens_flow(const TokensReport& report, const Terminal& terminal) {
  std::vector<std::string> names;
  for (const LayerIdx layer : report.layers)
    for (std::size_t slot = 0; slot < report.run.top_k; ++slot)
      names.push_back(slot == 0 ? fmt::format("L{}", layer.value) : "");
  std::size_t name_width = 0;
  for (const std::string& name : names) name_width = std::max(name_width, name.size());

  std::vector<FlowColumn> columns;
  bool decoding = false;
  for (const TokenRow& token : report.tokens) {
    if (!decoding && token.phase == hooks::Phase::kDecode) {
      decoding = true;
      FlowColumn bar{.piece = {.text = "|"}, .experts = {}, .width = 1};
      bar.experts.assign(names.size(), GridSpan{.text = "|"});
      columns.push_back(std::move(bar));
    }
    columns.push_back(flow_column(report, token, terminal));
  }
  std::string out;
  const auto width = static_cast<std::size_t>(std::max(terminal.width, 20));
  for (std::size_t begin = 0; begin < columns.size();) {
    std::size_t end = begin, used = name_width;
    while (end < columns.size() && (end == begin || used + 1 + columns[end].width <= width))
      used += 1 + columns[end++].width;
    flow_band(out, std::span(columns).subspan(begin, end - begin), names, name_width,
              terminal.colors);
    begin = end;
  }
  std::string head = heading(report, terminal);
  if (!columns.empty())
    head += wrap(fmt::format("below each token: the experts it chose, best first{}{}",
                             terminal.colors == ColorDepth::kNone ? "" : "; colour: first choice",
                             decoding ? "; after |: generated" : ""),
                 width, 0);
  return out.empty() ? head : head + "\n" + out;
}

std::string tokens_table(const TokensReport& report, const Terminal& terminal) {
  Grid grid{.corner = "", .names = token_names(report, terminal), .groups = {}};
  GridGroup group{.title = "experts chosen, best first" + generated_note(report), .columns = {}};
  for (const LayerIdx layer : report.layers) {
    GridColumn column{.header = fmt::format("L{}", layer.value), .cells = {}};
    for (const TokenRow& token : report.tokens) {
      GridCell cell;
      for (const ChoiceRow* choice : choices_of(token, layer)) {
        if (!cell.spans.empty()) cell.spans.push_back({.text = " "});
        cell.spans.push_back(expert_span(*choice));
      }
      if (cell.spans.empty()) cell = grid_cell("-");
      column.cells.push_back(std::move(cell));
    }
    group.columns.push_back(std::move(column));
  }
  grid.groups.push_back(std::move(group));
  return heading(report, terminal) + "\n" + render_grid(grid, terminal);
}

std::string tokens_details(const TokensReport& report, const Terminal& terminal) {
  Grid grid{.corner = "", .names = token_names(report, terminal), .groups = {}};
  GridGroup said{.title = "what the model said of it (nats)" + generated_note(report),
                 .columns = {number_column("id"), number_column("logprob"),
                             number_column("entropy"), number_column("rank")}};
  for (const TokenRow& token : report.tokens) {
    said.columns[0].cells.push_back(grid_cell(std::to_string(token.id.value)));
    said.columns[1].cells.push_back(grid_cell(optional_number(token.logprob, 3)));
    said.columns[2].cells.push_back(grid_cell(optional_number(token.entropy, 3)));
    said.columns[3].cells.push_back(grid_cell(optional_number(token.rank, 0)));
  }
  grid.groups.push_back(std::move(said));
  for (const LayerIdx layer : report.layers)
    for (std::size_t slot = 0; slot < report.run.top_k; ++slot) {
      GridGroup group{
          .title = fmt::format("L{} choice {}", layer.value, slot + 1),
          .columns = {number_column("expert"), number_column("weight"), number_column("margin")}};
      for (const TokenRow& token : report.tokens) {
        const auto choices = choices_of(token, layer);
        const ChoiceRow* choice = slot < choices.size() ? choices[slot] : nullptr;
        group.columns[0].cells.push_back(choice ? GridCell{{expert_span(*choice)}}
                                                : grid_cell("-"));
        group.columns[1].cells.push_back(
            grid_cell(choice ? signless_zero(static_cast<double>(choice->weight), 3) : "-"));
        group.columns[2].cells.push_back(
            grid_cell(choice ? optional_number(choice->margin, 3) : "-"));
      }
      grid.groups.push_back(std::move(group));
    }
  return heading(report, terminal) + "\n" + render_grid(grid, terminal);
}

}  // namespace moescope::cli

#include "cli/compare_view.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "cli/grid.hpp"
#include "cli/help.hpp"
#include "cli/number_text.hpp"
#include "core/base/escape.hpp"
#include "core/base/text_width.hpp"

namespace moescope::cli {
namespace {

using trace::Agreement;
using trace::Disagreement;
using trace::RunComparison;
using trace::TokenPlace;
using trace::WhyNot;

std::string percent(double share) {
  return fmt::format("{:.2f}", 100 * share);
}

std::string margin_text(const std::optional<double>& margin) {
  return margin ? fmt::format("{:.3g}", *margin) : "-";
}

std::string side_line(std::string_view letter, const ComparedSide& side) {
  const trace::RunRow& run = side.run;
  return fmt::format(
      "{}: {}, run {}: {}, {}, {}{}", letter, escape_terminal(side.file), run.id,
      escape_terminal(run.model), escape_terminal(run.family), escape_terminal(run.compute),
      run.status == "complete" ? "" : fmt::format(" (the run is {})", escape_terminal(run.status)));
}

/// "differing: compute (f32, bf16), intervention.000 (-, mask:L3.E4 (…))".
std::string differences_line(const CompareReport& report, const Terminal& terminal) {
  constexpr std::size_t kMostHash = 13, kMostValue = 48;
  if (report.differences.empty())
    return "The rows of the runs name the same model, computation, prompts and options.";
  const auto shown = [&](const std::string& what, const std::optional<std::string>& value) {
    if (!value) return std::string("-");
    const bool hash = what.ends_with("_hash") || what == "weights_id";
    return cut_to_width(shown_on(terminal, escape_terminal(*value)), hash ? kMostHash : kMostValue,
                        terminal.utf8);
  };
  std::vector<std::string> parts;
  bool tokenizers = false;
  for (const trace::RunDifference& d : report.differences) {
    tokenizers = tokenizers || d.what == "tokenizer_hash";
    parts.push_back(d.what == "config" ? d.what
                                       : fmt::format("{} ({}, {})", escape_terminal(d.what),
                                                     shown(d.what, d.a), shown(d.what, d.b)));
  }
  return fmt::format(
      "differing: {}{}", fmt::join(parts, ", "),
      tokenizers ? "; with two tokenizers the same id may stand for other text" : "");
}

std::string scope_line(const CompareReport& report) {
  const RunComparison& c = report.comparison;
  return fmt::format(
      "matched by {}, {}: {} of {}, {} in {} with a router ({}, top {})", name(report.by),
      report.phase == trace::PhaseFilter::kAll ? "prefill and decode"
                                               : std::string(trace::name(report.phase)),
      counted(c.n_token, "token"), counted(c.n_prompt, "prompt"),
      counted(c.all.counts.n_decision, "decision"), counted(c.layers.size(), "layer"),
      counted(c.n_expert, "expert"), c.top_k);
}

/// "token ids differ: 2 (de-3 from token 5 on, fr-1 from token 0 on)", one line a reason.
std::string not_compared_lines(const RunComparison& c) {
  constexpr std::size_t kMost = 8;
  std::string out;
  for (std::size_t why = 0; why < trace::kWhyNots; ++why) {
    std::vector<std::string> names;
    std::size_t n = 0;
    for (const trace::NotCompared& prompt : c.not_compared) {
      if (prompt.why != static_cast<WhyNot>(why) || ++n > kMost) continue;
      names.push_back(escape_terminal(prompt.prompt));
      if (prompt.pos) names.back() += fmt::format(" from token {} on", prompt.pos->value);
    }
    if (n > kMost) names.push_back(fmt::format("and {} more", with_commas(n - kMost)));
    if (n > 0)
      out += fmt::format("not compared, {}: {} ({})\n", name(static_cast<WhyNot>(why)),
                         counted(n, "prompt"), fmt::join(names, ", "));
  }
  if (c.n_apart_a + c.n_apart_b > 0)
    out += fmt::format(
        "Prompts whose token ids differ are compared up to there: {} of A and {} of B are left "
        "out.\n",
        counted(c.n_apart_a, "token"), with_commas(c.n_apart_b));
  return out;
}

GridCell share_cell(std::uint64_t part, std::uint64_t whole, const Agreement::Share& limits) {
  const auto share = share_of(part, whole);
  if (!share) return grid_cell("-");
  // Colour tells by how much the runs part: nothing at all stays pale.
  const double heat = 1 - *share;
  if (!limits) return grid_cell(percent(*share), heat);
  return grid_cell(
      fmt::format("{} [{}, {}]", percent(*share), percent(limits->lower), percent(limits->upper)),
      heat);
}

GridGroup pair_group(std::string title, std::string first, std::string second) {
  return {.title = std::move(title),
          .columns = {{.header = std::move(first), .cells = {}},
                      {.header = std::move(second), .cells = {}}}};
}

void put_pair(GridGroup& group, std::string first, std::string second) {
  group.columns[0].cells.push_back(grid_cell(std::move(first)));
  group.columns[1].cells.push_back(grid_cell(std::move(second)));
}

/// One row a layer, then all of them.
Grid layer_grid(const RunComparison& c) {
  Grid grid;
  const auto share_group = [](std::string title) {
    return GridGroup{.title = std::move(title), .columns = {{.header = "[95 %]", .cells = {}}}};
  };
  std::vector<const Agreement*> rows;
  for (std::size_t route = 0; route < c.layers.size(); ++route) {
    grid.names.push_back(fmt::format("L{}", c.layers[route].value));
    rows.push_back(&c.by_layer[route]);
  }
  grid.names.emplace_back("all");
  rows.push_back(&c.all);
  GridGroup set = share_group("same experts, %"), first = share_group("same first, %");
  GridGroup overlap = share_group("overlap, %");
  GridGroup differ = pair_group("disagreements", "number", "near ties");
  GridGroup margin_a = pair_group("margin in A", "median", "largest");
  GridGroup margin_b = pair_group("margin in B", "median", "largest");
  GridGroup router = pair_group("router, nats", "mean", "largest");
  for (const Agreement* row : rows) {
    const trace::AgreementCounts& n = row->counts;
    set.columns[0].cells.push_back(share_cell(n.n_same_set, n.n_decision, row->same_set));
    first.columns[0].cells.push_back(share_cell(n.n_same_first, n.n_decision, row->same_first));
    overlap.columns[0].cells.push_back(
        share_cell(n.n_common, n.n_decision * c.top_k, row->overlap));
    put_pair(differ, with_commas(n.n_decision - n.n_same_set), with_commas(row->n_near_tie));
    put_pair(margin_a, margin_text(row->margin_a.median), margin_text(row->margin_a.largest));
    put_pair(margin_b, margin_text(row->margin_b.median), margin_text(row->margin_b.largest));
    const bool known = row->router.n > 0;
    put_pair(router, known ? fmt::format("{:.3g}", row->router.mean) : "-",
             known ? fmt::format("{:.3g}", row->router.largest) : "-");
  }
  grid.groups = {std::move(set),      std::move(first),    std::move(overlap), std::move(differ),
                 std::move(margin_a), std::move(margin_b), std::move(router)};
  if (!c.has_router_logits) grid.groups.pop_back();
  return grid;
}

/// Disagreements by the margin that run A had there, beside all decisions.
Grid margin_grid(const RunComparison& c) {
  Grid grid{.corner = "margin in A", .names = {}, .groups = {}};
  const auto group = [](std::string title) {
    return GridGroup{.title = std::move(title),
                     .columns = {{.header = "number", .cells = {}}, {.header = "%", .cells = {}}}};
  };
  GridGroup differing = group("disagreements");
  GridGroup decisions = group("all decisions");
  GridGroup rate{.title = "of these differ", .columns = {{.header = "%", .cells = {}}}};
  const std::uint64_t n = c.all.counts.n_decision;
  const std::uint64_t n_differ = n - c.all.counts.n_same_set;
  const auto add = [&](std::string name, std::uint64_t differ, std::uint64_t all) {
    const auto cell = [](const std::optional<double>& share) {
      return share ? grid_cell(percent(*share), *share) : grid_cell("-");
    };
    grid.names.push_back(std::move(name));
    differing.columns[0].cells.push_back(grid_cell(with_commas(differ)));
    differing.columns[1].cells.push_back(cell(share_of(differ, n_differ)));
    decisions.columns[0].cells.push_back(grid_cell(with_commas(all)));
    decisions.columns[1].cells.push_back(cell(share_of(all, n)));
    rate.columns[0].cells.push_back(cell(share_of(differ, all)));
  };
  for (std::size_t bin = 0; bin < c.decisions.count.size(); ++bin)
    add(margin_bin(bin), c.differing.count[bin], c.decisions.count[bin]);
  if (c.decisions.n_forced > 0) add("below 0: forced", c.differing.n_forced, c.decisions.n_forced);
  if (c.decisions.n_none > 0) add("none", c.differing.n_none, c.decisions.n_none);
  grid.groups = {std::move(differing), std::move(decisions), std::move(rate)};
  return grid;
}

std::string piece_of(const TokenPlace& place) {
  if (!place.text || place.text->empty()) return fmt::format("#{}", place.id.value);
  return "'" + escape_terminal(*place.text) + "'";
}

std::string place_of(const TokenPlace& place) {
  return fmt::format("prompt {}, token {} ({})", escape_terminal(place.prompt), place.pos.value,
                     piece_of(place));
}

std::string disagreement_sentence(const CompareReport& report) {
  const RunComparison& c = report.comparison;
  const std::uint64_t n_differ = c.all.counts.n_decision - c.all.counts.n_same_set;
  if (n_differ == 0)
    return c.all.counts.n_decision == 0 ? std::string()
                                        : fmt::format("Both runs chose the same experts in all {}.",
                                                      counted(c.all.counts.n_decision, "decision"));
  std::string out = fmt::format("Of {}, {} {} (the margin in A below {:g}) and {} {} not.",
                                counted(n_differ, "disagreement"), with_commas(c.all.n_near_tie),
                                c.all.n_near_tie == 1 ? "is a near tie" : "are near ties",
                                report.near_tie, with_commas(n_differ - c.all.n_near_tie),
                                n_differ - c.all.n_near_tie == 1 ? "is" : "are");
  const trace::MarginSummary &a = c.all.margin_a, &b = c.all.margin_b;
  if (a.n > 0 && b.n > 0)
    out += fmt::format(" Half of their margins are below about {:.2g} in A, {:.2g} in B.",
                       *a.median, *b.median);
  if (a.n > 0 && c.largest)
    out += fmt::format(" The largest margin in A is {:.3g}: {}, layer {}.", *a.largest,
                       place_of(c.largest->token), c.largest->layer.value);
  return out;
}

std::string difference_sentence(std::string_view what, std::string_view unit,
                                const trace::Difference& d,
                                const std::optional<LayerIdx>& layer = {}) {
  if (d.n == 0) return fmt::format("{}: no {} has it in both runs.", what, unit);
  std::string out =
      fmt::format("{}, {}: mean absolute difference {:.3g} nats", what, counted(d.n, unit), d.mean);
  if (d.where)
    out += fmt::format(", largest {:.3g} ({}{})", d.largest, place_of(*d.where),
                       layer ? fmt::format(", layer {}", layer->value) : "");
  return out + ".";
}

std::string router_sentence(const CompareReport& report) {
  const RunComparison& c = report.comparison;
  constexpr std::string_view kWhat = "Router's log-probability of the experts that A chose";
  if (c.has_router_logits)
    return difference_sentence(kWhat, "decision", c.all.router, c.router_layer);
  return fmt::format(
      "{}: not compared, since the router's logits of all experts were not recorded (--scores {} "
      "in A, {} in B).",
      kWhat, escape_terminal(report.a.run.scores), escape_terminal(report.b.run.scores));
}

std::string limits_sentence(const RunComparison& c) {
  std::string out =
      "Overlap is the mean of |A and B| / k over decisions: experts in common over experts chosen "
      "(router saturation, OLMoE, arXiv 2409.02060, section 5).";
  if (c.all.counts.n_decision == 0) return out;
  if (c.all.same_set || c.all.overlap || c.all.same_first)
    out += fmt::format(
        " Limits: 95 %, by leaving out one of {} at a time (exploratory: no hypothesis was "
        "tested).",
        counted(c.n_cluster, "prompt group"));
  else
    out += fmt::format(" No 95 % limits: {}.", c.all.same_set.why());
  return out;
}

std::string experts_text(const std::vector<std::uint32_t>& experts) {
  return fmt::format("{}", fmt::join(experts, " "));
}

/// The worst disagreements, one line each.
std::string worst_lines(const CompareReport& report, const Terminal& terminal) {
  constexpr std::size_t kMostPiece = 16, kMostName = 24;
  const RunComparison& c = report.comparison;
  if (c.worst.empty()) return {};
  Grid grid;
  const auto left = [](std::string header) {
    return GridColumn{.header = std::move(header), .cells = {}, .left = true};
  };
  const auto right = [](std::string header) {
    return GridColumn{.header = std::move(header), .cells = {}};
  };
  GridGroup token{.title = "", .columns = {right("token"), left("text"), right("layer")}};
  GridGroup a{.title = "A", .columns = {right("margin"), left("experts")}};
  GridGroup b{.title = "B", .columns = {right("margin"), left("experts")}};
  for (const Disagreement& d : c.worst) {
    grid.names.push_back(cut_to_width(shown_on(terminal, escape_terminal(d.token.prompt)),
                                      kMostName, terminal.utf8));
    token.columns[0].cells.push_back(grid_cell(std::to_string(d.token.pos.value)));
    token.columns[1].cells.push_back(
        grid_cell(cut_to_width(shown_on(terminal, piece_of(d.token)), kMostPiece, terminal.utf8)));
    token.columns[2].cells.push_back(grid_cell(fmt::format("L{}", d.layer.value)));
    a.columns[0].cells.push_back(grid_cell(margin_text(d.margin_a)));
    a.columns[1].cells.push_back(grid_cell(experts_text(d.experts_a)));
    b.columns[0].cells.push_back(grid_cell(margin_text(d.margin_b)));
    b.columns[1].cells.push_back(grid_cell(experts_text(d.experts_b)));
  }
  grid.groups = {std::move(token), std::move(a), std::move(b)};
  return "\nDisagreements with the largest margins in A:\n" + render_grid(grid, terminal);
}

}  // namespace

std::optional<double> share_of(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return std::nullopt;
  return static_cast<double>(part) / static_cast<double>(whole);
}

std::string margin_bin(std::size_t bin) {
  const auto& edges = trace::kMarginEdges;
  if (bin == 0) return fmt::format("below {:g}", edges.front());
  if (bin == edges.size()) return fmt::format("{:g} and more", edges.back());
  return fmt::format("{:g} to {:g}", edges[bin - 1], edges[bin]);
}

std::string compare_text(const CompareReport& report, const Terminal& terminal) {
  const auto width = static_cast<std::size_t>(std::max(terminal.width, 40));
  const RunComparison& c = report.comparison;
  const auto wrapped = [&](const std::string& text) {
    return wrap(shown_on(terminal, text), width, 0);
  };
  std::string out = wrapped(side_line("A", report.a)) + wrapped(side_line("B", report.b)) +
                    wrapped(differences_line(report, terminal)) + wrapped(scope_line(report));
  const std::string left_out = not_compared_lines(c);
  for (std::size_t at = 0; at < left_out.size();) {
    const std::size_t end = left_out.find('\n', at);
    out += wrapped(left_out.substr(at, end - at));
    at = end + 1;
  }
  if (c.n_unfed > 0)
    out += wrapped(fmt::format("{} without decisions: a model was never fed them",
                               counted(c.n_unfed, "token")));
  if (c.n_token == 0) return out;
  if (!c.layers.empty()) {
    out += "\n" + render_grid(layer_grid(c), terminal);
    out += "\n" + render_grid(margin_grid(c), terminal);
    out += "\n" + wrapped(disagreement_sentence(report) + " " + limits_sentence(c));
  }
  out += "\n";
  if (!c.layers.empty()) out += wrapped(router_sentence(report));
  out += wrapped(difference_sentence("Tokens' log-probability", "token", c.logprob)) +
         wrapped(difference_sentence("Entropy of the predictions", "token", c.entropy));
  return out + worst_lines(report, terminal);
}

}  // namespace moescope::cli

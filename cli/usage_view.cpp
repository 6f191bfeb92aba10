#include "cli/usage_view.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "cli/help.hpp"
#include "cli/number_text.hpp"
#include "cli/usage_grid.hpp"
#include "core/base/error.hpp"
#include "core/base/escape.hpp"
#include "core/base/text_width.hpp"

namespace moescope::cli {
namespace {

using trace::LabelUsage;
using trace::UsageTable;

std::string run_line(const UsageReport& report) {
  const UsageTable& table = report.usage;
  return fmt::format(
      "{}, run {}: {}, {} with a router, {}, top {}{}", escape_terminal(report.file), table.run,
      escape_terminal(report.model), counted(report.n_route, "layer"),
      counted(table.n_expert, "expert"), table.top_k,
      report.status == "complete" ? "" : fmt::format(" (the run is {})", report.status));
}

std::string scope_line(const UsageReport& report) {
  const UsageTable& table = report.usage;
  const std::string phase = table.phase == trace::PhaseFilter::kAll
                                ? "prefill and decode"
                                : std::string(trace::name(table.phase));
  return fmt::format("{}{}: {} of {}{}",
                     table.by == "none" ? "" : "by " + escape_terminal(table.by) + ", ", phase,
                     counted(table.all.n_token, "token"), counted(table.all.n_prompt, "prompt"),
                     table.layers.size() == report.n_route
                         ? ""
                         : fmt::format("; layer {} only", table.layers[0].value));
}

std::string cells_line(const UsageTable& table, const UsageView& view) {
  const double uniform = usage_uniform(table, view.per_token);
  std::string out =
      view.per_token
          ? fmt::format("cells: % of tokens that choose the expert (a layer adds up to {})",
                        100 * table.top_k)
          : fmt::format("cells: % of assignments (each token makes {} in a layer)", table.top_k);
  out += fmt::format("; uniform {:.{}f}", 100 * uniform, usage_decimals(uniform) + 1);
  if (usage_codes(table, view))
    out +=
        ", shown as multiples of uniform: 1 about uniform, 2 twice, 9 nine times and more, 0 less "
        "than half, . never";
  return out;
}

/// The layer whose divergence has the largest (or smallest) lower limit, among equals the largest
/// (smallest) value.
std::optional<std::size_t> extreme_layer(const UsageReport& report, bool largest) {
  std::optional<std::size_t> best;
  const auto rank = [&report](std::size_t route) {
    const stats::Estimate& e = report.divergence[route]->corrected;
    return std::pair(e.lower, e.value);
  };
  for (std::size_t route = 0; route < report.divergence.size(); ++route) {
    if (!report.divergence[route]) continue;
    if (!best || (largest ? rank(route) > rank(*best) : rank(route) < rank(*best))) best = route;
  }
  return best;
}

/// The layer of the largest lower limit, where that is above 0: it tells the labels apart.
std::optional<std::size_t> telling_layer(const UsageReport& report) {
  const auto most = extreme_layer(report, true);
  return most && report.divergence[*most]->corrected.lower > 0 ? most : std::nullopt;
}

/// "1 (46 %), 2 (43 %)": the experts that a label's tokens choose most.
std::string favourites(const UsageTable& table, const LabelUsage& label, std::size_t route,
                       bool per_token) {
  std::vector<std::pair<double, std::size_t>> found;
  for (std::size_t e = 0; e < table.n_expert; ++e)
    found.emplace_back(
        -usage_share(table, label, route * table.n_expert + e, per_token).value_or(0), e);
  std::sort(found.begin(), found.end());
  std::string out;
  for (std::size_t i = 0; i < std::min<std::size_t>(2, found.size()); ++i)
    out += fmt::format("{}{} ({:.{}f}%)", i ? ", " : "", found[i].second, -100 * found[i].first,
                       usage_decimals(usage_uniform(table, per_token)));
  return out;
}

std::string support_sentence(const UsageReport& report) {
  constexpr std::size_t kMost = 8;
  std::vector<std::string> small;
  for (const std::size_t label : report.left_out) {
    if (small.size() == kMost) {
      small.push_back(fmt::format("and {} more", report.left_out.size() - kMost));
      break;
    }
    const LabelUsage& usage = report.usage.labels[label];
    small.push_back(fmt::format("{} ({} of {})", label_text(usage), counted(usage.n_token, "token"),
                                counted(usage.n_prompt, "prompt")));
  }
  if (small.empty()) return {};
  return fmt::format("{}: {}; {} tokens of {} prompts are needed.{}",
                     report.pair ? "Exploratory, support too small" : "Left out, support too small",
                     fmt::join(small, ", "), trace::kSupportTokens, trace::kSupportPrompts,
                     report.pair ? " Read the difference as a hint at most." : "");
}

std::string pair_sentence(const UsageReport& report) {
  std::string out = "Compared:";
  for (const std::size_t label : {report.pair->first, report.pair->second}) {
    const LabelUsage& usage = report.usage.labels[label];
    out += fmt::format("{} {}, {} of {}", label == report.pair->first ? "" : "; with",
                       label_text(usage), counted(usage.n_token, "token"),
                       counted(usage.n_prompt, "prompt"));
    if (label < report.n_cluster.size())
      out += " in " + counted(report.n_cluster[label], "cluster");
  }
  return out + ".";
}

/// What is said when no lower limit is above 0; `most` is the layer of the largest value.
std::string no_difference_sentence(const UsageReport& report, std::size_t most) {
  const auto& d = report.divergence[most]->corrected;
  const std::uint32_t layer = report.usage.layers[most].value;
  double upper = 0;
  for (const auto& other : report.divergence)
    if (other) upper = std::max(upper, other->corrected.upper);
  const std::string value = signless_zero(d.value, 3);
  const std::string said =
      report.divergence.size() == 1
          ? fmt::format(
                "Layer {} does not tell the labels apart: the 95 % interval of the Jensen-Shannon "
                "divergence includes 0 (value {} bits",
                layer, value)
          : fmt::format(
                "No layer tells the labels apart: every 95 % interval of the Jensen-Shannon "
                "divergence "
                "includes 0 (largest value {} bits, in layer {}",
                value, layer);
  return fmt::format("{}; up to {} bits remain possible), by leaving out one of {} at a time.",
                     said, signless_zero(upper, 3), counted(d.n_cluster, "prompt group"));
}

std::string difference_sentence(const UsageReport& report) {
  const UsageTable& table = report.usage;
  const auto most = extreme_layer(report, true);
  if (!most) return {};
  if (!telling_layer(report)) return no_difference_sentence(report, *most);
  const auto& d = report.divergence[*most]->corrected;
  std::string out =
      report.divergence.size() == 1
          ? fmt::format("Layer {}", table.layers[*most].value)
          : fmt::format("{} most in layer {}", report.pair ? "They differ" : "Labels differ",
                        table.layers[*most].value);
  out += fmt::format(
      ": Jensen-Shannon divergence {} bits, corrected for sample size (95 % limits {} to {}; "
      "{:.2f} would be no expert in common), by leaving out one of {} prompt groups at a time",
      signless_zero(d.value, 3), signless_zero(d.lower, 3), signless_zero(d.upper, 3),
      std::log2(static_cast<double>(report.compared.size())), with_commas(d.n_cluster));
  const auto least = extreme_layer(report, false);
  if (least != most)
    out += fmt::format("; least in layer {} ({})", table.layers[*least].value,
                       signless_zero(report.divergence[*least]->corrected.value, 3));
  return out + ".";
}

/// "Experts chosen most in layer 3:" and one line a label; nothing where no layer tells them apart.
std::string favourites_lines(const UsageReport& report, const UsageView& view) {
  constexpr std::size_t kMostLabels = 16;
  const auto most = telling_layer(report);
  if (!most) return {};
  const UsageTable& table = report.usage;
  std::string out = fmt::format("\nExperts chosen most in layer {}:\n", table.layers[*most].value);
  std::size_t width = 0;
  const std::size_t n = std::min(kMostLabels, report.compared.size());
  for (std::size_t i = 0; i < n; ++i)
    width = std::max(width, display_width(label_text(table.labels[report.compared[i]])));
  for (std::size_t i = 0; i < n; ++i) {
    const LabelUsage& label = table.labels[report.compared[i]];
    out += fmt::format("  {}  {}\n", pad_right(label_text(label), width),
                       favourites(table, label, *most, view.per_token));
  }
  if (report.compared.size() > n) out += fmt::format("  and {} more\n", report.compared.size() - n);
  return out;
}

std::string words(const UsageReport& report) {
  std::vector<std::string> sentences;
  if (report.pair) sentences.push_back(pair_sentence(report));
  sentences.push_back(difference_sentence(report));
  sentences.push_back(support_sentence(report));
  std::string why = report.why_no_divergence;
  for (const auto& d : report.divergence)
    if (!d && why.empty()) why = d.why();
  if (!why.empty())
    sentences.push_back(fmt::format("Jensen-Shannon divergence not assessable: {}.", why));
  if (!report.divergence.empty())
    sentences.emplace_back("This describes these prompts (exploratory: no hypothesis was tested).");
  std::string out;
  for (const std::string& sentence : sentences)
    if (!sentence.empty()) out += (out.empty() ? "" : " ") + sentence;
  return out;
}

}  // namespace

std::string label_text(const LabelUsage& usage) {
  if (!usage.value) return "(none)";
  const std::string text = escape_terminal(*usage.value);
  return text.empty() || text == "(none)" || text.starts_with('"') ? '"' + text + '"' : text;
}

std::optional<double> usage_share(const UsageTable& table, const LabelUsage& usage,
                                  std::size_t place, bool per_token) {
  const double all =
      static_cast<double>(usage.n_token) * (per_token ? 1.0 : static_cast<double>(table.top_k));
  if (!(all > 0)) return std::nullopt;
  return static_cast<double>(usage.count[place]) / all;
}

void keep_layer(UsageReport& report, std::size_t layer) {
  UsageTable& table = report.usage;
  std::vector<std::size_t> known;
  for (std::size_t route = 0; route < table.layers.size(); ++route) {
    known.push_back(table.layers[route].value);
    if (known.back() != layer) continue;
    const auto keep = [&](LabelUsage& usage) {
      const auto first = usage.count.begin() + static_cast<std::ptrdiff_t>(route * table.n_expert);
      usage.count = std::vector(first, first + static_cast<std::ptrdiff_t>(table.n_expert));
    };
    keep(table.all);
    for (LabelUsage& usage : table.labels) keep(usage);
    if (!report.divergence.empty()) report.divergence = {report.divergence[route]};
    table.layers = {table.layers[route]};
    return;
  }
  fail(ErrorCode::kBadInput, "{}: run {} has no router in layer {}; layers with one: {}",
       escape_terminal(report.file), table.run, layer, fmt::join(known, ", "));
}

std::string usage_text(const UsageReport& report, const UsageView& view, const Terminal& terminal) {
  const auto width = static_cast<std::size_t>(std::max(terminal.width, 40));
  std::string out;
  for (const std::string& line :
       {run_line(report), scope_line(report), cells_line(report.usage, view)})
    out += wrap(shown_on(terminal, line), width, 0);
  out += "\n" + render_grid(expert_grid(report, view, terminal), terminal);
  out += "\n" + render_grid(layer_grid(report, view, terminal), terminal);
  if (const std::string said = words(report); !said.empty())
    out += "\n" + wrap(shown_on(terminal, said), width, 0) +
           shown_on(terminal, favourites_lines(report, view));
  return out;
}

}  // namespace moescope::cli

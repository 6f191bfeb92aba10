#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "cli/arguments.hpp"
#include "cli/command_table.hpp"
#include "cli/output.hpp"
#include "cli/recorded.hpp"
#include "cli/usage_view.hpp"
#include "core/base/error.hpp"
#include "core/base/escape.hpp"
#include "core/trace/reader.hpp"

namespace moescope::cli {
namespace {

trace::PhaseFilter phase_of(std::string_view word) {
  if (word == "decode") return trace::PhaseFilter::kDecode;
  return word == "all" ? trace::PhaseFilter::kAll : trace::PhaseFilter::kPrefill;
}

/// The label key when none was given: the language where prompts have one.
std::string default_key(trace::Database& db, std::int64_t run) {
  for (const std::string& key : trace::label_keys(db, run))
    if (key == "language") return key;
  return "none";
}

/// A label named as it is shown, or as it stands in the prompts.
std::optional<std::size_t> find_label(const trace::UsageTable& table, std::string_view value) {
  for (std::size_t i = 0; i < table.labels.size(); ++i)
    if (label_text(table.labels[i]) == value) return i;
  for (std::size_t i = 0; i < table.labels.size(); ++i)
    if (table.labels[i].value == value) return i;
  return std::nullopt;
}

/// The two labels of "A,B"; a comma may be part of a label.
std::pair<std::size_t, std::size_t> find_pair(const UsageReport& report, std::string_view text) {
  const trace::UsageTable& table = report.usage;
  for (std::size_t at = text.find(','); at != std::string_view::npos; at = text.find(',', at + 1)) {
    const auto a = find_label(table, text.substr(0, at));
    const auto b = find_label(table, text.substr(at + 1));
    if (a && b && a != b) return {*a, *b};
  }
  std::vector<std::string> known;
  for (const trace::LabelUsage& label : table.labels) known.push_back(label_text(label));
  fail(ErrorCode::kBadInput,
       "{}: --compare: expected two labels of '{}' as A,B, got '{}'; labels: {}",
       escape_terminal(report.file), escape_terminal(table.by), escape_terminal(text),
       fmt::join(known, ", "));
}

void choose_compared(UsageReport& report) {
  if (report.pair) {
    report.compared = {report.pair->first, report.pair->second};
    for (const std::size_t label : report.compared)
      if (!trace::has_support(report.usage.labels[label])) report.left_out.push_back(label);
    return;
  }
  for (std::size_t i = 0; i < report.usage.labels.size(); ++i)
    (trace::has_support(report.usage.labels[i]) ? report.compared : report.left_out).push_back(i);
}

void add_divergence(UsageReport& report, trace::Database& db) {
  if (report.usage.labels.empty()) return;
  choose_compared(report);
  if (report.compared.size() < 2) {
    report.why_no_divergence = "fewer than two labels have enough tokens and prompts";
    return;
  }
  const auto clusters = trace::read_clusters(db, report.usage);
  if (!clusters) {
    report.why_no_divergence = clusters.why();
    return;
  }
  report.n_cluster = clusters->n_cluster;
  report.divergence = trace::label_divergence(*clusters, report.compared);
}

[[noreturn]] void no_tokens(const UsageReport& report, const trace::RunRow& row) {
  const std::string phase(report.usage.phase == trace::PhaseFilter::kAll
                              ? "any phase"
                              : "phase " + std::string(trace::name(report.usage.phase)));
  if (row.n_token > 0)
    fail(ErrorCode::kBadInput, "{}: run {} has no tokens of {}; --phase all shows those it has",
         escape_terminal(report.file), row.id, phase);
  fail(ErrorCode::kBadInput,
       "{}: run {} has no tokens: {} of {} prompts failed; 'moescope sql {} \"SELECT * FROM "
       "v_failed_prompt WHERE run = {}\"' says why",
       escape_terminal(report.file), row.id, row.n_failed, row.n_prompt,
       escape_terminal(report.file), row.id);
}

int run(const Arguments& arguments) {
  if (arguments.flag("tokens") && arguments.flag("assignments"))
    arguments.usage_error("--tokens and --assignments are two denominators: choose one");
  if (arguments.json() && arguments.flag("csv"))
    arguments.usage_error("--json and --csv are two forms: choose one");
  const std::string& file = arguments.positional(0);
  trace::Database db = open_recorded(arguments);
  const trace::RunRow row = trace::find_run(db, arguments.integer("run", 1));
  const auto by = arguments.value("by");
  UsageReport report{.file = file, .model = row.model, .status = row.status};
  report.usage = trace::read_usage(db, row, by ? std::string(*by) : default_key(db, row.id),
                                   phase_of(arguments.value_or("phase", "prefill")));
  if (arguments.value("compare") && report.usage.by == "none")
    arguments.usage_error("--compare compares two values of a label; add --by KEY");
  report.n_route = report.usage.layers.size();
  if (report.usage.all.n_token == 0) no_tokens(report, row);
  if (const auto pair = arguments.value("compare")) report.pair = find_pair(report, *pair);
  if (!arguments.flag("csv")) add_divergence(report, db);
  if (const auto layer = arguments.integer("layer", 0, 1'000'000))
    keep_layer(report, static_cast<std::size_t>(*layer));

  UsageView view{.per_token = arguments.flag("tokens")};
  const std::string_view cells = arguments.value_or("cells", "auto");
  if (cells == "numbers") view.cells = UsageCells::kNumbers;
  if (cells == "codes") view.cells = UsageCells::kCodes;
  if (arguments.json())
    print_json(usage_json(report, view));
  else if (arguments.flag("csv"))
    write_out(usage_csv(report));
  else
    write_out(usage_text(report, view, stdout_terminal(arguments.value_or("color", "auto"))));
  return 0;
}

constexpr OptionInfo kOptions[] = {
    {.name = "by",
     .argument = "KEY",
     .help = "one block of columns a value of this label: language, domain, any other key of the "
             "prompts; group: by the prompts' group; none: all tokens together (default: language "
             "where the prompts have it, else none)"},
    {.name = "compare",
     .argument = "A,B",
     .help = "two values of the label side by side, with the difference in points and the "
             "divergence of each layer; (none) stands for prompts without the label, \"\" for an "
             "empty one"},
    {.name = "phase",
     .argument = "prefill|decode|all",
     .help = "tokens of the prompts, tokens generated, or both (default: prefill)"},
    {.name = "assignments",
     .argument = "",
     .help = "shares of all choices of a layer, top-k a token (default)"},
    {.name = "tokens", .argument = "", .help = "shares of the tokens that choose the expert"},
    {.name = "layer", .argument = "N", .help = "this layer only"},
    {.name = "cells",
     .argument = "auto|numbers|codes",
     .help = "percentages, or one character an expert (auto: characters from 17 experts on)"},
    {.name = "run", .argument = "ID", .help = "this run (default: the newest complete one)"},
    {.name = "csv",
     .argument = "",
     .help = "one line a label, layer and expert; with --compare also the differences; a "
             "cell that a spreadsheet would take for a formula begins with an apostrophe"},
    kColorOption,
};

constexpr Example kExamples[] = {
    {.command = "moescope usage run.db --by language",
     .what = "which experts fire in which layer for which language"},
    {.command = "moescope usage run.db --by language --compare en,de",
     .what = "English and German side by side"},
    {.command = "moescope usage run.db --by none --phase decode --tokens --csv > usage.csv",
     .what = "generated tokens, as a table for another program"},
};

}  // namespace

constinit const CommandInfo kUsageCommand = {
    .name = "usage",
    .summary = "which experts fire, by layer and label",
    .operands = "DATABASE",
    .description =
        "Shows for each layer how a run's tokens are spread over the experts: one row a layer, one "
        "block of columns a label value, beside the share that every expert would have if all were "
        "chosen equally often. Prompts without the label are a block of their own, (none).\n\n"
        "Below it, for each layer: the Jensen-Shannon divergence (JSD) between the labels, "
        "corrected for its upward bias in small samples by leaving out one prompt group at a time, "
        "with 95 % limits, which reach down to 0 where the labels are not told apart; the entropy "
        "of each label's choices; and the load of the busiest expert over that of the idlest. "
        "Labels with fewer than 200 tokens or 20 prompts are shown but left out of the "
        "divergence.",
    .options = kOptions,
    .examples = kExamples,
    .run = run,
};

}  // namespace moescope::cli

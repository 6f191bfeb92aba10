#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "cli/arguments.hpp"
#include "cli/command_table.hpp"
#include "cli/output.hpp"
#include "cli/recorded.hpp"
#include "cli/tokens_view.hpp"
#include "core/base/error.hpp"
#include "core/base/escape.hpp"
#include "core/trace/reader.hpp"

namespace moescope::cli {
namespace {

std::vector<LayerIdx> layers_to_show(const Arguments& arguments, const trace::RunRow& run) {
  const std::vector<LayerIdx>& known = run.routing_layers;
  if (const auto wanted = arguments.integer("layer", 0, 1'000'000)) {
    const LayerIdx layer(static_cast<std::size_t>(*wanted));
    if (std::find(known.begin(), known.end(), layer) != known.end()) return {layer};
    std::vector<std::uint32_t> numbers;
    for (const LayerIdx k : known) numbers.push_back(k.value);
    fail(ErrorCode::kBadInput, "{}: run {} has no router in layer {}; layers with one: {}",
         escape_terminal(arguments.positional(0)), run.id, *wanted, fmt::join(numbers, ", "));
  }
  const bool all = arguments.flag("all-layers") || arguments.flag("csv") || arguments.json();
  if (all || known.empty()) return known;
  return {known[known.size() / 2]};
}

int run(const Arguments& arguments) {
  if (arguments.json() && arguments.flag("csv"))
    arguments.usage_error("--json and --csv are two forms: choose one");
  if (arguments.flag("all-layers") && arguments.value("layer"))
    arguments.usage_error("--layer and --all-layers: choose one");
  trace::Database db = open_recorded(arguments);
  TokensReport report;
  report.run = trace::find_run(db, arguments.integer("run", 1));
  report.layers = layers_to_show(arguments, report.run);
  report.prompt = trace::find_prompt(db, report.run.id, arguments.positional(1));
  if (report.prompt.failure) {
    if (arguments.json()) print_json(tokens_json(report));
    fail(ErrorCode::kBadInput, "{}: run {}: prompt '{}' failed and has no tokens: {}",
         escape_terminal(arguments.positional(0)), report.run.id,
         escape_terminal(report.prompt.name), escape_terminal(*report.prompt.failure));
  }
  report.tokens = trace::read_tokens(db, report.run, report.prompt.id);
  if (arguments.json()) {
    print_json(tokens_json(report));
    return 0;
  }
  if (arguments.flag("csv")) {
    write_out(tokens_csv(report));
    return 0;
  }
  const Terminal terminal = stdout_terminal(arguments.value_or("color", "auto"));
  if (arguments.flag("details"))
    write_out(tokens_details(report, terminal));
  else
    write_out(report.layers.size() > 1 ? tokens_table(report, terminal)
                                       : tokens_flow(report, terminal));
  return 0;
}

constexpr OptionInfo kOptions[] = {
    {.name = "layer",
     .argument = "N",
     .help = "this layer only (default: the middle one of those with a router)"},
    {.name = "all-layers", .argument = "", .help = "one line a token, one column a layer"},
    {.name = "details",
     .argument = "",
     .help = "log-probability, entropy and rank of each token; weight and margin of each choice"},
    {.name = "run", .argument = "ID", .help = "this run (default: the newest complete one)"},
    {.name = "csv",
     .argument = "",
     .help = "one line a token, layer and choice; text that a spreadsheet would run as a formula "
             "(= + - @ in front) gets a leading apostrophe"},
    kColorOption,
};

constexpr Example kExamples[] = {
    {.command = "moescope tokens run.db de-news-01", .what = "the text with its experts"},
    {.command = "moescope tokens run.db de-news-01 --all-layers",
     .what = "every layer's choices, one line a token"},
    {.command = "moescope tokens run.db 0 --layer 3 --details",
     .what = "the first prompt: weights and margins of layer 3"},
};

}  // namespace

constinit const CommandInfo kTokensCommand = {
    .name = "tokens",
    .summary = "one prompt's tokens with the experts they chose",
    .operands = "DATABASE PROMPT",
    .description =
        "Shows the tokens of one recorded prompt, each with the experts it chose, best first. "
        "PROMPT is the prompt's id, or its number in the run, from 0. Colours repeat after eight "
        "experts; the number below the token always says which it was.",
    .options = kOptions,
    .examples = kExamples,
    .run = run,
};

}  // namespace moescope::cli

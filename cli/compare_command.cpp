#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "cli/arguments.hpp"
#include "cli/command_table.hpp"
#include "cli/compare_view.hpp"
#include "cli/output.hpp"
#include "cli/progress.hpp"
#include "cli/recorded.hpp"
#include "core/base/error.hpp"
#include "core/base/escape.hpp"

namespace moescope::cli {
namespace {

constexpr double kNearTie = 1e-3;
constexpr std::int64_t kMostWorst = 10'000;

trace::PhaseFilter phase_of(std::string_view word) {
  if (word == "decode") return trace::PhaseFilter::kDecode;
  return word == "all" ? trace::PhaseFilter::kAll : trace::PhaseFilter::kPrefill;
}

void say_when_the_same(const Arguments& arguments, const CompareReport& report) {
  std::error_code error;
  if (!arguments.quiet() && report.a.run.id == report.b.run.id &&
      std::filesystem::equivalent(report.a.file, report.b.file, error))
    message(fmt::format("{}: note: both sides are run {}; --run-a and --run-b choose others",
                        escape_terminal(report.a.file), report.a.run.id));
}

void print_report(const Arguments& arguments, const CompareReport& report) {
  if (arguments.json())
    print_json(compare_json(report));
  else if (arguments.flag("csv"))
    write_out(compare_csv(report));
  else
    write_out(compare_text(report, stdout_terminal(arguments.value_or("color", "auto"))));
}

std::string_view why_no_token(const trace::RunComparison& c) {
  const auto any = [&](trace::WhyNot why) {
    return std::any_of(c.not_compared.begin(), c.not_compared.end(),
                       [&](const trace::NotCompared& prompt) { return prompt.why == why; });
  };
  if (any(trace::WhyNot::kOtherTokens))
    return "no prompt begins with the same tokens in both; 'moescope usage --by KEY --compare A,B' "
           "compares different texts of one run";
  if (any(trace::WhyNot::kNoTokens))
    return "no prompt has tokens of this phase; --phase chooses it";
  if (any(trace::WhyNot::kFailedInA) || any(trace::WhyNot::kFailedInB))
    return "the prompts that are in both failed; the view v_failed_prompt says why";
  return "no prompt id is in both; --by prompt-index matches prompts by their numbers, 'moescope "
         "usage --by KEY --compare A,B' compares different texts of one run";
}

int run(const Arguments& arguments) {
  if (arguments.json() && arguments.flag("csv"))
    arguments.usage_error("--json and --csv are two forms: choose one");
  const auto run_a = arguments.integer("run-a", 1), run_b = arguments.integer("run-b", 1);
  trace::CompareOptions options{
      .by = arguments.value_or("by", "prompt-name") == "prompt-index" ? trace::MatchBy::kPromptIndex
                                                                      : trace::MatchBy::kPromptName,
      .phase = phase_of(arguments.value_or("phase", "prefill")),
      .near_tie = arguments.number("near-tie", 0, 1e9).value_or(kNearTie),
      .n_worst = static_cast<std::size_t>(arguments.integer("worst", 1, kMostWorst).value_or(0)),
      .progress = {}};
  trace::Database a = open_recorded(arguments, 0);
  trace::Database b = open_recorded(arguments, 1);
  CompareReport report{.a = {arguments.positional(0), trace::find_run(a, run_a)},
                       .b = {arguments.positional(1), trace::find_run(b, run_b)},
                       .differences = {},
                       .by = options.by,
                       .phase = options.phase,
                       .near_tie = options.near_tie,
                       .lists_worst = options.n_worst > 0,
                       .comparison = {}};
  report.differences = trace::run_differences({a, report.a.run}, {b, report.b.run});
  say_when_the_same(arguments, report);
  Progress progress("comparing", "prompts", report.a.run.n_done, arguments.quiet());
  options.progress = [&](std::uint64_t done, std::uint64_t) { progress.update(done); };
  report.comparison = trace::compare_runs({a, report.a.run}, {b, report.b.run}, options);
  progress.clear();
  print_report(arguments, report);
  if (report.comparison.n_token == 0)
    fail(ErrorCode::kBadInput, "{}: run {}: no token can be compared with run {} of {}: {}",
         escape_terminal(report.b.file), report.b.run.id, report.a.run.id,
         escape_terminal(report.a.file), why_no_token(report.comparison));
  return 0;
}

constexpr OptionInfo kOptions[] = {
    {.name = "run-a", .argument = "ID", .help = "this run of A (default: the newest complete one)"},
    {.name = "run-b", .argument = "ID", .help = "this run of B (default: the newest complete one)"},
    {.name = "by",
     .argument = "prompt-name|prompt-index",
     .help =
         "which prompts belong together: those of one id, or of one number in both prompt lists "
         "(default: prompt-name)"},
    {.name = "phase",
     .argument = "prefill|decode|all",
     .help =
         "tokens of the prompts, tokens generated, or both (default: prefill); generated tokens "
         "are compared up to the first that differs"},
    {.name = "near-tie",
     .argument = "X",
     .help = "disagreements where A's margin is below X are counted apart, as near ties (default: "
             "0.001)"},
    {.name = "worst",
     .argument = "N",
     .help = "list the N disagreements with the largest margins in A (at most 10000); with --csv "
             "these instead of the layers"},
    {.name = "csv",
     .argument = "",
     .help =
         "one line a layer, and one of all; text that a spreadsheet would run as a formula (= + "
         "- @ in front) gets a leading apostrophe"},
    kColorOption,
};

constexpr Example kExamples[] = {
    {.command = "moescope compare bf16.db q8.db", .what = "what a quantisation does to routing"},
    {.command = "moescope compare run.db run.db --run-a 1 --run-b 2 --worst 20",
     .what = "two runs of one file, with the disagreements at the largest margins"},
};

}  // namespace

constinit const CommandInfo kCompareCommand = {
    .name = "compare",
    .summary = "two recorded runs token by token: do they route alike",
    .operands = "DATABASE-A DATABASE-B",
    .description =
        "Compares the experts that two runs chose at the same tokens: two precisions, "
        "quantisations or checkpoints of one model, or one with and without an intervention. "
        "Prompts are matched by their id, their tokens by position, as far as the token ids are "
        "equal. Prompts that only one run has, that failed, or whose token ids differ from some "
        "token on are counted and listed. Runs of different routing layers, number of experts or "
        "top-k are refused. Prompts of different texts have no tokens to pair: 'moescope usage "
        "--compare' compares how often experts are chosen.\n\n"
        "Shown for each layer and for all: the share of decisions (one token in one layer) with "
        "the same experts, with the same first choice, and the mean overlap |A and B| / k, which "
        "is the router saturation of OLMoE (arXiv 2409.02060, section 5); 95 % limits come from "
        "leaving out one prompt group at a time. The margin of a decision is the distance to "
        "another choice in the units of the router's selection score: a disagreement at a small "
        "margin may be rounding alone, at a large one the router or what it read had changed. "
        "Differences "
        "of the router's "
        "log-probabilities (softmax of its logits over all experts, where both runs recorded "
        "them), of the tokens' log-probability and of the entropy follow. The exit code is 0 "
        "however much the runs differ.",
    .options = kOptions,
    .examples = kExamples,
    .run = run,
};

}  // namespace moescope::cli

#include <fmt/format.h>

#include <string>

#include "audits/rescore.hpp"
#include "audits/summary.hpp"
#include "cli/arguments.hpp"
#include "cli/audit_view.hpp"
#include "cli/command_table.hpp"
#include "cli/number_text.hpp"
#include "cli/output.hpp"
#include "core/base/error.hpp"
#include "core/base/escape.hpp"
#include "core/trace/schema.hpp"

namespace moescope::cli {
namespace {

void report_differences(const audits::Rescored& rescored, const std::string& file) {
  for (const audits::OutcomeDifference& d : rescored.differences)
    message(fmt::format("{}: {} '{}', format {}, {}: recorded {}, from its tokens {}", file,
                        escape_terminal(d.suite), escape_terminal(d.item),
                        escape_terminal(d.format), escape_terminal(d.metric), d.recorded,
                        d.computed));
  message(fmt::format("{}: {} of {} differ from what their tokens give", file,
                      with_commas(rescored.n_difference), counted(rescored.n_outcome, "outcome")));
}

int run(const Arguments& arguments) {
  const std::string& file = arguments.positional(0);
  trace::Database db = trace::open_trace(file);
  const trace::RunRow found = trace::find_audit(db, arguments.integer("run", 1));
  const audits::Rescored rescored = audits::rescore(db, found);
  const audits::AuditSummary summary = audits::summarise(db, found);
  if (arguments.json()) {
    JsonOutput out = audit_json(summary, "score");
    out["outcomes"] = rescored.n_outcome;
    out["outcomes_that_differ"] = rescored.n_difference;
    print_json(out);
  } else {
    write_out(audit_text(summary));
  }
  if (rescored.n_difference > 0) {
    report_differences(rescored, escape_terminal(file));
    return static_cast<int>(ErrorCode::kIntegrity);
  }
  if (!arguments.quiet())
    message(fmt::format("{}: {}, all as their tokens give them", escape_terminal(file),
                        counted(rescored.n_outcome, "outcome")));
  return summary.exit_code;
}

constexpr OptionInfo kOptions[] = {
    {.name = "run", .argument = "ID", .help = "the audit (default: the newest complete one)"},
};
constexpr Example kExamples[] = {
    {.command = "moescope score audit.db", .what = "every number again, without the model"},
};

}  // namespace

constinit const CommandInfo kScoreCommand = {
    .name = "score",
    .summary = "score a recorded audit again, without its model",
    .operands = "FILE",
    .description =
        "Every outcome is computed once more from the log-probabilities of the recorded tokens and "
        "compared with what was recorded (exit code 6 where one differs); then estimates, "
        "intervals and verdicts are printed as 'moescope audit' does, with its exit codes.",
    .options = kOptions,
    .examples = kExamples,
    .run = run,
};

}  // namespace moescope::cli

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <vector>

#include "cli/arguments.hpp"
#include "cli/command_table.hpp"
#include "cli/doctor.hpp"
#include "cli/help.hpp"
#include "cli/json_output.hpp"
#include "cli/output.hpp"
#include "cli/terminal.hpp"
#include "core/base/error.hpp"

namespace moescope::cli {
namespace {

void print_report(const std::vector<Finding>& findings) {
  const Terminal terminal = stdout_terminal();
  const auto width = static_cast<std::size_t>(std::clamp(terminal.width, 40, 100));
  constexpr std::size_t kTopicColumns = 18;
  for (const Finding& finding : findings) {
    const std::string mark =
        finding.health == Health::kGood ? "" : fmt::format("{}: ", name(finding.health));
    write_out(beside(finding.topic, shown_on(terminal, finding.value), kTopicColumns, width));
    if (!finding.advice.empty())
      write_out(wrap(fmt::format("{}{}", mark, finding.advice), width, kTopicColumns + 2));
  }
}

int run(const Arguments& arguments) {
  const std::vector<Finding> findings = examine();
  bool bad = false;
  for (const Finding& finding : findings) bad = bad || finding.health == Health::kBad;
  if (arguments.json()) {
    JsonOutput out = json_result("doctor");
    out["findings"] = JsonOutput::array();
    for (const Finding& finding : findings)
      out["findings"].push_back({{"topic", finding.topic},
                                 {"health", name(finding.health)},
                                 {"value", finding.value},
                                 {"advice", finding.advice}});
    print_json(out);
  } else {
    print_report(findings);
  }
  return bad ? static_cast<int>(ErrorCode::kBadInput) : 0;
}

constexpr Example kExamples[] = {
    {.command = "moescope doctor", .what = "what this machine offers, and what to look after"},
    {.command = "moescope doctor --json > doctor.json", .what = "the same, to add to a report"},
};

}  // namespace

constinit const CommandInfo kDoctorCommand = {
    .name = "doctor",
    .summary = "look at this machine: terminal, memory, disk, libraries, demo model",
    .operands = "",
    .description =
        "Reports the terminal and locale, processor and instruction set, memory, disk, the folders "
        "that moescope uses, and the versions of libraries with the defects known of them.\n\n"
        "Leaves with 0 when nothing stands in the way and with 1 when something is bad.",
    .options = {},
    .examples = kExamples,
    .run = run,
};

}  // namespace moescope::cli

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/json_output.hpp"
#include "cli/terminal.hpp"
#include "core/trace/compare_runs.hpp"
#include "core/trace/run_differences.hpp"

/// What `moescope compare` says, as values, and its three forms.
namespace moescope::cli {

struct ComparedSide {
  std::string file;
  trace::RunRow run;
};

struct CompareReport {
  ComparedSide a, b;
  std::vector<trace::RunDifference> differences;
  trace::MatchBy by = trace::MatchBy::kPromptName;
  trace::PhaseFilter phase = trace::PhaseFilter::kPrefill;
  double near_tie = 0;
  bool lists_worst = false;
  trace::RunComparison comparison;
};

/// Of all decisions; nothing where there is none.
std::optional<double> share_of(std::uint64_t part, std::uint64_t whole);

/// The bins' names, in order of MarginBins::count: "below 0.0001", "0.0001 to 0.001", …, "0.1 and more".
std::string margin_bin(std::size_t bin);

std::string compare_text(const CompareReport& report, const Terminal& terminal);
JsonOutput compare_json(const CompareReport& report);
/// One line a layer and one of all; with --worst one line a disagreement.
std::string compare_csv(const CompareReport& report);

}  // namespace moescope::cli

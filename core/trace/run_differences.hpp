#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/trace/compare_runs.hpp"

/// What two run rows say differently of where their rows come from.
namespace moescope::trace {

struct RunDifference {
  std::string what;                 ///< the column of `run`, or the key of `run_option`
  std::optional<std::string> a, b;  ///< nothing: that run does not say
  bool operator==(const RunDifference&) const = default;
};

/// Weights and tokenizer first, then how it was computed, then options (interventions among them) by
/// key. What decides nothing (host, threads, times) is no difference.
std::vector<RunDifference> run_differences(const RecordedRun& a, const RecordedRun& b);

}  // namespace moescope::trace

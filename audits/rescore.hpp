#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/trace/audit_reader.hpp"

namespace moescope::audits {

/// One outcome that comes out differently from the recorded tokens than it was recorded.
struct OutcomeDifference {
  std::string suite, item, format, metric;
  std::string recorded, computed;  ///< "0.25", "tied", "not there"
};

struct Rescored {
  std::uint64_t n_outcome = 0;
  std::vector<OutcomeDifference> differences;  ///< the first 100
  std::uint64_t n_difference = 0;
};

/// Scores every item again from the log-probabilities of its recorded tokens, without the model.
/// Errors: kBadInput: a damaged or foreign file.
Rescored rescore(trace::Database& db, const trace::RunRow& run);

}  // namespace moescope::audits

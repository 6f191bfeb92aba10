#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "audits/suite.hpp"
#include "audits/worklist.hpp"
#include "core/trace/audit_rows.hpp"

namespace moescope::audits {

/// Gathers the traces of an item until all are there, and scores it then.
class Gatherer {
 public:
  /// Both must outlive it.
  Gatherer(std::span<const Suite> suites, const Worklist& work);

  /// Takes the trace of one prompt; gives the whole item, scored, when this was its last one.
  std::optional<trace::Parcel> take(trace::PromptTrace&& trace);

 private:
  trace::Parcel scored(const PlannedItem& item, std::map<std::uint64_t, trace::PromptTrace> traces);

  std::span<const Suite> suites_;
  const Worklist& work_;
  std::vector<std::size_t> item_of_;  ///< [n_prompt]
  std::unordered_map<std::size_t, std::map<std::uint64_t, trace::PromptTrace>> open_;
};

/// What the model said of a planned sequence: the log-probabilities of the tokens that begin in its
/// scored text.
probes::ScoredSequence scored_sequence(const PlannedSequence& planned,
                                       const trace::PromptTrace& trace);

/// The outcomes of one item under one format as rows; where the probe cannot score it, every metric
/// has failed.
std::vector<trace::AuditOutcomeRow> outcome_rows(const Suite& suite, const std::string& format,
                                                 const probes::Labels& labels,
                                                 std::span<const probes::ScoredSequence> sequences);

}  // namespace moescope::audits

#pragma once

#include <span>
#include <string>
#include <vector>

#include "audits/estimate.hpp"
#include "audits/plan.hpp"
#include "audits/suite.hpp"

namespace moescope::audits {

/// A suite as a database holds it: what was planned, and every item with its outcomes.
struct RecordedSuite {
  Suite head;  ///< without items
  trace::AuditSuiteRow row;
  std::vector<std::string> formats;  ///< that were run
  std::vector<trace::AuditItemRow> items;
};

/// Whether the model knows a language well enough to be assessed in it.
struct CompetenceGate {
  std::string language;
  std::string suite;  ///< the grammar set that decided; empty: none was run
  bool passed = false;
  std::string why;  ///< of a gate that is closed
  EstimateRow accuracy;
};

/// The gate of one language, by the gate suite of that language among `suites`.
CompetenceGate competence_gate(const std::string& language, std::span<const RecordedSuite> suites,
                               const Plan& plan);

/// A control that must find nothing.
struct ControlCheck {
  std::string suite, language;
  bool flagged = false;  ///< it found a difference
  std::string why;       ///< where it could not be assessed
  EstimateRow estimate;
};

/// Every control suite's first hypothesis, tested at the plan's level.
std::vector<ControlCheck> check_controls(std::span<const RecordedSuite> suites, const Plan& plan);

/// The estimand of that name. Errors: kBadInput where the probe has none.
const probes::EstimandInfo& find_estimand(const std::string& probe, const std::string& name);

}  // namespace moescope::audits

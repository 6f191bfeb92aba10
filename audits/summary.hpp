#pragma once

#include <optional>
#include <string>
#include <vector>

#include "audits/gate.hpp"
#include "audits/verdict.hpp"
#include "core/trace/audit_reader.hpp"

namespace moescope::audits {

/// One hypothesis of the plan with everything that its verdict rests on.
struct HypothesisResult {
  PlannedHypothesis planned;
  EstimateRow estimate;          ///< over the panel of formats, at the corrected level
  double level = 0.95;           ///< of its interval, after correction for the family
  std::optional<double> holm_p;  ///< adjusted over the family; nothing where there is no test
  stats::Assessed<double> mde = stats::Assessed<double>::not_assessable("not computed");
  std::vector<Decision> by_format;  ///< uncorrected, in the order of the suite's formats
  std::vector<double> value_by_format;
  bool format_dependent = false;  ///< formats disagree on the sign
  Decision decision;
};

/// An audit as its database tells it.
struct AuditSummary {
  trace::RunRow run;
  Plan plan;
  std::string plan_hash;
  bool control = false;
  std::vector<RecordedSuite> suites;
  std::vector<CompetenceGate> gates;  ///< one a language
  std::vector<ControlCheck> controls;
  std::vector<EstimateRow> estimates;  ///< every estimand of every suite under every format
  std::vector<HypothesisResult> hypotheses;
  int exit_code = 0;
};

/// Reads an audit and computes everything that is said of it. The same database gives the same
/// summary.
/// Errors: kBadInput: a damaged or foreign file.
AuditSummary summarise(trace::Database& db, const trace::RunRow& run);

}  // namespace moescope::audits

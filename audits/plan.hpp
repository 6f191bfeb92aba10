#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "audits/suite.hpp"
#include "audits/worklist.hpp"

namespace moescope::audits {

/// When a model counts as competent in a language. Conventions: printed, and adjustable in a plan.
struct GateThresholds {
  double accuracy = 0.75;  ///< the lower 95 % limit of grammatical pairs preferred
  std::size_t n_pair = 200;
  std::size_t n_cluster = 20;
  bool operator==(const GateThresholds&) const = default;
};

/// A hypothesis and the suite that it is about.
struct PlannedHypothesis {
  std::string suite;
  Hypothesis hypothesis;
  bool operator==(const PlannedHypothesis&) const = default;
};

enum class PlanKind { kAuditor, kToolDefault, kNone };
std::string_view name(PlanKind kind);

/// What an audit is to decide, fixed before its first item.
struct Plan {
  PlanKind kind = PlanKind::kToolDefault;
  std::string author;  ///< of margins and hypotheses
  double alpha = 0.05;
  std::vector<PlannedHypothesis> hypotheses;
  GateThresholds gate;
  std::vector<std::string> exclusions;
  std::string stopping_rule;
  std::uint64_t seed = 0;
  std::size_t n_draw = 9'999;
};

/// The suites' own hypotheses, those of drafts, gates and controls left out: version 1 of the
/// tool's default plan. Without any: kind kNone.
Plan default_plan(std::span<const Suite> suites, const WorklistOptions& options);

/// A plan of the auditor's own. docs/formats/plan.md has every key.
/// Errors: kBadInput with line and column: also for a suite, an estimand or a label that is not
/// there, and for a draft suite, which cannot carry a verdict.
Plan parse_plan(std::string_view bytes, std::string_view where, std::span<const Suite> suites,
                const WorklistOptions& options);

/// The plan as one line of JSON together with what it is bound to: suites by hash, formats, limit,
/// weights. read_plan reads it back.
std::string plan_text(const Plan& plan, std::span<const Suite> suites,
                      const WorklistOptions& options, std::string_view weights_id);
Plan read_plan(std::string_view text, std::string_view where);

}  // namespace moescope::audits

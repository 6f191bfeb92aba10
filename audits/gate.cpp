#include "audits/gate.hpp"

#include <fmt/core.h>

#include "core/base/error.hpp"
#include "core/base/escape.hpp"
#include "probes/probe.hpp"

namespace moescope::audits {
namespace {

/// A gate is a convention of 95 %, whatever level the plan has.
constexpr double kGateAlpha = 0.05;
constexpr std::string_view kGateEstimand = "pct_more";

EstimateSettings settings_of(const Plan& plan, double alpha) {
  return {.alpha = alpha, .seed = plan.seed, .n_draw = plan.n_draw};
}

std::string closed_because(const CompetenceGate& gate, const GateThresholds& wanted) {
  const auto& interval = gate.accuracy.interval;
  if (!interval) return interval.why();
  const stats::ClusterShape& shape = interval->shape;
  if (shape.n_item < wanted.n_pair)
    return fmt::format("{} grammatical pairs, expected {}", shape.n_item, wanted.n_pair);
  if (shape.n_cluster < wanted.n_cluster)
    return fmt::format("{} clusters of pairs, expected {}", shape.n_cluster, wanted.n_cluster);
  if (interval->estimate.lower < 100 * wanted.accuracy)
    return fmt::format(
        "grammatical sentences preferred in {:.1f} % of pairs, lower limit {:.1f} %, expected at "
        "least {:.0f} %",
        interval->estimate.value, interval->estimate.lower, 100 * wanted.accuracy);
  return "";
}

}  // namespace

const probes::EstimandInfo& find_estimand(const std::string& probe, const std::string& name) {
  for (const probes::EstimandInfo& estimand : probes::find_probe(probe).estimands)
    if (estimand.name == name) return estimand;
  fail(ErrorCode::kBadInput, "probe '{}' has no estimand '{}'", escape_terminal(probe),
       escape_terminal(name));
}

CompetenceGate competence_gate(const std::string& language, std::span<const RecordedSuite> suites,
                               const Plan& plan) {
  CompetenceGate gate{.language = language};
  for (const RecordedSuite& suite : suites) {
    if (suite.head.info.purpose != Purpose::kGate || suite.head.info.language != language) continue;
    gate.suite = suite.row.name;
    gate.accuracy = estimate(suite.row, suite.head.cluster, suite.items, suite.formats,
                             find_estimand(suite.head.probe, std::string(kGateEstimand)), {},
                             settings_of(plan, kGateAlpha));
    gate.why = closed_because(gate, plan.gate);
    gate.passed = gate.why.empty();
    return gate;
  }
  gate.why = fmt::format("no grammar set of the language '{}' was run beside it; add grammar-{}",
                         escape_terminal(language), escape_terminal(language));
  return gate;
}

std::vector<ControlCheck> check_controls(std::span<const RecordedSuite> suites, const Plan& plan) {
  std::vector<ControlCheck> out;
  for (const RecordedSuite& suite : suites) {
    if (suite.head.info.purpose != Purpose::kControl || suite.head.hypotheses.empty()) continue;
    ControlCheck check{.suite = suite.row.name, .language = suite.head.info.language};
    check.estimate = estimate(suite.row, suite.head.cluster, suite.items, suite.formats,
                              find_estimand(suite.head.probe, suite.head.hypotheses[0].estimand),
                              {}, settings_of(plan, plan.alpha));
    if (check.estimate.test) {
      check.flagged = check.estimate.test->p <= plan.alpha;
    } else {
      check.why = check.estimate.test.why();
    }
    out.push_back(std::move(check));
  }
  return out;
}

}  // namespace moescope::audits

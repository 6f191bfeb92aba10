#include "audits/summary.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "core/base/error.hpp"
#include "core/stats/multiplicity.hpp"
#include "core/stats/power.hpp"
#include "probes/probe.hpp"

namespace moescope::audits {
namespace {

std::vector<RecordedSuite> read_suites(trace::Database& db, const trace::RunRow& run,
                                       const trace::AuditRow& audit) {
  std::vector<RecordedSuite> out;
  for (std::size_t i = 0; i < audit.suites.size(); ++i) {
    RecordedSuite suite{.head = parse_suite_head(audit.suites[i].info, db.name()),
                        .row = audit.suites[i],
                        .items = trace::read_audit_items(db, run.id, i, false)};
    std::set<std::string> there;
    for (const trace::AuditItemRow& item : suite.items)
      for (const trace::AuditOutcomeRow& outcome : item.outcomes) there.insert(outcome.format);
    for (const probes::Format& format : suite.head.formats)
      if (there.contains(format.name)) suite.formats.push_back(format.name);
    out.push_back(std::move(suite));
  }
  return out;
}

/// Decides the hypotheses of one audit.
class Judge {
 public:
  explicit Judge(const AuditSummary& audit) : audit_(audit) {}

  std::vector<HypothesisResult> decide_all() const {
    std::vector<HypothesisResult> results;
    for (const PlannedHypothesis& planned : audit_.plan.hypotheses)
      results.push_back(judged(planned, audit_.plan.alpha, audit_.plan.alpha));
    const bool all_within = std::all_of(results.begin(), results.end(), [](const auto& result) {
      return result.decision.verdict == Verdict::kWithinMargin;
    });
    // "All within" is a claim of every hypothesis at once: it needs no correction.
    if (!all_within) correct(results);
    adjust(results);
    for (HypothesisResult& result : results) add_formats(result);
    return results;
  }

 private:
  const RecordedSuite& suite_of(const PlannedHypothesis& planned) const {
    for (const RecordedSuite& suite : audit_.suites)
      if (suite.row.name == planned.suite) return suite;
    fail(ErrorCode::kBadInput, "plan: no suite '{}' in this audit", planned.suite);
  }

  EstimateRow measured(const PlannedHypothesis& planned, std::span<const std::string> formats,
                       double alpha, std::optional<double> imputed) const {
    const RecordedSuite& suite = suite_of(planned);
    return estimate(suite.row, suite.head.cluster, suite.items, formats,
                    find_estimand(suite.head.probe, planned.hypothesis.estimand),
                    {planned.hypothesis.label, planned.hypothesis.label_value},
                    {.alpha = alpha, .seed = audit_.plan.seed, .n_draw = audit_.plan.n_draw},
                    imputed);
  }

  /// Why no verdict is possible; empty where one is.
  std::string obstacle(const EstimateRow& row, const RecordedSuite& suite, double alpha) const {
    if (suite.head.is_draft()) return "the suite is a draft: exploratory, no verdict";
    if (!audit_.control) {
      for (const CompetenceGate& gate : audit_.gates)
        if (gate.language == suite.head.info.language && !gate.passed)
          return "competence: " + gate.why;
      for (const ControlCheck& check : audit_.controls)
        if (check.language == suite.head.info.language && check.flagged)
          return fmt::format("confounded on this model: the control '{}' was flagged", check.suite);
    }
    if (!row.interval) return row.interval.why();
    if (!row.equivalence_interval) return row.equivalence_interval.why();
    if (!row.test) return row.test.why();
    if (row.test->smallest_p > alpha)
      return fmt::format("resolution: the smallest attainable p is {:.3g}, the level {:.3g}",
                         row.test->smallest_p, alpha);
    return "";
  }

  Evidence evidence_of(const EstimateRow& row, const RecordedSuite& suite, double margin,
                       double alpha) const {
    Evidence out{.not_assessable = obstacle(row, suite, alpha), .margin = margin};
    if (!out.not_assessable.empty()) return out;
    const double neutral = row.neutral.value_or(0);
    const auto limits = [&](const stats::Estimate& e) {
      return stats::Limits{e.lower - neutral, e.upper - neutral};
    };
    out.confidence = limits(row.interval->estimate);
    out.equivalence = limits(row.equivalence_interval->estimate);
    if (row.two_way && *row.two_way) {
      // Items hang together in two ways: the wider interval is the one that holds.
      const stats::Limits other = limits((*row.two_way)->estimate);
      out.confidence = {std::min(out.confidence.lower, other.lower),
                        std::max(out.confidence.upper, other.upper)};
      out.equivalence = {std::min(out.equivalence.lower, other.lower),
                         std::max(out.equivalence.upper, other.upper)};
    }
    return out;
  }

  /// The least and the largest value that an unknown answer can have had.
  stats::Limits imputed_values(const RecordedSuite& suite, const std::string& estimand) const {
    const probes::EstimandInfo& info = find_estimand(suite.head.probe, estimand);
    double lowest = 0, highest = 1;
    bool any = false;
    for (const trace::AuditItemRow& item : suite.items)
      for (const trace::AuditOutcomeRow& outcome : item.outcomes) {
        if (outcome.metric != info.numerator || !outcome.value) continue;
        lowest = any ? std::min(lowest, *outcome.value) : *outcome.value;
        highest = any ? std::max(highest, *outcome.value) : *outcome.value;
        any = true;
      }
    if (info.unit != "%" && info.unit != "points") return {lowest, highest};
    return {lowest < 0 ? -1.0 : 0.0, 1.0};
  }

  HypothesisResult judged(const PlannedHypothesis& planned, double alpha,
                          double family_alpha) const {
    const RecordedSuite& suite = suite_of(planned);
    HypothesisResult out{.planned = planned, .level = 1 - alpha};
    out.estimate = measured(planned, suite.formats, alpha, std::nullopt);
    const double margin = planned.hypothesis.margin;
    out.decision = decide(evidence_of(out.estimate, suite, margin, alpha));
    if (out.estimate.denominators.unknown() > 0) {
      const stats::Limits values = imputed_values(suite, planned.hypothesis.estimand);
      const auto with = [&](double value) {
        return decide(
            evidence_of(measured(planned, suite.formats, alpha, value), suite, margin, alpha));
      };
      out.decision = survive_imputation(out.decision, with(values.lower), with(values.upper));
    }
    if (out.estimate.interval)
      out.mde = stats::minimum_detectable_effect(
          out.estimate.interval->estimate.se, out.estimate.interval->estimate.df,
          {.alpha = family_alpha, .n_family = audit_.plan.hypotheses.size()});
    return out;
  }

  /// Holm's step-down: the smallest p at alpha / m, the next at alpha / (m - 1), until one fails;
  /// from there on no difference is claimed.
  void correct(std::vector<HypothesisResult>& results) const {
    const std::size_t m = results.size();
    std::vector<std::size_t> order(m);
    for (std::size_t i = 0; i < m; ++i) order[i] = i;
    const auto p_of = [&](std::size_t i) {
      return results[i].estimate.test ? results[i].estimate.test->p : 1.0;
    };
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return p_of(a) < p_of(b); });
    bool rejecting = true;
    for (std::size_t rank = 0; rank < m; ++rank) {
      const double p = p_of(order[rank]);
      const double alpha = audit_.plan.alpha / static_cast<double>(m - rank);
      rejecting = rejecting && p <= alpha;
      const double level = rejecting ? alpha : audit_.plan.alpha / static_cast<double>(m);
      HypothesisResult& result = results[order[rank]];
      result = judged(result.planned, level, audit_.plan.alpha);
      const Verdict verdict = result.decision.verdict;
      if (!rejecting && (verdict == Verdict::kBeyondMargin || verdict == Verdict::kSizeUnclear)) {
        result.decision.verdict = Verdict::kInconclusive;
        result.decision.why = "the test of no difference is not significant within its family";
      }
    }
  }

  static void adjust(std::vector<HypothesisResult>& results) {
    std::vector<double> p;
    for (const HypothesisResult& result : results)
      p.push_back(result.estimate.test ? result.estimate.test->p : 1.0);
    const std::vector<double> adjusted = stats::holm(p);
    for (std::size_t i = 0; i < results.size(); ++i)
      if (results[i].estimate.test) results[i].holm_p = adjusted[i];
  }

  void add_formats(HypothesisResult& result) const {
    const RecordedSuite& suite = suite_of(result.planned);
    bool above = false, below = false;
    for (const std::string& format : suite.formats) {
      const EstimateRow row = measured(result.planned, {&format, 1}, audit_.plan.alpha, {});
      result.by_format.push_back(
          decide(evidence_of(row, suite, result.planned.hypothesis.margin, audit_.plan.alpha)));
      if (!row.interval) continue;
      const double effect = row.interval->estimate.value - row.neutral.value_or(0);
      result.value_by_format.push_back(row.interval->estimate.value);
      above = above || effect > 0;
      below = below || effect < 0;
    }
    result.format_dependent = above && below;
  }

  const AuditSummary& audit_;
};

}  // namespace

AuditSummary summarise(trace::Database& db, const trace::RunRow& run) {
  const trace::AuditRow audit = trace::read_audit(db, run.id);
  AuditSummary out{.run = run,
                   .plan = read_plan(audit.plan, db.name()),
                   .plan_hash = audit.plan_hash,
                   .control = audit.control,
                   .suites = read_suites(db, run, audit)};
  std::set<std::string> languages;
  for (const RecordedSuite& suite : out.suites)
    if (suite.head.info.purpose == Purpose::kMeasure) languages.insert(suite.head.info.language);
  for (const std::string& language : languages)
    out.gates.push_back(competence_gate(language, out.suites, out.plan));
  out.controls = check_controls(out.suites, out.plan);
  const EstimateSettings settings{
      .alpha = out.plan.alpha, .seed = out.plan.seed, .n_draw = out.plan.n_draw};
  for (const RecordedSuite& suite : out.suites)
    for (const probes::EstimandInfo& estimand : probes::find_probe(suite.head.probe).estimands)
      for (const std::string& format : suite.formats)
        out.estimates.push_back(estimate(suite.row, suite.head.cluster, suite.items, {&format, 1},
                                         estimand, {}, settings));
  out.hypotheses = Judge(out).decide_all();
  std::vector<Decision> decisions;
  for (const HypothesisResult& result : out.hypotheses) decisions.push_back(result.decision);
  out.exit_code = exit_code(decisions);
  return out;
}

}  // namespace moescope::audits

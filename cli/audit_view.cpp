#include "cli/audit_view.hpp"

#include <fmt/format.h>

#include "cli/number_text.hpp"
#include "core/base/escape.hpp"

namespace moescope::cli {
namespace {

using audits::AuditSummary;
using audits::Denominators;
using audits::EstimateRow;
using audits::HypothesisResult;

std::string selection_text(const audits::Selection& selection) {
  if (!selection.label) return "";
  return fmt::format(" where {} = {}", escape_terminal(*selection.label),
                     escape_terminal(*selection.value));
}

std::string number(double value) {
  return fmt::format("{:.4g}", value);
}

/// " (3 tied, 1 failed)" or nothing.
std::string unmeasured_text(const Denominators& d) {
  std::string out;
  const auto add = [&out](std::size_t n, std::string_view what) {
    if (n > 0) out += fmt::format("{}{} {}", out.empty() ? "" : ", ", with_commas(n), what);
  };
  add(d.tied, "tied");
  add(d.undefined, "undefined");
  add(d.refused, "refused");
  add(d.unparsed, "unparsed");
  add(d.failed, "failed");
  return out.empty() ? "" : " (" + out + ")";
}

std::string estimate_line(const EstimateRow& row) {
  std::string out = fmt::format("  {:<26}", row.estimand + selection_text(row.selection));
  if (row.interval) {
    const stats::Estimate& e = row.interval->estimate;
    out += fmt::format("{:>9} [{}, {}] {}", number(e.value), number(e.lower), number(e.upper),
                       row.unit);
    out += fmt::format("; n {}, {} clusters worth {:.1f}", with_commas(row.interval->shape.n_item),
                       with_commas(row.interval->shape.n_cluster), row.interval->shape.effective);
  } else {
    out += "not assessable: " + row.interval.why();
  }
  if (row.test) out += fmt::format("; p {:.3g}", row.test->p);
  return out + unmeasured_text(row.denominators) + "\n";
}

/// The wording of rule 7: no verdict without what it leaves open.
std::string verdict_text(const HypothesisResult& result) {
  const audits::Decision& decision = result.decision;
  const EstimateRow& row = result.estimate;
  std::string out(audits::name(decision.verdict));
  if (!decision.why.empty()) out += ": " + escape_terminal(decision.why);
  if (!row.interval || decision.verdict == audits::Verdict::kNotAssessable) return out;
  const stats::Estimate& e = row.interval->estimate;
  out += fmt::format("; {} [{}, {}] {} at level {:.4g}, margin {} around {}", number(e.value),
                     number(e.lower), number(e.upper), row.unit, result.level,
                     number(result.planned.hypothesis.margin), number(row.neutral.value_or(0)));
  if (decision.verdict == audits::Verdict::kWithinMargin && decision.difference_detected)
    out += "; a difference smaller than the margin was detected";
  out += fmt::format("; 'within margin' would hold above {}", number(decision.smallest_margin));
  if (result.holm_p) out += fmt::format("; p {:.3g} after Holm", *result.holm_p);
  if (decision.verdict == audits::Verdict::kInconclusive && result.mde)
    out += fmt::format("; the test had an 80 % chance of noticing {}", number(*result.mde));
  if (result.by_format.size() > 1) {
    std::size_t same = 0;
    for (const audits::Decision& other : result.by_format)
      if (other.verdict == decision.verdict) ++same;
    out += fmt::format("; same verdict in {} of {} formats", same, result.by_format.size());
  }
  if (result.format_dependent) out += "; format-dependent: formats disagree on the sign";
  return out;
}

void add_suites(std::string& out, const AuditSummary& summary) {
  for (const audits::RecordedSuite& suite : summary.suites) {
    const auto& info = suite.head.info;
    out += fmt::format("\n{} ({}, {} of {} items{})\n", suite.row.name, escape_terminal(info.title),
                       with_commas(suite.items.size()), with_commas(suite.row.n_item),
                       suite.head.is_draft() ? ", draft" : "");
    out += fmt::format("  cannot show: {}\n", escape_terminal(info.cannot_show));
    std::string format;
    for (const EstimateRow& row : summary.estimates) {
      if (row.suite != suite.row.name) continue;
      if (suite.formats.size() > 1 && row.format != format)
        out += fmt::format("  format {}\n", escape_terminal(row.format));
      format = row.format;
      out += estimate_line(row);
    }
  }
}

JsonOutput estimate_json(const EstimateRow& row) {
  JsonOutput out;
  out["suite"] = row.suite;
  out["format"] = row.format;
  out["estimand"] = row.estimand;
  out["unit"] = row.unit;
  out["label"] = or_null(row.selection.label);
  out["label_value"] = or_null(row.selection.value);
  out["neutral"] = or_null(row.neutral);
  const Denominators& d = row.denominators;
  out["denominators"] = {{"items", d.n_item},    {"measured", d.measured},
                         {"tied", d.tied},       {"undefined", d.undefined},
                         {"refused", d.refused}, {"unparsed", d.unparsed},
                         {"failed", d.failed}};
  out["cluster_keys"] = row.cluster_keys;
  out["seed"] = row.seed;
  if (row.interval) {
    const stats::ClusterInterval& i = *row.interval;
    out["value"] = i.estimate.value;
    out["interval"] = {{"method", stats::name_of(i.method)},
                       {"level", i.estimate.level},
                       {"lower", i.estimate.lower},
                       {"upper", i.estimate.upper},
                       {"se", i.estimate.se},
                       {"df", i.estimate.df},
                       {"draws", i.n_draw},
                       {"note", i.note}};
    out["n"] = i.shape.n_item;
    out["clusters"] = i.shape.n_cluster;
    out["effective_clusters"] = i.shape.effective;
    out["largest_cluster_share"] = i.shape.largest_share;
  } else {
    out["value"] = nullptr;
    out["why"] = row.interval.why();
  }
  if (row.cr2)
    out["cr2"] = {{"lower", row.cr2->estimate.lower},
                  {"upper", row.cr2->estimate.upper},
                  {"se", row.cr2->estimate.se},
                  {"df", row.cr2->estimate.df}};
  if (row.two_way && *row.two_way)
    out["two_way"] = {{"lower", (*row.two_way)->estimate.lower},
                      {"upper", (*row.two_way)->estimate.upper},
                      {"se", (*row.two_way)->estimate.se},
                      {"df", (*row.two_way)->estimate.df}};
  if (row.test)
    out["test"] = {
        {"p", row.test->p}, {"smallest_p", row.test->smallest_p}, {"draws", row.test->n_draw}};
  return out;
}

JsonOutput hypothesis_json(const HypothesisResult& result) {
  JsonOutput out;
  out["id"] = result.planned.hypothesis.id;
  out["suite"] = result.planned.suite;
  out["margin"] = result.planned.hypothesis.margin;
  out["verdict"] = audits::name(result.decision.verdict);
  out["why"] = result.decision.why;
  out["smallest_margin"] = result.decision.smallest_margin;
  out["difference_detected"] = result.decision.difference_detected;
  out["level"] = result.level;
  out["p_holm"] = or_null(result.holm_p);
  if (result.mde)
    out["minimum_detectable_effect"] = *result.mde;
  else
    out["minimum_detectable_effect"] = nullptr;
  out["format_dependent"] = result.format_dependent;
  out["estimate"] = estimate_json(result.estimate);
  return out;
}

}  // namespace

std::string audit_text(const AuditSummary& summary) {
  std::string out =
      fmt::format("audit of {}, run {}{}\n", escape_terminal(summary.run.model), summary.run.id,
                  summary.control ? " (control: no finding counts)" : "");
  out += fmt::format(
      "plan: {}{}; alpha {}, seed {}, {} draws; dated by the auditor's own clock, not witnessed\n",
      audits::name(summary.plan.kind),
      summary.plan.author.empty() ? "" : " by " + escape_terminal(summary.plan.author),
      summary.plan.alpha, summary.plan.seed, with_commas(summary.plan.n_draw));
  for (const audits::CompetenceGate& gate : summary.gates)
    out += fmt::format("competence in '{}': {}\n", escape_terminal(gate.language),
                       gate.passed ? "open" : "closed: " + gate.why);
  for (const audits::ControlCheck& check : summary.controls)
    out += fmt::format("control {}: {}\n", check.suite,
                       !check.why.empty() ? "not assessable: " + check.why
                       : check.flagged    ? "flagged: verdicts in its language are withheld"
                                          : "found nothing");
  for (const HypothesisResult& result : summary.hypotheses)
    out += fmt::format("hypothesis {} ({}{}): {}\n", result.planned.hypothesis.id,
                       result.planned.suite, selection_text(result.estimate.selection),
                       verdict_text(result));
  if (summary.hypotheses.empty()) out += "no declared hypothesis: exploratory, no verdict\n";
  if (summary.exit_code == 0) out += "every declared hypothesis within its margin\n";
  add_suites(out, summary);
  return out;
}

JsonOutput audit_json(const AuditSummary& summary, std::string_view command) {
  JsonOutput out = json_result(command);
  out["run"] = summary.run.id;
  out["model"] = summary.run.model;
  out["model_hash"] = or_null(summary.run.model_hash);
  out["control"] = summary.control;
  out["plan"] = {{"kind", audits::name(summary.plan.kind)},
                 {"author", summary.plan.author},
                 {"sha256", summary.plan_hash},
                 {"alpha", summary.plan.alpha},
                 {"seed", summary.plan.seed},
                 {"draws", summary.plan.n_draw}};
  out["gates"] = JsonOutput::array();
  for (const audits::CompetenceGate& gate : summary.gates)
    out["gates"].push_back({{"language", gate.language},
                            {"suite", gate.suite},
                            {"passed", gate.passed},
                            {"why", gate.why}});
  out["controls"] = JsonOutput::array();
  for (const audits::ControlCheck& check : summary.controls)
    out["controls"].push_back(
        {{"suite", check.suite}, {"flagged", check.flagged}, {"why", check.why}});
  out["hypotheses"] = JsonOutput::array();
  for (const HypothesisResult& result : summary.hypotheses)
    out["hypotheses"].push_back(hypothesis_json(result));
  out["estimates"] = JsonOutput::array();
  for (const EstimateRow& row : summary.estimates) out["estimates"].push_back(estimate_json(row));
  out["exit_code"] = summary.exit_code;
  return out;
}

}  // namespace moescope::cli

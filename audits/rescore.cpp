#include "audits/rescore.hpp"

#include <fmt/core.h>

#include <algorithm>

#include <map>
#include <optional>
#include <utility>

#include "audits/gather.hpp"
#include "audits/suite.hpp"

namespace moescope::audits {
namespace {

using trace::AuditItemRow;
using trace::AuditOutcomeRow;
using trace::AuditSequenceRow;

probes::ScoredSequence evidence_of(trace::Database& db, std::int64_t run,
                                   const AuditSequenceRow& row) {
  trace::SequenceEvidence evidence = trace::read_sequence(db, run, row);
  const bool alone = row.purpose == "unconditional";
  return {
      .key = {.candidate = row.candidate,
              .role = row.role,
              .correct = row.correct,
              .purpose = alone ? probes::Purpose::kUnconditional : probes::Purpose::kConditional,
              .order = row.ordering,
              .place = row.place},
      .n_byte = evidence.n_byte - std::min(evidence.n_byte, row.text_begin),
      .logprob = std::move(evidence.logprob),
      .failure = std::move(evidence.failure)};
}

std::string shown(const AuditOutcomeRow& row) {
  return row.value ? fmt::format("{}", *row.value) : row.state;
}

class Comparison {
 public:
  Comparison(std::string suite, const AuditItemRow& item, Rescored& out)
      : suite_(std::move(suite)), item_(item), out_(out) {}

  void compare(const std::vector<AuditOutcomeRow>& computed) {
    std::map<std::pair<std::string, std::string>, const AuditOutcomeRow*> recorded;
    for (const AuditOutcomeRow& row : item_.outcomes) recorded[{row.format, row.metric}] = &row;
    for (const AuditOutcomeRow& row : computed) {
      ++out_.n_outcome;
      const auto at = recorded.find({row.format, row.metric});
      if (at == recorded.end()) {
        add(row, "not there", shown(row));
        continue;
      }
      const AuditOutcomeRow& old = *at->second;
      if (old.state != row.state || old.value != row.value || old.choice != row.choice)
        add(row, shown(old), shown(row));
      recorded.erase(at);
    }
    for (const auto& [key, row] : recorded) add(*row, shown(*row), "not there");
  }

 private:
  void add(const AuditOutcomeRow& row, std::string recorded, std::string computed) {
    constexpr std::size_t kShown = 100;
    ++out_.n_difference;
    if (out_.differences.size() < kShown)
      out_.differences.push_back(
          {suite_, item_.name, row.format, row.metric, std::move(recorded), std::move(computed)});
  }

  std::string suite_;
  const AuditItemRow& item_;
  Rescored& out_;
};

}  // namespace

Rescored rescore(trace::Database& db, const trace::RunRow& run) {
  Rescored out;
  const trace::AuditRow audit = trace::read_audit(db, run.id);
  for (std::size_t i = 0; i < audit.suites.size(); ++i) {
    const Suite head = parse_suite_head(audit.suites[i].info, db.name());
    for (const AuditItemRow& item : trace::read_audit_items(db, run.id, i, true)) {
      std::map<std::string, std::vector<probes::ScoredSequence>> by_format;
      for (const AuditSequenceRow& row : item.sequences)
        by_format[row.format].push_back(evidence_of(db, run.id, row));
      std::vector<AuditOutcomeRow> computed;
      for (const auto& [format, sequences] : by_format)
        for (AuditOutcomeRow& row : outcome_rows(head, format, item.labels, sequences))
          computed.push_back(std::move(row));
      Comparison(head.info.name, item, out).compare(computed);
    }
  }
  return out;
}

}  // namespace moescope::audits

#include "core/trace/audit_inserter.hpp"

#include "core/base/error.hpp"
#include "core/base/escape.hpp"

namespace moescope::trace {

void insert_audit(Database& db, std::int64_t run, const AuditRow& audit) {
  db.prepare(
        "INSERT INTO audit (run, plan, plan_hash, plan_kind, control) VALUES (?1, ?2, ?3, ?4, ?5)")
      .run(run, audit.plan, audit.plan_hash, audit.plan_kind, audit.control ? 1 : 0);
  Statement suite = db.prepare(
      "INSERT INTO audit_suite (run, idx, name, version, sha256, probe, language, licence, draft, "
      "info, n_item) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)");
  for (std::size_t i = 0; i < audit.suites.size(); ++i) {
    const AuditSuiteRow& row = audit.suites[i];
    suite.run(run, i, row.name, row.version, row.sha256, row.probe, row.language, row.licence,
              row.draft ? 1 : 0, row.info, row.n_item);
  }
}

AuditInserter::AuditInserter(Database& db, std::int64_t run)
    : db_(db),
      item_(db, "INSERT INTO audit_item (suite, idx, name) VALUES (?1, ?2, ?3)"),
      label_(db, "INSERT INTO audit_label (item, key, value) VALUES (?1, ?2, ?3)"),
      sequence_(db,
                "INSERT INTO audit_sequence (prompt, item, format, candidate, role, correct, "
                "purpose, ordering, place, text_begin, n_scored, logprob) VALUES (?1, ?2, ?3, ?4, "
                "?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)"),
      outcome_(db,
               "INSERT INTO audit_outcome (item, format, metric, state, value, choice, why) "
               "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)") {
  Statement suites = db.prepare("SELECT id FROM audit_suite WHERE run = ?1 ORDER BY idx");
  suites.bind(1, run);
  while (suites.step()) suite_ids_.push_back(suites.integer(0));
}

void AuditInserter::insert(const AuditItemRow& item,
                           const std::map<std::uint64_t, std::int64_t>& prompt_ids) {
  if (item.suite >= suite_ids_.size())
    fail(ErrorCode::kBadInput, "{}: item '{}': expected one of {} suites, got number {}",
         db_.name(), escape_terminal(item.name), suite_ids_.size(), item.suite);
  item_.run(suite_ids_[item.suite], item.index, item.name);
  const std::int64_t id = db_.last_insert_id();
  for (const auto& [key, value] : item.labels) label_.run(id, key, value);
  for (const AuditSequenceRow& row : item.sequences) {
    const auto prompt = prompt_ids.find(row.prompt);
    if (prompt == prompt_ids.end())
      fail(ErrorCode::kBadInput, "{}: item '{}': prompt {} is not among its own", db_.name(),
           escape_terminal(item.name), row.prompt);
    sequence_.run(prompt->second, id, row.format, row.candidate, row.role, row.correct ? 1 : 0,
                  row.purpose, row.ordering, row.place, row.text_begin, row.n_scored, row.logprob);
  }
  for (const AuditOutcomeRow& row : item.outcomes)
    outcome_.run(id, row.format, row.metric, row.state, row.value, row.choice, row.why);
}

}  // namespace moescope::trace

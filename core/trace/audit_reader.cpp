#include "core/trace/audit_reader.hpp"

#include <map>

#include "core/base/error.hpp"
#include "core/trace/schema.hpp"

namespace moescope::trace {
namespace {

constexpr std::int64_t kMaxCount = std::int64_t{1} << 52;

std::uint64_t count_of(const Statement& row, int at) {
  return static_cast<std::uint64_t>(row.integer(at, 0, kMaxCount));
}

using ItemPlaces = std::map<std::int64_t, std::size_t>;

void read_labels(Database& db, std::int64_t suite, const ItemPlaces& place,
                 std::vector<AuditItemRow>& items) {
  Statement rows = db.prepare(
      "SELECT l.item, l.key, l.value FROM audit_item i CROSS JOIN audit_label l ON l.item = i.id "
      "WHERE i.suite = ?1");
  rows.bind(1, suite);
  while (rows.step()) items[place.at(rows.integer(0))].labels[rows.bytes(1)] = rows.bytes(2);
}

void read_outcomes(Database& db, std::int64_t suite, const ItemPlaces& place,
                   std::vector<AuditItemRow>& items) {
  Statement rows = db.prepare(
      "SELECT o.item, o.format, o.metric, o.state, o.value, o.choice, o.why FROM audit_item i "
      "CROSS JOIN audit_outcome o ON o.item = i.id WHERE i.suite = ?1 "
      "ORDER BY o.item, o.format, o.metric");
  rows.bind(1, suite);
  while (rows.step())
    items[place.at(rows.integer(0))].outcomes.push_back({rows.bytes(1), rows.bytes(2),
                                                         rows.bytes(3), rows.maybe_real(4),
                                                         rows.maybe_bytes(5), rows.maybe_bytes(6)});
}

void read_sequences(Database& db, std::int64_t suite, const ItemPlaces& place,
                    std::vector<AuditItemRow>& items) {
  Statement rows = db.prepare(
      "SELECT q.item, p.idx, q.format, q.candidate, q.role, q.correct, q.purpose, q.ordering, "
      "q.place, q.text_begin, q.n_scored, q.logprob FROM audit_item i CROSS JOIN audit_sequence q "
      "ON q.item = i.id JOIN prompt p ON p.id = q.prompt WHERE i.suite = ?1 ORDER BY p.idx");
  rows.bind(1, suite);
  while (rows.step())
    items[place.at(rows.integer(0))].sequences.push_back(
        {.prompt = count_of(rows, 1),
         .format = rows.bytes(2),
         .candidate = static_cast<std::uint32_t>(rows.integer(3, 0, INT32_MAX)),
         .role = rows.bytes(4),
         .correct = rows.integer(5, 0, 1) == 1,
         .purpose = rows.bytes(6),
         .ordering = static_cast<std::uint32_t>(rows.integer(7, 0, INT32_MAX)),
         .place = static_cast<std::uint32_t>(rows.integer(8, 0, INT32_MAX)),
         .text_begin = count_of(rows, 9),
         .n_scored = count_of(rows, 10),
         .logprob = rows.maybe_real(11)});
}

}  // namespace

RunRow find_audit(Database& db, std::optional<std::int64_t> id) {
  const auto is_audit = [&db](std::int64_t run) {
    Statement row = db.prepare("SELECT 1 FROM audit WHERE run = ?1");
    row.bind(1, run);
    return row.step();
  };
  if (!has_audit_tables(db))
    fail(ErrorCode::kBadInput, "{}: no audit in it; make one with 'moescope audit'", db.name());
  const std::vector<RunRow> runs = list_runs(db);
  if (id) {
    RunRow run = find_run(db, id);
    if (!is_audit(run.id))
      fail(ErrorCode::kBadInput, "{}: run {}: expected an audit, got a recording", db.name(), *id);
    return run;
  }
  for (auto run = runs.rbegin(); run != runs.rend(); ++run)
    if (run->status == "complete" && is_audit(run->id)) return *run;
  fail(ErrorCode::kBadInput,
       "{}: no complete audit in it; make one with 'moescope audit', or go on with --resume",
       db.name());
}

AuditRow read_audit(Database& db, std::int64_t run) {
  AuditRow out;
  Statement row =
      db.prepare("SELECT plan, plan_hash, plan_kind, control FROM audit WHERE run = ?1");
  row.bind(1, run);
  if (!row.step()) fail(ErrorCode::kBadInput, "{}: run {}: no audit", db.name(), run);
  out.plan = row.bytes(0);
  out.plan_hash = row.bytes(1);
  out.plan_kind = row.bytes(2);
  out.control = row.integer(3, 0, 1) == 1;
  Statement suites = db.prepare(
      "SELECT name, version, sha256, probe, language, licence, draft, info, n_item "
      "FROM audit_suite WHERE run = ?1 ORDER BY idx");
  suites.bind(1, run);
  while (suites.step())
    out.suites.push_back({.name = suites.bytes(0),
                          .version = suites.bytes(1),
                          .sha256 = suites.bytes(2),
                          .probe = suites.bytes(3),
                          .language = suites.bytes(4),
                          .licence = suites.bytes(5),
                          .draft = suites.integer(6, 0, 1) == 1,
                          .info = suites.bytes(7),
                          .n_item = count_of(suites, 8)});
  return out;
}

std::vector<AuditItemRow> read_audit_items(Database& db, std::int64_t run, std::uint64_t suite,
                                           bool with_sequences) {
  Statement id = db.prepare("SELECT id FROM audit_suite WHERE run = ?1 AND idx = ?2");
  id.bind_all(run, suite);
  if (!id.step()) fail(ErrorCode::kBadInput, "{}: run {}: no suite {}", db.name(), run, suite);
  const std::int64_t key = id.integer(0);
  std::vector<AuditItemRow> items;
  ItemPlaces place;
  Statement rows = db.prepare("SELECT id, idx, name FROM audit_item WHERE suite = ?1 ORDER BY idx");
  rows.bind(1, key);
  while (rows.step()) {
    place[rows.integer(0)] = items.size();
    items.push_back({.suite = suite, .index = count_of(rows, 1), .name = rows.bytes(2)});
  }
  read_labels(db, key, place, items);
  read_outcomes(db, key, place, items);
  if (with_sequences) read_sequences(db, key, place, items);
  return items;
}

SequenceEvidence read_sequence(Database& db, std::int64_t run, const AuditSequenceRow& sequence) {
  SequenceEvidence out;
  Statement prompt =
      db.prepare("SELECT id, n_byte, failure FROM prompt WHERE run = ?1 AND idx = ?2");
  prompt.bind_all(run, sequence.prompt);
  if (!prompt.step())
    fail(ErrorCode::kBadInput, "{}: run {}: no prompt {}", db.name(), run, sequence.prompt);
  out.n_byte = count_of(prompt, 1);
  out.failure = prompt.maybe_bytes(2).value_or("");
  const std::int64_t id = prompt.integer(0);
  Statement tokens = db.prepare(
      "SELECT t.pos, t.logprob FROM token t WHERE t.prompt = ?1 AND t.begin_byte >= ?2 "
      "AND t.logprob IS NOT NULL UNION ALL "
      "SELECT t.pos, t.logprob FROM prompt_shared s JOIN token t ON t.prompt = s.main "
      "AND t.pos < s.n_shared WHERE s.prompt = ?1 AND t.begin_byte >= ?2 "
      "AND t.logprob IS NOT NULL ORDER BY 1");
  tokens.bind_all(id, sequence.text_begin);
  while (tokens.step()) out.logprob.push_back(static_cast<float>(tokens.real(1)));
  return out;
}

}  // namespace moescope::trace

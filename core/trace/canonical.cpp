#include "core/trace/canonical.hpp"

#include <fmt/core.h>

#include <bit>
#include <string>
#include <vector>

#include "core/base/error.hpp"
#include "core/base/escape.hpp"
#include "core/base/sha256.hpp"
#include "core/trace/schema.hpp"

namespace moescope::trace {
namespace {

constexpr CanonicalTable kTables[] = {
    {"run",
     "SELECT status, model_hash, weights_id, tokenizer_hash, config, family, n_layer, n_expert, "
     "top_k, n_route, routing_layers, n_vocab, compute, scores, text_mode, capture_type, n_lens, "
     "seed, prompts_hash, n_prompt, code_version FROM run WHERE id = ?1"},
    {"run_option",
     "SELECT key, value FROM run_option WHERE run = ?1 AND key <> 'files' ORDER BY key"},
    {"prompt",
     "SELECT idx, name, grp, text, sha256, n_byte, n_prefill, n_decode, finish, failure "
     "FROM prompt WHERE run = ?1 ORDER BY idx"},
    {"prompt_label",
     "SELECT p.idx, l.key, l.value FROM prompt p CROSS JOIN prompt_label l ON l.prompt = p.id "
     "WHERE p.run = ?1 ORDER BY p.idx, l.key"},
    {"token",
     "SELECT p.idx, t.pos, t.phase, t.token_id, t.text, t.begin_byte, t.end_byte, t.logprob, "
     "t.entropy, t.rank, t.predicted, t.router_logits "
     "FROM prompt p CROSS JOIN token t ON t.prompt = p.id WHERE p.run = ?1 ORDER BY p.idx, t.pos"},
    {"routing",
     "SELECT p.idx, t.pos, g.layer, g.slot, g.expert, g.weight, g.margin FROM prompt p "
     "CROSS JOIN token t ON t.prompt = p.id CROSS JOIN routing g ON g.token = t.id "
     "WHERE p.run = ?1 ORDER BY p.idx, t.pos, g.layer, g.slot"},
    {"lens",
     "SELECT p.idx, t.pos, l.layer, l.rank, l.token_id, l.logprob FROM prompt p "
     "CROSS JOIN token t ON t.prompt = p.id CROSS JOIN lens l ON l.token = t.id "
     "WHERE p.run = ?1 ORDER BY p.idx, t.pos, l.layer, l.rank"},
    {"sidecar",
     "SELECT p.idx, s.sha256, s.n_byte FROM prompt p CROSS JOIN sidecar s ON s.prompt = p.id "
     "WHERE p.run = ?1 ORDER BY p.idx"},
    {"activation",
     "SELECT p.idx, a.site, a.n_row, a.n_col, a.dtype, a.pos, a.value, a.sidecar IS NOT NULL "
     "AS in_sidecar FROM prompt p CROSS JOIN activation a ON a.prompt = p.id "
     "WHERE p.run = ?1 ORDER BY p.idx, a.site"},
    {"vocab", "SELECT token_id, text FROM vocab WHERE run = ?1 ORDER BY token_id"},
    {"run_tokens", "SELECT phase, n_token, n_prompt FROM run_tokens WHERE run = ?1 ORDER BY phase"},
    {"label", "SELECT key, value FROM label WHERE run = ?1 ORDER BY key, value"},
    {"label_tokens",
     "SELECT l.key, l.value, t.phase, t.n_token, t.n_prompt FROM label l "
     "JOIN label_tokens t ON t.label = l.id WHERE l.run = ?1 ORDER BY l.key, l.value, t.phase"},
    {"usage_run",
     "SELECT phase, layer, expert, count, weight_sum FROM usage_run WHERE run = ?1 "
     "ORDER BY phase, layer, expert"},
    {"usage_prompt",
     "SELECT u.phase, p.idx, u.layer, u.expert, u.count, u.weight_sum FROM usage_prompt u "
     "JOIN prompt p ON p.id = u.prompt WHERE u.run = ?1 "
     "ORDER BY u.phase, p.idx, u.layer, u.expert"},
    {"usage_label",
     "SELECT u.phase, l.key, l.value, u.layer, u.expert, u.count, u.weight_sum FROM usage_label u "
     "JOIN label l ON l.id = u.label WHERE u.run = ?1 "
     "ORDER BY u.phase, l.key, l.value, u.layer, u.expert"},
    {"token_expert",
     "SELECT phase, layer, expert, token_id, count, weight_sum FROM token_expert WHERE run = ?1 "
     "ORDER BY phase, layer, expert, token_id"},
    {"coselection",
     "SELECT phase, layer, expert_a, expert_b, count FROM coselection WHERE run = ?1 "
     "ORDER BY phase, layer, expert_a, expert_b"},
    {"prompt_shared",
     "SELECT p.idx, m.idx AS main_idx, s.n_shared FROM prompt p CROSS JOIN prompt_shared s ON "
     "s.prompt = p.id JOIN prompt m ON m.id = s.main WHERE p.run = ?1 ORDER BY p.idx",
     true},
    {"audit", "SELECT plan, plan_hash, plan_kind, control FROM audit WHERE run = ?1", true},
    {"audit_suite",
     "SELECT idx, name, version, sha256, probe, language, licence, draft, info, n_item "
     "FROM audit_suite WHERE run = ?1 ORDER BY idx",
     true},
    {"audit_item",
     "SELECT s.idx AS suite_idx, i.idx, i.name FROM audit_suite s CROSS JOIN audit_item i ON "
     "i.suite = s.id WHERE s.run = ?1 ORDER BY s.idx, i.idx",
     true},
    {"audit_label",
     "SELECT s.idx AS suite_idx, i.idx, l.key, l.value FROM audit_suite s CROSS JOIN audit_item i "
     "ON i.suite = s.id CROSS JOIN audit_label l ON l.item = i.id WHERE s.run = ?1 "
     "ORDER BY s.idx, i.idx, l.key",
     true},
    {"audit_sequence",
     "SELECT p.idx, s.idx AS suite_idx, i.idx AS item_idx, q.format, q.candidate, q.role, "
     "q.correct, q.purpose, q.ordering, q.place, q.text_begin, q.n_scored, q.logprob FROM prompt p "
     "CROSS JOIN audit_sequence q ON q.prompt = p.id JOIN audit_item i ON i.id = q.item "
     "JOIN audit_suite s ON s.id = i.suite WHERE p.run = ?1 ORDER BY p.idx",
     true},
    {"audit_outcome",
     "SELECT s.idx AS suite_idx, i.idx, o.format, o.metric, o.state, o.value, o.choice, o.why "
     "FROM audit_suite s CROSS JOIN audit_item i ON i.suite = s.id CROSS JOIN audit_outcome o ON "
     "o.item = i.id WHERE s.run = ?1 ORDER BY s.idx, i.idx, o.format, o.metric",
     true},
};

constexpr CanonicalTable kWholeFile[] = {
    {"meta", "SELECT key, value FROM meta ORDER BY key"},
};

std::string blob_cell(std::string_view bytes) {
  if (bytes.size() > 64) return "sha256:" + sha256_hex(bytes);
  std::string out = "x";
  for (const char c : bytes) out += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return out;
}

std::string cell(const Statement& row, int at) {
  switch (row.type(at)) {
    case ColumnType::kNull:
      return "null";
    case ColumnType::kInteger:
      return std::to_string(row.integer(at));
    case ColumnType::kReal:
      return fmt::format("f{:016x}", std::bit_cast<std::uint64_t>(row.real(at)));
    case ColumnType::kText:
      return json_string(row.view(at));
    case ColumnType::kBlob:
      return blob_cell(row.view(at));
  }
  return "";
}

void write_table(std::ostream& out, std::string_view table, Statement& rows) {
  out << "table " << table << ":";
  for (int i = 0; i < rows.n_column(); ++i) out << ' ' << rows.column_name(i);
  out << '\n';
  while (rows.step()) {
    for (int i = 0; i < rows.n_column(); ++i) out << (i > 0 ? "\t" : "") << cell(rows, i);
    out << '\n';
  }
}

std::vector<std::int64_t> wanted_runs(Database& db, std::optional<std::int64_t> wanted) {
  std::vector<std::int64_t> out;
  Statement rows = db.prepare("SELECT id FROM run ORDER BY id");
  while (rows.step())
    if (!wanted || rows.integer(0) == *wanted) out.push_back(rows.integer(0));
  if (wanted && out.empty())
    fail(ErrorCode::kBadInput, "{}: run {}: no such run", db.name(), *wanted);
  return out;
}

bool is_audit(Database& db, std::int64_t run) {
  if (!has_audit_tables(db)) return false;
  Statement row = db.prepare("SELECT 1 FROM audit WHERE run = ?1");
  row.bind(1, run);
  return row.step();
}

}  // namespace

std::span<const CanonicalTable> canonical_tables() {
  return kTables;
}

void write_canonical(Database& db, std::ostream& out, std::optional<std::int64_t> run) {
  db.execute("BEGIN");  // one snapshot, whatever a writer does meanwhile
  for (const CanonicalTable& table : kWholeFile) {
    Statement rows = db.prepare(table.sql);
    write_table(out, table.table, rows);
  }
  std::size_t ordinal = 0;
  for (const std::int64_t id : wanted_runs(db, run)) {
    out << "run " << ++ordinal << '\n';
    const bool audited = is_audit(db, id);
    for (const CanonicalTable& table : kTables) {
      if (table.of_audits && !audited) continue;
      Statement rows = db.prepare(table.sql);
      rows.bind(1, id);
      write_table(out, table.table, rows);
    }
  }
  db.execute("COMMIT");
  if (!out) fail(ErrorCode::kRetry, "canonical text: write: no space, or the reader went away");
}

}  // namespace moescope::trace

#include "core/trace/run_row.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include <array>
#include <map>
#include <span>

#include "core/base/clock.hpp"
#include "core/base/error.hpp"
#include "core/base/escape.hpp"
#include "core/trace/audit_inserter.hpp"

namespace moescope::trace {
namespace {

template <class E>
struct Named {
  E value;
  std::string_view name;
};

constexpr Named<Scores> kScores[] = {
    {Scores::kAll, "all"}, {Scores::kTopk, "topk"}, {Scores::kNone, "none"}};
constexpr Named<TextMode> kTextModes[] = {
    {TextMode::kNone, "none"}, {TextMode::kHash, "hash"}, {TextMode::kFull, "full"}};
constexpr Named<ElementType> kCaptureTypes[] = {
    {ElementType::kF32, "f32"}, {ElementType::kF16, "f16"}, {ElementType::kBF16, "bf16"}};

template <class E, std::size_t N>
E parse_named(const Named<E> (&table)[N], std::string_view what, std::string_view text) {
  std::string known;
  for (const Named<E>& row : table) {
    if (row.name == text) return row.value;
    known += fmt::format("{}{}", known.empty() ? "" : ", ", row.name);
  }
  fail(ErrorCode::kUsage, "{}: expected one of {}, got '{}'", what, known, escape_terminal(text));
}

template <class E, std::size_t N>
std::string_view name_of(const Named<E> (&table)[N], E value) {
  for (const Named<E>& row : table)
    if (row.value == value) return row.name;
  return "";
}

std::string layers_text(const RunInfo& info) {
  std::string out = "[";
  for (const LayerIdx layer : info.routing_layers)
    out += fmt::format("{}{}", out.size() > 1 ? "," : "", layer.value);
  return out + "]";
}

std::string host_name() {
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) return "unknown";
  return host.data();
}

/// A column that decides the content, as text.
struct PlanField {
  std::string_view column;
  std::string value;
};

std::vector<PlanField> plan_fields(const RunInfo& info) {
  return {
      {"weights_id", info.weights_id},
      {"config", info.config},
      {"tokenizer_hash", info.tokenizer_hash.value_or("")},
      {"family", info.family},
      {"n_layer", std::to_string(info.n_layer)},
      {"n_expert", std::to_string(info.n_expert)},
      {"top_k", std::to_string(info.top_k)},
      {"routing_layers", layers_text(info)},
      {"n_vocab", std::to_string(info.n_vocab)},
      {"prompts_hash", info.prompts_hash},
      {"n_prompt", std::to_string(info.n_prompt)},
      {"compute", info.compute},
      {"scores", std::string(name(info.scores))},
      {"text_mode", std::string(name(info.text))},
      {"capture_type", std::string(moescope::name(info.capture_type))},
      {"n_lens", std::to_string(info.n_lens)},
      {"seed", std::to_string(static_cast<std::int64_t>(info.seed))},
  };
}

/// Kept among the options, but no part of the plan: a copy of the same files may go on.
constexpr std::string_view kFilesOption = "files";

std::string shortened(std::string_view text) {
  return escape_terminal(text.size() > 40 ? std::string(text.substr(0, 37)) + "..."
                                          : std::string(text));
}

std::map<std::string, std::string> stored_options(Database& db, std::int64_t run) {
  std::map<std::string, std::string> out;
  Statement rows = db.prepare("SELECT key, value FROM run_option WHERE run = ?1");
  rows.bind(1, run);
  while (rows.step()) out[rows.bytes(0)] = rows.bytes(1);
  return out;
}

/// "a" stays "a"; a run that went on with another value says "a, then b".
std::string joined(const std::string& stored, const std::string& now) {
  if (stored == now || stored.ends_with(", then " + now)) return stored;
  return stored.empty() ? now : stored + ", then " + now;
}

}  // namespace

std::string_view name(Scores scores) {
  return name_of(kScores, scores);
}
std::string_view name(TextMode mode) {
  return name_of(kTextModes, mode);
}
Scores parse_scores(std::string_view text) {
  return parse_named(kScores, "--scores", text);
}
TextMode parse_text_mode(std::string_view text) {
  return parse_named(kTextModes, "--text", text);
}
ElementType parse_capture_type(std::string_view text) {
  return parse_named(kCaptureTypes, "--capture-type", text);
}

std::int64_t insert_run(Database& db, const RunInfo& info) {
  Transaction transaction(db);
  db.prepare(
        "INSERT INTO run (status, model, model_path, weights_id, tokenizer_hash, config, family, "
        "n_layer, n_expert, top_k, n_route, routing_layers, n_vocab, compute, scores, text_mode, "
        "capture_type, n_lens, seed, prompts_hash, n_prompt, code_version, isa, threads, batch, "
        "command_line, host, pid, started, retain_until) VALUES ('running', ?1, ?2, ?3, ?4, ?5, "
        "?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, "
        "?24, ?25, ?26, ?27, ?28, ?29)")
      .run(info.model, info.model_path, info.weights_id, info.tokenizer_hash, info.config,
           info.family, info.n_layer, info.n_expert, info.top_k, info.routing_layers.size(),
           layers_text(info), info.n_vocab, info.compute, name(info.scores), name(info.text),
           moescope::name(info.capture_type), info.n_lens, info.seed, info.prompts_hash,
           info.n_prompt, info.code_version, info.isa, info.threads, info.batch, info.command_line,
           host_name(), static_cast<std::int64_t>(::getpid()), utc_now(), info.retain_until);
  const std::int64_t run = db.last_insert_id();
  Statement option = db.prepare("INSERT INTO run_option (run, key, value) VALUES (?1, ?2, ?3)");
  for (const auto& [key, value] : info.options) option.run(run, key, value);
  option.run(run, kFilesOption, info.files_id);
  if (info.audit) insert_audit(db, run, *info.audit);
  transaction.commit();
  return run;
}

std::vector<std::string> differences(Database& db, std::int64_t run, const RunInfo& info) {
  std::vector<std::string> out;
  const auto compare = [&out](std::string_view field, std::string_view stored,
                              std::string_view wanted) {
    if (stored != wanted)
      out.push_back(fmt::format("{} (recorded '{}', now '{}')", escape_terminal(field),
                                shortened(stored), shortened(wanted)));
  };
  for (const PlanField& field : plan_fields(info)) {
    Statement row =
        db.prepare(fmt::format("SELECT CAST({} AS BLOB) FROM run WHERE id = ?1", field.column));
    row.bind(1, run);
    if (!row.step()) fail(ErrorCode::kBadInput, "{}: run {}: no such run", db.name(), run);
    compare(field.column, row.maybe_bytes(0).value_or(""), field.value);
  }
  auto stored = stored_options(db, run);
  stored.erase(std::string(kFilesOption));
  for (const auto& [key, value] : info.options) {
    compare(key, stored.contains(key) ? stored[key] : "", value);
    stored.erase(key);
  }
  for (const auto& [key, value] : stored) compare(key, value, "");
  return out;
}

std::vector<std::string> weight_differences(Database& db, std::int64_t run, const RunInfo& info,
                                            const std::function<std::string()>& model_hash) {
  Statement row = db.prepare(
      "SELECT r.model_hash, o.value, EXISTS (SELECT 1 FROM prompt p WHERE p.run = r.id) "
      "FROM run r LEFT JOIN run_option o ON o.run = r.id AND o.key = ?2 WHERE r.id = ?1");
  row.bind_all(run, kFilesOption);
  if (!row.step()) fail(ErrorCode::kBadInput, "{}: run {}: no such run", db.name(), run);
  if (const auto stored = row.maybe_bytes(0)) {
    const std::string now = model_hash();
    if (*stored == now) return {};
    return {
        fmt::format("model_hash (recorded '{}', now '{}')", shortened(*stored), shortened(now))};
  }
  const bool same_files = row.maybe_bytes(1).value_or("") == info.files_id;
  const bool has_prompts = row.integer(2) != 0;
  if (same_files || !has_prompts) return {};
  return {
      "files (not the names, sizes and times recorded, and the run was cut off before their hash "
      "was known)"};
}

void reopen_run(Database& db, std::int64_t run, const RunInfo& info) {
  Transaction transaction(db);
  Statement row = db.prepare("SELECT isa, code_version FROM run WHERE id = ?1");
  row.bind(1, run);
  if (!row.step()) fail(ErrorCode::kBadInput, "{}: run {}: no such run", db.name(), run);
  const std::string isa = joined(row.maybe_bytes(0).value_or(""), info.isa);
  const std::string version = joined(row.maybe_bytes(1).value_or(""), info.code_version);
  row.reset();
  db.prepare(
        "UPDATE run SET status = 'running', n_resume = n_resume + 1, isa = ?2, code_version = ?3, "
        "host = ?4, pid = ?5, threads = ?6, batch = ?7 WHERE id = ?1")
      .run(run, isa, version, host_name(), static_cast<std::int64_t>(::getpid()), info.threads,
           info.batch);
  db.prepare("INSERT OR REPLACE INTO run_option (run, key, value) VALUES (?1, ?2, ?3)")
      .run(run, kFilesOption, info.files_id);
  transaction.commit();
}

}  // namespace moescope::trace

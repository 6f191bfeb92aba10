#include "core/trace/reader.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <bit>
#include <charconv>

#include "core/base/error.hpp"
#include "core/base/escape.hpp"
#include "core/base/json.hpp"
#include "core/trace/schema.hpp"

namespace moescope::trace {
namespace {

constexpr std::int64_t kMaxLayer = 100'000;
constexpr std::int64_t kMaxExpert = 65'536;
constexpr std::int64_t kMaxCount = INT64_MAX;

std::size_t size_of(const Statement& row, int at, std::int64_t hi) {
  return static_cast<std::size_t>(row.integer(at, 0, hi));
}

std::optional<float> maybe_float(const Statement& row, int at) {
  if (row.is_null(at)) return std::nullopt;
  return static_cast<float>(row.real(at));
}

std::vector<LayerIdx> read_layers(Database& db, const Statement& row, int at, std::size_t n_layer) {
  JsonLimits limits;
  limits.max_depth = 2;
  const auto json = parse_json(row.view(at), db.name() + ": column 'routing_layers'", limits);
  std::vector<LayerIdx> out;
  for (const JsonNode& item : JsonNode(json, db.name() + ": column 'routing_layers'").items()) {
    const auto layer = static_cast<std::size_t>(item.uint(0, n_layer == 0 ? 0 : n_layer - 1));
    if (!out.empty() && layer <= out.back().value) item.expected("layers in rising order");
    out.emplace_back(layer);
  }
  return out;
}

constexpr std::string_view kRunSql =
    "SELECT r.id, r.status, r.model, r.model_hash, r.family, r.n_layer, r.n_expert, r.top_k, "
    "r.routing_layers, r.compute, r.scores, r.text_mode, r.n_prompt, v.n_prompt_done, "
    "v.n_prompt_failed, v.n_token, r.started, r.finished "
    "FROM run r JOIN v_run v ON v.run = r.id ORDER BY r.id";

RunRow read_run(Database& db, const Statement& row) {
  RunRow out;
  out.id = row.integer(0);
  out.status = row.bytes(1);
  out.model = row.bytes(2);
  out.model_hash = row.maybe_bytes(3);
  out.family = row.bytes(4);
  out.n_layer = size_of(row, 5, kMaxLayer);
  out.n_expert = size_of(row, 6, kMaxExpert);
  out.top_k = size_of(row, 7, static_cast<std::int64_t>(out.n_expert));
  out.routing_layers = read_layers(db, row, 8, out.n_layer);
  out.compute = row.bytes(9);
  out.scores = row.bytes(10);
  out.text_mode = row.bytes(11);
  out.n_prompt = size_of(row, 12, kMaxCount);
  out.n_done = size_of(row, 13, kMaxCount);
  out.n_failed = size_of(row, 14, kMaxCount);
  out.n_token = size_of(row, 15, kMaxCount);
  out.started = row.bytes(16);
  out.finished = row.maybe_bytes(17);
  return out;
}

PromptRow read_prompt(const Statement& row) {
  PromptRow out;
  out.id = row.integer(0);
  out.index = size_of(row, 1, kMaxCount);
  out.name = row.bytes(2);
  out.group = row.maybe_bytes(3);
  out.sha256 = row.maybe_bytes(4);
  out.n_prefill = size_of(row, 5, kMaxCount);
  out.n_decode = size_of(row, 6, kMaxCount);
  out.finish = row.bytes(7);
  out.failure = row.maybe_bytes(8);
  return out;
}

constexpr std::string_view kPromptColumns =
    "SELECT id, idx, name, grp, sha256, n_prefill, n_decode, finish, failure";

void read_labels(Database& db, std::vector<PromptRow>& prompts, std::int64_t run) {
  Statement rows = db.prepare(
      "SELECT p.idx, l.key, l.value FROM prompt p CROSS JOIN prompt_label l ON l.prompt = p.id "
      "WHERE p.run = ?1 ORDER BY p.idx, l.key");
  rows.bind(1, run);
  std::size_t at = 0;
  while (rows.step()) {
    const std::size_t index = size_of(rows, 0, kMaxCount);
    while (at < prompts.size() && prompts[at].index < index) ++at;
    if (at < prompts.size() && prompts[at].index == index)
      prompts[at].labels.emplace_back(rows.bytes(1), rows.bytes(2));
  }
}

std::vector<float> read_floats(const Statement& row, int at) {
  std::vector<float> out;
  if (row.is_null(at)) return out;
  const std::string_view bytes = row.view(at);
  for (std::size_t i = 0; i + 4 <= bytes.size(); i += 4) {
    std::uint32_t word = 0;
    for (std::size_t b = 0; b < 4; ++b)
      word |= std::uint32_t{static_cast<unsigned char>(bytes[i + b])} << (8 * b);
    out.push_back(std::bit_cast<float>(word));
  }
  return out;
}

TokenRow read_token(const Statement& row) {
  TokenRow out;
  out.pos = TokenPos(size_of(row, 1, INT32_MAX));
  out.phase = row.integer(2, 0, 1) == 0 ? hooks::Phase::kPrefill : hooks::Phase::kDecode;
  out.id = TokenId(size_of(row, 3, INT32_MAX));
  out.text = row.maybe_bytes(4);
  if (!row.is_null(5)) out.begin = size_of(row, 5, kMaxCount);
  if (!row.is_null(6)) out.end = size_of(row, 6, kMaxCount);
  out.logprob = maybe_float(row, 7);
  out.entropy = maybe_float(row, 8);
  if (!row.is_null(9)) out.rank = static_cast<std::uint32_t>(size_of(row, 9, INT32_MAX));
  if (!row.is_null(10)) out.predicted = TokenId(size_of(row, 10, INT32_MAX));
  out.router_logits = read_floats(row, 11);
  return out;
}

ChoiceRow read_choice(const Statement& row, const RunRow& run) {
  const auto last = [](std::size_t n) { return static_cast<std::int64_t>(n) - 1; };
  ChoiceRow out;
  out.layer = LayerIdx(size_of(row, 0, last(run.n_layer)));
  out.slot = static_cast<std::uint32_t>(size_of(row, 1, last(run.top_k)));
  out.expert = ExpertIdx(size_of(row, 2, last(run.n_expert)));
  out.weight = static_cast<float>(row.real(3));
  out.margin = maybe_float(row, 4);
  return out;
}

/// The prompt that holds the first tokens of another one, and how many.
struct SharedBeginning {
  std::int64_t main = 0;
  std::int64_t n_shared = 0;
};

SharedBeginning shared_beginning(Database& db, std::int64_t prompt) {
  if (!has_audit_tables(db)) return {};
  Statement row = db.prepare("SELECT main, n_shared FROM prompt_shared WHERE prompt = ?1");
  row.bind(1, prompt);
  if (!row.step()) return {};
  return {row.integer(0), row.integer(1, 1, INT32_MAX)};
}

}  // namespace

std::vector<RunRow> list_runs(Database& db) {
  std::vector<RunRow> out;
  Statement rows = db.prepare(kRunSql);
  while (rows.step()) out.push_back(read_run(db, rows));
  return out;
}

RunRow find_run(Database& db, std::optional<std::int64_t> id) {
  const std::vector<RunRow> runs = list_runs(db);
  std::vector<std::string> known;
  for (auto run = runs.rbegin(); run != runs.rend(); ++run) {
    if (id ? run->id == *id : run->status == "complete") return *run;
    if (known.size() < 10)
      known.push_back(fmt::format("{} ({})", run->id, escape_terminal(run->status)));
  }
  if (runs.empty())
    fail(ErrorCode::kBadInput, "{}: expected a run, got none; record one with 'moescope record'",
         db.name());
  if (id)
    fail(ErrorCode::kBadInput, "{}: run {}: no such run; there are {}", db.name(), *id,
         fmt::join(known, ", "));
  fail(ErrorCode::kBadInput,
       "{}: no run is complete; name one of {} with --run, or give the command of the recording "
       "again with --resume",
       db.name(), fmt::join(known, ", "));
}

std::vector<PromptRow> list_prompts(Database& db, std::int64_t run) {
  std::vector<PromptRow> out;
  Statement rows =
      db.prepare(fmt::format("{} FROM prompt WHERE run = ?1 ORDER BY idx", kPromptColumns));
  rows.bind(1, run);
  while (rows.step()) out.push_back(read_prompt(rows));
  read_labels(db, out, run);
  return out;
}

PromptRow find_prompt(Database& db, std::int64_t run, std::string_view name_or_index) {
  std::int64_t index = -1;
  const char* last = name_or_index.data() + name_or_index.size();
  if (std::from_chars(name_or_index.data(), last, index).ptr != last) index = -1;
  Statement rows =
      db.prepare(fmt::format("{}, text FROM prompt WHERE run = ?1 AND (name = ?2 OR idx = ?3) "
                             "ORDER BY name = ?2 DESC, idx LIMIT 1",
                             kPromptColumns));
  rows.bind_all(run, name_or_index, index);
  if (!rows.step()) {
    Statement any = db.prepare("SELECT name FROM prompt WHERE run = ?1 ORDER BY idx LIMIT 1");
    any.bind(1, run);
    fail(ErrorCode::kBadInput, "{}: run {}: no prompt '{}'{}", db.name(), run,
         escape_terminal(name_or_index),
         any.step() ? fmt::format("; the first is '{}'", escape_terminal(any.bytes(0))) : "");
  }
  PromptRow out = read_prompt(rows);
  out.text = rows.maybe_bytes(9);
  Statement labels =
      db.prepare("SELECT key, value FROM prompt_label WHERE prompt = ?1 ORDER BY key");
  labels.bind(1, out.id);
  while (labels.step()) out.labels.emplace_back(labels.bytes(0), labels.bytes(1));
  return out;
}

std::vector<TokenRow> read_tokens(Database& db, const RunRow& run, std::int64_t prompt) {
  std::vector<TokenRow> out;
  const SharedBeginning shared = shared_beginning(db, prompt);
  Statement tokens = db.prepare(
      "SELECT id, pos, phase, token_id, text, begin_byte, end_byte, logprob, entropy, rank, "
      "predicted, router_logits FROM token WHERE prompt = ?1 OR (prompt = ?2 AND pos < ?3) "
      "ORDER BY pos");
  Statement choices = db.prepare(
      "SELECT layer, slot, expert, weight, margin FROM routing WHERE token = ?1 "
      "ORDER BY layer, slot");
  tokens.bind_all(prompt, shared.main, shared.n_shared);
  while (tokens.step()) {
    TokenRow& token = out.emplace_back(read_token(tokens));
    choices.reset();
    choices.bind(1, tokens.integer(0));
    while (choices.step()) token.choices.push_back(read_choice(choices, run));
  }
  return out;
}

}  // namespace moescope::trace

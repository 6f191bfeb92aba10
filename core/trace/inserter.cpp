#include "core/trace/inserter.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "core/base/error.hpp"
#include "core/base/escape.hpp"
#include "core/base/sha256.hpp"
#include "core/trace/activation_blob.hpp"

namespace moescope::trace {
namespace {

std::string_view finish_name(const PromptTrace& trace) {
  if (!trace.failure.empty()) return "failed";
  switch (trace.finish) {
    case hooks::FinishReason::kScored:
      return "scored";
    case hooks::FinishReason::kStopToken:
      return "stop_token";
    case hooks::FinishReason::kStopString:
      return "stop_string";
    case hooks::FinishReason::kMaxTokens:
      return "max_tokens";
    case hooks::FinishReason::kContext:
      return "context";
    case hooks::FinishReason::kFailed:
      return "failed";
  }
  return "failed";
}

void expect_size(const PromptTrace& trace, std::string_view what, std::size_t expected,
                 std::size_t got) {
  if (expected != got)
    fail(ErrorCode::kBadInput, "prompt '{}': {}: expected {} values, got {}",
         escape_terminal(trace.input.id), what, expected, got);
}

void check_values(const PromptTrace& trace, const RunInfo& info) {
  for (const std::uint16_t expert : trace.expert)
    if (expert >= info.n_expert)
      fail(ErrorCode::kBadInput, "prompt '{}': chosen expert: expected 0 to {}, got {}",
           escape_terminal(trace.input.id), info.n_expert - 1, expert);
  for (const float weight : trace.weight)
    if (!(std::fabs(weight) < 1e6f))
      fail(ErrorCode::kBadInput, "prompt '{}': applied weight: expected a number, got {}",
           escape_terminal(trace.input.id), weight);
}

/// Inserts all choices of one layer of ?1, a token; of as many layers as fit one statement.
std::size_t layers_per_statement(const RunInfo& info) {
  constexpr std::size_t kMaxRow = 1000;
  const std::size_t n_route = info.routing_layers.size();
  return n_route * info.top_k <= kMaxRow ? std::max<std::size_t>(n_route, 1) : 1;
}

/// One statement for many rows costs half of one a row. With one layer a statement the layer is
/// bound as ?2.
std::string routing_sql(const RunInfo& info) {
  std::string sql = "INSERT INTO routing (token, layer, slot, expert, weight, margin) VALUES ";
  const std::size_t n_layer = layers_per_statement(info);
  std::size_t at = 2;
  for (std::size_t i = 0; i < n_layer; ++i)
    for (std::size_t slot = 0; slot < std::max<std::size_t>(info.top_k, 1); ++slot) {
      const std::string layer = n_layer == 1 ? "?2" : std::to_string(info.routing_layers[i].value);
      sql += fmt::format("{}(?1, {}, {}, ?{}, ?{}, ?{})", at > 2 ? ", " : "", layer, slot, at + 1,
                         at + 2, at + 3);
      at += 3;
    }
  return sql;
}

bool has_row(const PromptTrace& trace, TokenPos pos) {
  return pos.value >= trace.n_shared && pos.value < trace.tokens.size();
}

/// The parts that refer to tokens by position.
void check_positions(const PromptTrace& trace, const RunInfo& info) {
  if (trace.n_shared > 0 && (!trace.shared_with || trace.n_shared > trace.tokens.size()))
    fail(ErrorCode::kBadInput, "prompt '{}': {} shared tokens of {}",
         escape_terminal(trace.input.id), trace.n_shared, trace.tokens.size());
  for (const LensTrace& lens : trace.lens) {
    expect_size(trace, "lens entries", lens.token.size(), lens.logprob.size());
    if (!has_row(trace, lens.pos) || lens.layer.value >= info.n_layer)
      fail(ErrorCode::kBadInput, "prompt '{}': lens: no token {} or layer {}",
           escape_terminal(trace.input.id), lens.pos.value, lens.layer.value);
  }
  for (const ActivationTrace& a : trace.activations)
    if (!has_row(trace, a.pos))
      fail(ErrorCode::kBadInput, "prompt '{}': activation: no token {}",
           escape_terminal(trace.input.id), a.pos.value);
}

}  // namespace

void check_trace(const PromptTrace& trace, const RunInfo& info) {
  if (trace.index >= info.n_prompt)
    fail(ErrorCode::kBadInput, "prompt '{}': index {}: the run has {} prompts",
         escape_terminal(trace.input.id), trace.index, info.n_prompt);
  for (const auto& [key, value] : trace.input.labels)
    if (!std::binary_search(info.label_keys.begin(), info.label_keys.end(), key))
      fail(ErrorCode::kBadInput, "prompt '{}': label '{}' is not among those of the run",
           escape_terminal(trace.input.id), escape_terminal(key));
  if (!trace.failure.empty()) return;
  const std::size_t n_choice = trace.tokens.size() * info.routing_layers.size() * info.top_k;
  const std::size_t n_logit = trace.tokens.size() * info.routing_layers.size() * info.n_expert;
  expect_size(trace, "chosen experts", n_choice, trace.expert.size());
  expect_size(trace, "applied weights", n_choice, trace.weight.size());
  expect_size(trace, "margins", n_choice, trace.margin.size());
  if (info.scores != Scores::kNone)
    expect_size(trace, "router logits", n_logit, trace.router_logits.size());
  check_values(trace, info);
  check_positions(trace, info);
}

Inserter::Inserter(Database& db, std::int64_t run, const RunInfo& info, std::size_t sidecar_bytes)
    : db_(db),
      run_(run),
      info_(info),
      sidecar_bytes_(sidecar_bytes),
      sidecars_(db.name(), run),
      aggregates_(db, run, info),
      prompt_(db,
              "INSERT INTO prompt (run, idx, name, grp, text, sha256, n_byte, n_prefill, n_decode, "
              "finish, failure) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"),
      prompt_label_(db, "INSERT INTO prompt_label (prompt, key, value) VALUES (?1, ?2, ?3)"),
      label_(db, "INSERT INTO label (run, key, value) VALUES (?1, ?2, ?3)"),
      token_(
          db,
          "INSERT INTO token (prompt, pos, phase, token_id, text, begin_byte, end_byte, "
          "logprob, entropy, rank, predicted, router_logits) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, "
          "?8, ?9, ?10, ?11, ?12)"),
      routing_(db, routing_sql(info)),
      lens_(db,
            "INSERT INTO lens (token, layer, rank, token_id, logprob) "
            "VALUES (?1, ?2, ?3, ?4, ?5)"),
      sidecar_(db, "INSERT INTO sidecar (prompt, path, sha256, n_byte) VALUES (?1, ?2, ?3, ?4)"),
      activation_(db,
                  "INSERT INTO activation (prompt, site, n_row, n_col, dtype, pos, value, sidecar) "
                  "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"),
      vocab_(db, "INSERT INTO vocab (run, token_id, text) VALUES (?1, ?2, ?3)"),
      shared_(db, "INSERT INTO prompt_shared (prompt, main, n_shared) VALUES (?1, ?2, ?3)") {
  if (info_.audit) audit_.emplace(db, run);
  load_labels();
  load_vocabulary();
}

void Inserter::load_labels() {
  Statement rows = db_.prepare("SELECT id, key, value FROM label WHERE run = ?1");
  rows.bind(1, run_);
  while (rows.step()) label_ids_[{rows.bytes(1), rows.maybe_bytes(2)}] = rows.integer(0);
}

void Inserter::load_vocabulary() {
  Statement rows = db_.prepare("SELECT token_id FROM vocab WHERE run = ?1");
  rows.bind(1, run_);
  while (rows.step()) {
    const auto id = static_cast<std::size_t>(rows.integer(0, 0, INT32_MAX));
    if (id >= known_piece_.size()) known_piece_.resize(id + 1);
    known_piece_[id] = true;
  }
}

void Inserter::insert(const Parcel& parcel) {
  prompt_ids_.clear();
  for (const PromptTrace& trace : parcel.traces) prompt_ids_[trace.index] = insert_trace(trace);
  insert_shared(parcel);
  if (!parcel.item) return;
  if (!audit_) fail(ErrorCode::kBadInput, "{}: an item of a run without an audit", db_.name());
  audit_->insert(*parcel.item, prompt_ids_);
}

std::int64_t Inserter::insert_trace(const PromptTrace& trace) {
  check_trace(trace, info_);
  const std::int64_t prompt = insert_prompt(trace);
  const std::vector<std::int64_t> labels = insert_labels(trace, prompt);
  if (!trace.failure.empty()) return prompt;
  insert_tokens(trace, prompt);
  insert_activations(trace, prompt);
  aggregates_.add(trace, prompt, labels);
  return prompt;
}

void Inserter::insert_shared(const Parcel& parcel) {
  for (const PromptTrace& trace : parcel.traces) {
    if (trace.n_shared == 0 || !trace.failure.empty()) continue;
    const auto main = prompt_ids_.find(trace.shared_with.value());
    if (main == prompt_ids_.end())
      fail(ErrorCode::kBadInput, "prompt '{}': expected the prompt it begins with beside it",
           escape_terminal(trace.input.id));
    shared_.run(prompt_ids_.at(trace.index), main->second, trace.n_shared);
  }
}

std::int64_t Inserter::insert_prompt(const PromptTrace& trace) {
  std::int64_t n_decode = 0;
  for (const TokenTrace& token : trace.tokens) n_decode += token.phase == hooks::Phase::kDecode;
  const bool failed = !trace.failure.empty();
  const std::int64_t n_prefill = static_cast<std::int64_t>(trace.tokens.size()) - n_decode;
  const std::string& text = trace.input.text;
  std::optional<std::string> hash, kept;
  if (info_.text != TextMode::kNone) hash = sha256_hex(text);
  if (info_.text == TextMode::kFull) kept = text;
  prompt_.run(run_, trace.index, trace.input.id, trace.input.group, kept, hash, text.size(),
              failed ? 0 : n_prefill, failed ? 0 : n_decode, finish_name(trace), reason(trace));
  return db_.last_insert_id();
}

/// Why a prompt failed. A reason that may quote the text goes the way of the text.
std::optional<std::string> Inserter::reason(const PromptTrace& trace) const {
  if (trace.failure.empty()) return std::nullopt;
  if (info_.text == TextMode::kFull || trace.input.failure.empty()) return trace.failure;
  return fmt::format(
      "{}: not readable as a prompt; the reason may quote it and is not kept, as "
      "--text {} asks",
      trace.input.place, name(info_.text));
}

std::int64_t Inserter::label_id(const std::string& key, const std::optional<std::string>& value) {
  const auto [at, fresh] = label_ids_.try_emplace({key, value}, 0);
  if (fresh) {
    label_.run(run_, key, value);
    at->second = db_.last_insert_id();
  }
  return at->second;
}

std::vector<std::int64_t> Inserter::insert_labels(const PromptTrace& trace, std::int64_t prompt) {
  std::map<std::string, std::string> present;
  for (const auto& [key, value] : trace.input.labels) {
    present[key] = value;
    prompt_label_.run(prompt, key, value);
  }
  std::vector<std::int64_t> ids;
  for (const std::string& key : info_.label_keys) {
    const auto at = present.find(key);
    ids.push_back(label_id(key, at == present.end() ? std::nullopt : std::optional(at->second)));
  }
  return ids;
}

std::vector<std::byte> Inserter::logits_blob(const PromptTrace& trace, std::size_t token) const {
  std::vector<std::byte> out;
  const std::size_t n_route = info_.routing_layers.size();
  if (info_.scores == Scores::kNone) return out;
  if (info_.scores == Scores::kAll) {
    const std::size_t n = n_route * info_.n_expert;
    append_values(out, trace.router_logits.data() + token * n, n, ElementType::kF32);
    return out;
  }
  for (std::size_t route = 0; route < n_route; ++route)
    for (std::size_t slot = 0; slot < info_.top_k; ++slot) {
      const std::size_t at = token * n_route + route;
      const std::size_t expert = trace.expert[at * info_.top_k + slot];
      append_values(out, &trace.router_logits[at * info_.n_expert + expert], 1, ElementType::kF32);
    }
  return out;
}

void Inserter::learn_piece(TokenId id, const std::string* text) {
  if (info_.text != TextMode::kFull) return;
  if (id.value < known_piece_.size() && known_piece_[id.value]) return;
  if (id.value < info_.pieces.size()) text = &info_.pieces[id.value];
  if (text == nullptr) return;
  if (id.value >= known_piece_.size()) known_piece_.resize(id.value + std::size_t{1});
  known_piece_[id.value] = true;
  vocab_.run(run_, id.value, *text);
}

void Inserter::insert_tokens(const PromptTrace& trace, std::int64_t prompt) {
  std::int64_t first = 0;
  for (std::size_t pos = trace.n_shared; pos < trace.tokens.size(); ++pos) {
    const TokenTrace& token = trace.tokens[pos];
    std::optional<std::string_view> text;
    if (info_.text == TextMode::kFull) text = token.text;
    const std::vector<std::byte> logits = logits_blob(trace, pos);
    std::optional<Blob> blob;
    if (!logits.empty() && token.fed) blob = logits;
    std::optional<std::uint32_t> predicted;
    if (token.predicted) predicted = token.predicted->value;
    token_.run(prompt, pos, static_cast<int>(token.phase), token.id.value, text, token.begin,
               token.end, token.logprob, token.entropy, token.rank, predicted, blob);
    const std::int64_t id = db_.last_insert_id();
    if (pos == trace.n_shared) first = id - static_cast<std::int64_t>(pos);
    if (token.fed) insert_routing(trace, pos, id);
    if (token.predicted) learn_piece(*token.predicted, nullptr);
    learn_piece(token.id, &token.text);
  }
  insert_lens(trace, first);
}

void Inserter::insert_routing(const PromptTrace& trace, std::size_t token, std::int64_t id) {
  const std::size_t n_route = info_.routing_layers.size();
  const std::size_t step = layers_per_statement(info_);
  if (info_.top_k == 0) return;
  for (std::size_t route = 0; route < n_route; route += step) {
    routing_.bind(1, id);
    if (step == 1) routing_.bind(2, info_.routing_layers[route].value);
    int place = 2;
    for (std::size_t i = 0; i < step * info_.top_k; ++i) {
      const std::size_t at = (token * n_route + route) * info_.top_k + i;
      routing_.bind(++place, trace.expert[at]);
      routing_.bind(++place, trace.weight[at]);
      if (std::isfinite(trace.margin[at])) {
        routing_.bind(++place, trace.margin[at]);
      } else {
        routing_.bind(++place, nullptr);
      }
    }
    routing_.run();
  }
}

void Inserter::insert_lens(const PromptTrace& trace, std::int64_t first_token) {
  for (const LensTrace& lens : trace.lens)
    for (std::size_t rank = 0; rank < lens.token.size(); ++rank) {
      lens_.run(first_token + lens.pos.value, lens.layer.value, rank + 1, lens.token[rank].value,
                lens.logprob[rank]);
      learn_piece(lens.token[rank], nullptr);
    }
}

void Inserter::insert_activations(const PromptTrace& trace, std::int64_t prompt) {
  const std::vector<SiteValues> sites = gather_sites(trace, info_.capture_type);
  std::size_t n_byte = 0;
  for (const SiteValues& site : sites) n_byte += site.bytes.size();
  std::optional<std::int64_t> sidecar;
  if (n_byte > sidecar_bytes_) {
    const SidecarFile file = sidecars_.write(trace.index, sites, info_.capture_type);
    sidecar_.run(prompt, file.path, file.sha256, file.n_byte);
    sidecar = db_.last_insert_id();
  }
  for (const SiteValues& site : sites) {
    std::optional<Blob> value;
    if (!sidecar) value = site.bytes;
    activation_.run(prompt, site.site, site.pos.size(), site.n_col,
                    moescope::name(info_.capture_type),
                    fmt::format("[{}]", fmt::join(site.pos, ",")), value, sidecar);
  }
}

}  // namespace moescope::trace

#include "core/trace/compare_source.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "core/base/error.hpp"
#include "core/base/escape.hpp"

namespace moescope::trace {
namespace {

[[noreturn]] void two_prompts(const RecordedRun& of, const ComparedPrompt& prompt) {
  fail(ErrorCode::kBadInput,
       "{}: run {}: two prompts are named '{}'; --by prompt-index compares by their numbers",
       of.db.name(), of.run.id, escape_terminal(prompt.name));
}

float little_endian(std::string_view four) {
  std::uint32_t word = 0;
  for (std::size_t b = 0; b < 4; ++b)
    word |= std::uint32_t{static_cast<unsigned char>(four[b])} << (8 * b);
  return std::bit_cast<float>(word);
}

}  // namespace

PromptCursor::PromptCursor(const RecordedRun& of, MatchBy by)
    : by_(by),
      rows_(of.db.prepare("SELECT id, name, grp, idx, failure IS NOT NULL FROM prompt "
                          "WHERE run = ?1 ORDER BY idx")) {
  rows_.bind(1, of.run.id);
}

std::optional<ComparedPrompt> PromptCursor::next() {
  if (!rows_.step()) return std::nullopt;
  ComparedPrompt out{.id = rows_.integer(0),
                     .name = rows_.bytes(1),
                     .group = rows_.maybe_bytes(2),
                     .key = {},
                     .failed = rows_.integer(4) != 0};
  out.key = by_ == MatchBy::kPromptName ? out.name : std::to_string(rows_.integer(3));
  return out;
}

PromptTable::PromptTable(const RecordedRun& of, MatchBy by) {
  PromptCursor cursor(of, by);
  while (auto prompt = cursor.next()) {
    if (!place_.try_emplace(prompt->key, prompts_.size()).second) two_prompts(of, *prompt);
    prompts_.push_back(std::move(*prompt));
  }
}

const ComparedPrompt* PromptTable::find(const ComparedPrompt& asked, const RecordedRun& of) {
  const auto at = place_.find(asked.key);
  if (at == place_.end()) return nullptr;
  ComparedPrompt& prompt = prompts_[at->second];
  if (prompt.found) two_prompts(of, asked);
  prompt.found = true;
  return &prompt;
}

TokenCursor::TokenCursor(const RecordedRun& of, PhaseFilter phase, bool with_logits)
    : of_(of),
      with_logits_(with_logits),
      tokens_(of.db.prepare(
          fmt::format("SELECT id, pos, phase, token_id, text, logprob, entropy{} FROM token "
                      "WHERE prompt = ?1{} ORDER BY pos",
                      with_logits ? ", router_logits" : "",
                      phase == PhaseFilter::kPrefill ? " AND phase = 0" : ""))),
      choices_(of.db.prepare("SELECT layer, slot, expert, margin FROM routing WHERE token = ?1 "
                             "ORDER BY layer, slot")),
      expert_(of.run.routing_layers.size() * of.run.top_k),
      margin_(of.run.routing_layers.size()),
      logit_(with_logits ? of.run.routing_layers.size() * of.run.n_expert : 0) {}

void TokenCursor::begin(std::int64_t prompt) {
  tokens_.reset();
  tokens_.bind(1, prompt);
}

TokenCursor::Key TokenCursor::key() const {
  return {.pos = tokens_.integer(1, 0, INT32_MAX),
          .id = tokens_.integer(3, 0, INT32_MAX),
          .is_decoded = tokens_.integer(2, 0, 1) != 0};
}

TokenPlace TokenCursor::place(const std::string& prompt) const {
  return {.prompt = prompt,
          .pos = TokenPos(static_cast<std::size_t>(tokens_.integer(1, 0, INT32_MAX))),
          .id = TokenId(static_cast<std::size_t>(tokens_.integer(3, 0, INT32_MAX))),
          .text = tokens_.maybe_bytes(4)};
}

bool TokenCursor::read_choices() {
  choices_.reset();
  choices_.bind(1, tokens_.integer(0));
  std::size_t n = 0;
  for (; choices_.step(); ++n) take_choice(n);
  if (n == 0) return false;
  if (n != expert_.size()) unexpected(n);
  if (with_logits_) read_logits();
  return true;
}

Decision TokenCursor::decision(std::size_t route) const {
  const RunRow& run = of_.run;
  Decision out{.expert = std::span(expert_).subspan(route * run.top_k, run.top_k),
               .margin = margin_[route],
               .logit = {}};
  if (with_logits_) out.logit = std::span(logit_).subspan(route * run.n_expert, run.n_expert);
  return out;
}

void TokenCursor::take_choice(std::size_t n) {
  const std::size_t top_k = of_.run.top_k;
  if (n >= expert_.size() ||
      static_cast<std::size_t>(choices_.integer(1, 0, INT32_MAX)) != n % top_k ||
      choices_.integer(0) != static_cast<std::int64_t>(of_.run.routing_layers[n / top_k].value))
    unexpected(n);
  expert_[n] = static_cast<std::uint32_t>(
      choices_.integer(2, 0, static_cast<std::int64_t>(of_.run.n_expert) - 1));
  std::optional<double> margin = choices_.maybe_real(3);
  if (margin && !std::isfinite(*margin)) margin.reset();
  std::optional<double>& least = margin_[n / top_k];
  if (n % top_k == 0 || !margin)
    least = margin;
  else if (least)
    least = std::min(*least, *margin);
}

void TokenCursor::read_logits() {
  const std::string_view blob = tokens_.is_null(7) ? std::string_view() : tokens_.view(7);
  if (blob.size() != logit_.size() * 4)
    fail(ErrorCode::kBadInput,
         "{}: run {}: token {}: router_logits: expected {} bytes, got {}; is the file damaged?",
         of_.db.name(), of_.run.id, tokens_.integer(0), logit_.size() * 4, blob.size());
  for (std::size_t i = 0; i < logit_.size(); ++i) logit_[i] = little_endian(blob.substr(i * 4, 4));
}

void TokenCursor::unexpected(std::size_t n) const {
  fail(ErrorCode::kBadInput,
       "{}: run {}: token {}: expected {} choices in each of {} layers, got another one at "
       "number {}; is the file damaged?",
       of_.db.name(), of_.run.id, tokens_.integer(0), of_.run.top_k, of_.run.routing_layers.size(),
       n);
}

}  // namespace moescope::trace

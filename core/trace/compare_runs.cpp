#include "core/trace/compare_runs.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "core/base/error.hpp"
#include "core/base/escape.hpp"
#include "core/trace/compare_tally.hpp"

namespace moescope::trace {
namespace {

std::vector<std::uint32_t> numbers(const std::vector<LayerIdx>& layers) {
  std::vector<std::uint32_t> out;
  for (const LayerIdx layer : layers) out.push_back(layer.value);
  return out;
}

/// Runs of one shape only: what a number means must be the same on both sides.
void expect_one_shape(const RecordedRun& a, const RecordedRun& b) {
  const auto expect = [&](bool equal, std::string_view what, const std::string& of_a,
                          const std::string& of_b) {
    if (!equal)
      fail(ErrorCode::kBadInput,
           "{}: run {}: {}: expected {} as in run {} of {}, got {}; only runs of one shape can be "
           "compared",
           b.db.name(), b.run.id, what, of_a, a.run.id, a.db.name(), of_b);
  };
  expect(a.run.routing_layers == b.run.routing_layers, "routing layers",
         fmt::format("[{}]", fmt::join(numbers(a.run.routing_layers), " ")),
         fmt::format("[{}]", fmt::join(numbers(b.run.routing_layers), " ")));
  expect(a.run.n_expert == b.run.n_expert, "experts", fmt::format("{}", a.run.n_expert),
         fmt::format("{}", b.run.n_expert));
  expect(a.run.top_k == b.run.top_k, "top-k", fmt::format("{}", a.run.top_k),
         fmt::format("{}", b.run.top_k));
  if (a.run.top_k == 0 && !a.run.routing_layers.empty())
    fail(ErrorCode::kBadInput, "{}: run {}: top-k 0 of layers that have a router; is it damaged?",
         a.db.name(), a.run.id);
}

struct Prompt {
  std::int64_t id = 0;
  std::string name;
  std::optional<std::string> group;
  std::string key;  ///< what it is matched by
  bool failed = false;
  bool found = false;  ///< the other run has it too
};

/// The prompts of a run in order of their index.
class PromptList {
 public:
  PromptList(const RecordedRun& of, MatchBy by) : of_(of), by_(by) {
    rows_.emplace(of.db.prepare(
        "SELECT id, name, grp, idx, failure IS NOT NULL FROM prompt WHERE run = ?1 ORDER BY idx"));
    rows_->bind(1, of.run.id);
  }
  std::optional<Prompt> next() {
    if (!rows_->step()) return std::nullopt;
    Prompt out{.id = rows_->integer(0),
               .name = rows_->bytes(1),
               .group = rows_->maybe_bytes(2),
               .key = {},
               .failed = rows_->integer(4) != 0};
    out.key = by_ == MatchBy::kPromptName ? out.name : std::to_string(rows_->integer(3));
    return out;
  }

 private:
  const RecordedRun& of_;
  MatchBy by_;
  std::optional<Statement> rows_;
};

/// The prompts of the second run, to be looked up.
class PromptTable {
 public:
  PromptTable(const RecordedRun& of, MatchBy by) {
    PromptList list(of, by);
    while (auto prompt = list.next()) {
      if (!place_.try_emplace(prompt->key, prompts_.size()).second)
        fail(ErrorCode::kBadInput,
             "{}: run {}: two prompts are named '{}'; --by prompt-index compares by their numbers",
             of.db.name(), of.run.id, escape_terminal(prompt->name));
      prompts_.push_back(std::move(*prompt));
    }
  }
  Prompt* find(const std::string& key) {
    const auto at = place_.find(key);
    return at == place_.end() ? nullptr : &prompts_[at->second];
  }
  const std::vector<Prompt>& all() const { return prompts_; }

 private:
  std::vector<Prompt> prompts_;
  std::unordered_map<std::string, std::size_t> place_;
};

/// Reads the tokens of one prompt after the other, one at a time, with their choices.
class TokenCursor {
 public:
  TokenCursor(const RecordedRun& of, PhaseFilter phase)
      : of_(of),
        ids_(of.db.prepare(
            fmt::format("SELECT pos, token_id, phase FROM token WHERE prompt = ?1{} ORDER BY pos",
                        phase == PhaseFilter::kPrefill ? " AND phase = 0" : ""))),
        tokens_(of.db.prepare(
            fmt::format("SELECT id, pos, phase, token_id, text, logprob, entropy FROM token "
                        "WHERE prompt = ?1{} ORDER BY pos",
                        phase == PhaseFilter::kPrefill ? " AND phase = 0" : ""))),
        choices_(of.db.prepare("SELECT layer, slot, expert, margin FROM routing WHERE token = ?1 "
                               "ORDER BY layer, slot")),
        expert_(of.run.routing_layers.size() * of.run.top_k),
        margin_(of.run.routing_layers.size()) {}

  /// The ids alone come first, since a prompt is compared whole or not at all.
  void begin_ids(std::int64_t prompt) { begin(ids_, prompt); }
  bool next_id() { return ids_.step(); }
  std::int64_t id_pos() const { return ids_.integer(0, 0, INT32_MAX); }
  std::int64_t id() const { return ids_.integer(1, 0, INT32_MAX); }
  bool id_is_decoded() const { return ids_.integer(2, 0, 1) != 0; }

  void begin_tokens(std::int64_t prompt) { begin(tokens_, prompt); }
  bool next_token() { return tokens_.step(); }
  bool is_decoded() const { return tokens_.integer(2, 0, 1) != 0; }
  TokenPlace place(const std::string& prompt) const {
    return {.prompt = prompt,
            .pos = TokenPos(static_cast<std::size_t>(tokens_.integer(1, 0, INT32_MAX))),
            .id = TokenId(static_cast<std::size_t>(tokens_.integer(3, 0, INT32_MAX))),
            .text = tokens_.maybe_bytes(4)};
  }
  std::optional<double> logprob() const { return tokens_.maybe_real(5); }
  std::optional<double> entropy() const { return tokens_.maybe_real(6); }

  /// Reads the choices of the present token; false where the model was never fed it.
  bool read_choices() {
    choices_.reset();
    choices_.bind(1, tokens_.integer(0));
    std::size_t n = 0;
    for (; choices_.step(); ++n) take_choice(n);
    if (n != 0 && n != expert_.size()) unexpected(n);
    return n != 0;
  }
  Decision decision(std::size_t route) const {
    return {.expert = std::span(expert_).subspan(route * of_.run.top_k, of_.run.top_k),
            .margin = margin_[route]};
  }

 private:
  static void begin(Statement& statement, std::int64_t prompt) {
    statement.reset();
    statement.bind(1, prompt);
  }

  void take_choice(std::size_t n) {
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

  [[noreturn]] void unexpected(std::size_t n) const {
    fail(ErrorCode::kBadInput,
         "{}: run {}: token {}: expected {} choices in each of {} layers, got another one at "
         "number {}; is the file damaged?",
         of_.db.name(), of_.run.id, tokens_.integer(0), of_.run.top_k,
         of_.run.routing_layers.size(), n);
  }

  const RecordedRun& of_;
  Statement ids_, tokens_, choices_;
  std::vector<std::uint32_t> expert_;          ///< [n_route, top_k]
  std::vector<std::optional<double>> margin_;  ///< [n_route] smallest of the slots
};

class Comparer {
 public:
  Comparer(const RecordedRun& a, const RecordedRun& b, const CompareOptions& options)
      : options_(options),
        a_(a),
        b_(b),
        in_a_(a, options.phase),
        in_b_(b, options.phase),
        tally_(a.run, options) {}

  RunComparison compare() {
    PromptTable others(b_, options_.by);
    RunComparison& result = tally_.result();
    PromptList list(a_, options_.by);
    while (const auto prompt = list.next()) {
      ++result.n_prompt_a;
      if (Prompt* other = others.find(prompt->key)) {
        if (other->found)
          fail(
              ErrorCode::kBadInput,
              "{}: run {}: two prompts are named '{}'; --by prompt-index compares by their numbers",
              a_.db.name(), a_.run.id, escape_terminal(prompt->name));
        other->found = true;
        compare_prompt(*prompt, *other);
      } else {
        leave_out(*prompt, WhyNot::kOnlyInA);
      }
      if (options_.progress) options_.progress(result.n_prompt_a, a_.run.n_done);
    }
    result.n_prompt_b = others.all().size();
    for (const Prompt& other : others.all())
      if (!other.found) leave_out(other, WhyNot::kOnlyInB);
    return tally_.take();
  }

 private:
  void leave_out(const Prompt& prompt, WhyNot why, std::optional<TokenPos> pos = {}) {
    tally_.result().not_compared.push_back({.prompt = prompt.name, .why = why, .pos = pos});
  }

  void compare_prompt(const Prompt& prompt, const Prompt& other) {
    if (prompt.failed) return leave_out(prompt, WhyNot::kFailedInA);
    if (other.failed) return leave_out(prompt, WhyNot::kFailedInB);
    std::size_t n_token = 0;
    if (const auto at = first_other_id(prompt, other, n_token))
      return leave_out(prompt, WhyNot::kOtherTokens, at);
    if (n_token == 0) return leave_out(prompt, WhyNot::kNoTokens);
    tally_.begin_prompt(cluster_of(prompt));
    ++tally_.result().n_prompt;
    in_a_.begin_tokens(prompt.id);
    in_b_.begin_tokens(other.id);
    while (in_a_.next_token() && in_b_.next_token())
      if (counts(in_a_.is_decoded())) compare_token(prompt);
  }

  bool counts(bool is_decoded) const {
    return is_decoded || options_.phase != PhaseFilter::kDecode;
  }

  /// Where the ids of the two prompts part; n_token: those of the phase.
  std::optional<TokenPos> first_other_id(const Prompt& prompt, const Prompt& other,
                                         std::size_t& n_token) {
    in_a_.begin_ids(prompt.id);
    in_b_.begin_ids(other.id);
    for (std::size_t at = 0;; ++at) {
      const bool more_a = in_a_.next_id();
      const bool more_b = in_b_.next_id();
      if (!more_a && !more_b) return std::nullopt;
      if (more_a != more_b || in_a_.id() != in_b_.id() || in_a_.id_pos() != in_b_.id_pos())
        return TokenPos(at);
      if (counts(in_a_.id_is_decoded())) ++n_token;
    }
  }

  void compare_token(const Prompt& prompt) {
    const auto where = [&] { return in_a_.place(prompt.name); };
    RunComparison& result = tally_.result();
    ++result.n_token;
    for (const auto& [of, x, y] : {std::tuple(&result.logprob, in_a_.logprob(), in_b_.logprob()),
                                   std::tuple(&result.entropy, in_a_.entropy(), in_b_.entropy())})
      if (x && y) CompareTally::add_difference(*of, *x, *y, where);
    if (result.layers.empty()) return;
    const bool fed_a = in_a_.read_choices();
    const bool fed_b = in_b_.read_choices();
    if (!fed_a || !fed_b) {
      ++result.n_unfed;
      return;
    }
    for (std::size_t route = 0; route < result.layers.size(); ++route)
      tally_.add_decision(route, in_a_.decision(route), in_b_.decision(route), where);
  }

  std::uint32_t cluster_of(const Prompt& prompt) {
    if (!prompt.group) return n_cluster_++;
    const auto [at, is_new] = cluster_.try_emplace(*prompt.group, n_cluster_);
    n_cluster_ += is_new ? 1 : 0;
    return at->second;
  }

  const CompareOptions& options_;
  RecordedRun a_, b_;
  TokenCursor in_a_, in_b_;
  CompareTally tally_;
  std::unordered_map<std::string, std::uint32_t> cluster_;
  std::uint32_t n_cluster_ = 0;
};

}  // namespace

std::string_view name(MatchBy by) {
  return by == MatchBy::kPromptName ? "prompt-name" : "prompt-index";
}

std::string_view name(WhyNot why) {
  constexpr std::string_view kNames[kWhyNots] = {"only in A",        "only in B",
                                                 "failed in A",      "failed in B",
                                                 "token ids differ", "no tokens of this phase"};
  return kNames[static_cast<std::size_t>(why)];
}

RunComparison compare_runs(const RecordedRun& a, const RecordedRun& b,
                           const CompareOptions& options) {
  expect_one_shape(a, b);
  return Comparer(a, b, options).compare();
}

}  // namespace moescope::trace

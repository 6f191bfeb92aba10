#include "core/model/engine.hpp"

#include <fmt/format.h>
#include <omp.h>

#include <algorithm>
#include <cmath>
#include <list>
#include <utility>

#include "core/base/error.hpp"
#include "core/hooks/glob.hpp"
#include "core/model/forward.hpp"
#include "core/model/rope_table.hpp"
#include "core/model/sampler.hpp"
#include "core/model/sequence.hpp"
#include "core/model/vocabulary.hpp"

namespace moescope::model {
namespace {

using hooks::FinishReason;

/// The open sequences and the pass that carries them on.
class Scheduler {
 public:
  Scheduler(const Model& model, const EngineOptions& options, const hooks::CapturePlan& plan,
            std::span<const LayerInterventions> interventions, hooks::Sink& sink)
      : model_(model),
        options_(options),
        plan_(plan),
        sink_(sink),
        forward_(model, plan, interventions, sink),
        context_(options.context > 0 ? std::min(options.context, model.config.n_context)
                                     : model.config.n_context) {}

  bool idle() const { return open_.empty(); }
  void admit(const RequestSource& next);
  void step();

 private:
  std::size_t pending_rows() const;
  std::size_t planned(const hooks::Request& request) const;
  std::size_t cache_positions(const hooks::Request& request) const;
  std::uint64_t rules_of(const hooks::Request& request) const;
  void refuse(hooks::Request request, const std::string& why);
  void open(hooks::Request request);
  std::size_t reusable(const Sequence& sequence, const hooks::Request& branch) const;
  bool same_angles(std::size_t n_planned, std::size_t other) const;
  bool next_branch(Sequence& sequence);
  std::string refusal(const hooks::Request& request) const;
  void build_batch();
  void add_rows(Sequence& sequence, std::size_t n);
  void mark_damage();
  void predict(Rows<const float> x);
  void predict_rows(std::span<const std::size_t> rows, bool with_logits, Rows<const float> x);
  std::optional<TokenId> next_token(std::size_t batch_row, std::span<const float> logits);
  void append(Sequence& sequence, TokenId token);
  bool generates_after(std::size_t batch_row) const;
  void close_finished();

  const Model& model_;
  const EngineOptions& options_;
  const hooks::CapturePlan& plan_;
  hooks::Sink& sink_;
  Forward forward_;
  std::size_t context_;
  std::list<Sequence> open_;
  std::optional<hooks::Request> waiting_;  ///< came from the source but does not fit the cache yet
  bool exhausted_ = false;
  std::size_t cache_bytes_ = 0;
  Batch batch_;
  std::vector<Sequence*> owner_;  ///< of each batch row
  Buffer gathered_, logits_;
};

std::size_t Scheduler::pending_rows() const {
  std::size_t n = 0;
  for (const Sequence& s : open_) n += s.tokens.size() - s.n_done;
  return n;
}

std::string Scheduler::refusal(const hooks::Request& request) const {
  if (request.ids.empty()) return "the prompt has no tokens";
  if (request.ids.size() > context_)
    return fmt::format("{} tokens, expected at most {} (the context); shorten or split the prompt",
                       request.ids.size(), context_);
  for (const TokenId id : request.ids)
    if (id.value >= model_.config.n_vocab)
      return fmt::format("token id {} is outside of the vocabulary of {}", id.value,
                         model_.config.n_vocab);
  return {};
}

/// Tokens that the request's sequence may come to have.
std::size_t Scheduler::planned(const hooks::Request& request) const {
  return std::min(context_, request.ids.size() + request.generate.max_new_tokens);
}

/// Positions that the request and its branches need, one after the other.
std::size_t Scheduler::cache_positions(const hooks::Request& request) const {
  std::size_t n = planned(request);
  for (const hooks::Request& branch : request.branches) n = std::max(n, planned(branch));
  return n;
}

std::uint64_t Scheduler::rules_of(const hooks::Request& request) const {
  std::uint64_t rules = 0;
  for (std::size_t r = 0; r < plan_.rules.size(); ++r)
    if (hooks::glob_match(plan_.rules[r].prompts, request.name)) rules |= std::uint64_t{1} << r;
  return rules;
}

void Scheduler::open(hooks::Request request) {
  const std::size_t n_position = cache_positions(request);
  const std::size_t bytes = KvCache::bytes(model_.config, n_position);
  cache_bytes_ += bytes;
  std::vector<hooks::Request> branches = std::move(request.branches);
  std::reverse(branches.begin(), branches.end());
  const std::size_t n_planned = planned(request);
  std::vector<TokenId> tokens = request.ids;
  const std::uint64_t rules = rules_of(request);
  Random random(request.generate.sampling.seed);
  open_.push_back(Sequence{.request = std::move(request),
                           .cache = KvCache(model_.config, n_position),
                           .cache_bytes = bytes,
                           .rules = rules,
                           .random = random,
                           .tokens = std::move(tokens),
                           .n_planned = n_planned,
                           .branches = std::move(branches)});
}

/// Leading ids of a branch whose keys and values lie in the sequence's cache and need no events.
std::size_t Scheduler::reusable(const Sequence& s, const hooks::Request& branch) const {
  if (s.main_failed || !same_angles(s.n_planned, planned(branch))) return 0;
  const auto end = s.tokens.begin() + static_cast<std::ptrdiff_t>(s.n_done);
  const auto common = std::mismatch(s.tokens.begin(), end, branch.ids.begin(), branch.ids.end());
  const auto n_common = static_cast<std::size_t>(common.first - s.tokens.begin());
  return std::min(branch.n_shared, n_common);
}

/// Goes back to where the next branch leaves the sequence; false when there is none.
bool Scheduler::next_branch(Sequence& s) {
  while (!s.branches.empty()) {
    hooks::Request branch = std::move(s.branches.back());
    s.branches.pop_back();
    if (const std::string why = refusal(branch); !why.empty()) {
      sink_.finished({branch.id, FinishReason::kFailed, why, {}});
      continue;
    }
    const std::size_t n_kept = reusable(s, branch);
    s.n_done = n_kept > 0 ? n_kept - 1 : 0;
    s.rules = rules_of(branch);
    s.random = Random(branch.generate.sampling.seed);
    s.tokens = branch.ids;
    s.n_planned = planned(branch);
    s.closed = false;
    s.reason = FinishReason::kScored;
    s.message.clear();
    s.request = std::move(branch);
    return true;
  }
  return false;
}

bool Scheduler::same_angles(std::size_t n_planned, std::size_t other) const {
  const Rope& rope = model_.config.rope;
  return turns_by_long_factors(rope, n_planned) == turns_by_long_factors(rope, other);
}

/// Says why a request cannot run; its branches stand on their own.
void Scheduler::refuse(hooks::Request request, const std::string& why) {
  sink_.finished({request.id, FinishReason::kFailed, why, {}});
  if (request.branches.empty()) return;
  hooks::Request first = std::move(request.branches.front());
  request.branches.erase(request.branches.begin());
  first.n_shared = 0;
  for (hooks::Request& other : request.branches) other.n_shared = 0;
  first.branches = std::move(request.branches);
  waiting_ = std::move(first);
}

void Scheduler::admit(const RequestSource& next) {
  while (pending_rows() < options_.max_batch_tokens) {
    if (!waiting_ && !exhausted_) waiting_ = next();
    if (!waiting_) {
      exhausted_ = true;
      return;
    }
    if (const std::string why = refusal(*waiting_); !why.empty()) {
      hooks::Request refused = std::move(*waiting_);
      waiting_.reset();
      refuse(std::move(refused), why);
      continue;
    }
    const bool fits = cache_bytes_ + KvCache::bytes(model_.config, cache_positions(*waiting_)) <=
                      options_.max_cache_bytes;
    if (!fits && !open_.empty()) return;
    open(std::move(*waiting_));
    waiting_.reset();
  }
}

void Scheduler::add_rows(Sequence& s, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t pos = s.n_done + i;
    const auto phase = pos < s.n_prompt() ? hooks::Phase::kPrefill : hooks::Phase::kDecode;
    batch_.push_back(BatchRow{{s.request.id, TokenPos(pos), s.tokens[pos], phase},
                              &s.cache,
                              s.n_prompt(),
                              s.n_planned,
                              s.rules});
    owner_.push_back(&s);
  }
  s.n_done += n;
}

void Scheduler::build_batch() {
  batch_.clear();
  owner_.clear();
  for (Sequence& s : open_) {
    const std::size_t room = options_.max_batch_tokens - batch_.size();
    add_rows(s, std::min(room, s.tokens.size() - s.n_done));
  }
}

void Scheduler::mark_damage() {
  std::vector<Damage> damage(forward_.damage().begin(), forward_.damage().end());
  std::sort(damage.begin(), damage.end(), [](const Damage& a, const Damage& b) {
    return std::pair(a.batch_row, a.layer) < std::pair(b.batch_row, b.layer);
  });
  for (const Damage& d : damage) {
    const hooks::RowTag& tag = batch_[d.batch_row].tag;
    owner_[d.batch_row]->fail(
        fmt::format("layer {}, position {}: router logits are not finite; are the weights damaged?",
                    d.layer.value, tag.pos.value));
  }
}

/// True when this row is the last known one of a sequence that is to go on.
bool Scheduler::generates_after(std::size_t row) const {
  const Sequence& s = *owner_[row];
  return !s.closed && s.request.generate.max_new_tokens > 0 &&
         batch_[row].tag.pos.value + 1 == s.tokens.size();
}

void Scheduler::append(Sequence& s, TokenId token) {
  const hooks::Generation& wanted = s.request.generate;
  s.tokens.push_back(token);
  const auto& stops = wanted.stop_tokens;
  if (std::find(stops.begin(), stops.end(), token) != stops.end())
    s.reason = FinishReason::kStopToken;
  else if (wanted.stop_when && wanted.stop_when(s.generated()))
    s.reason = FinishReason::kStopString;
  else if (s.generated().size() >= wanted.max_new_tokens)
    s.reason = FinishReason::kMaxTokens;
  else if (s.tokens.size() >= context_)
    s.reason = FinishReason::kContext;
  else
    return;
  s.closed = true;
}

std::optional<TokenId> Scheduler::next_token(std::size_t row, std::span<const float> logits) {
  Sequence& s = *owner_[row];
  const std::size_t pos = batch_[row].tag.pos.value;
  if (pos + 1 < s.tokens.size()) return s.tokens[pos + 1];
  if (!generates_after(row)) return std::nullopt;
  if (s.tokens.size() >= context_) {
    s.closed = true;
    s.reason = FinishReason::kContext;
    return std::nullopt;
  }
  if (!std::all_of(logits.begin(), logits.end(), [](float v) { return std::isfinite(v); })) {
    s.fail(fmt::format("position {}: logits are not finite; are the weights damaged?", pos));
    return std::nullopt;
  }
  append(s, sample(logits, s.request.generate.sampling, s.random));
  return s.tokens.back();
}

void Scheduler::predict_rows(std::span<const std::size_t> rows, bool with_logits,
                             Rows<const float> x) {
  if (rows.empty()) return;
  const Rows<float> own = gathered_.shape(rows.size(), x.n_col);
  std::vector<hooks::RowTag> tags;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::ranges::copy(x.row(rows[i]), own.row(i).begin());
    tags.push_back(batch_[rows[i]].tag);
  }
  Rows<float> logits;
  if (with_logits) {
    logits = logits_.shape(rows.size(), model_.config.n_vocab);
    unembed(model_.weights.unembed, model_.config.logit_divisor, own, logits);
    if (plan_.logits) sink_.logits({tags, logits});
  }
  std::vector<std::optional<TokenId>> next;
  for (std::size_t i = 0; i < rows.size(); ++i)
    next.push_back(next_token(
        rows[i], with_logits ? std::span<const float>(logits.row(i)) : std::span<const float>()));
  if (!plan_.prediction) return;
  const VocabularyScan scan =
      with_logits
          ? scan_logits(logits, {next, 0})
          : scan_vocabulary(model_.weights.unembed, model_.config.logit_divisor, own, {next, 0});
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (!std::isfinite(scan.prediction[i].logsumexp))
      owner_[rows[i]]->fail(fmt::format(
          "position {}: logits are not finite; are the weights damaged?", tags[i].pos.value));
  sink_.prediction({tags, scan.prediction});
}

void Scheduler::predict(Rows<const float> x) {
  std::vector<std::size_t> from_logits;
  std::vector<std::size_t> by_tiles;
  for (std::size_t i = 0; i < batch_.size(); ++i) {
    if (plan_.logits || generates_after(i))
      from_logits.push_back(i);
    else if (plan_.prediction && batch_[i].tag.pos.value + 1 >= owner_[i]->request.score_from)
      by_tiles.push_back(i);
  }
  predict_rows(by_tiles, false, x);
  predict_rows(from_logits, true, x);
}

void Scheduler::close_finished() {
  const bool observes = plan_.routing || plan_.prediction || plan_.lens > 0 || !plan_.rules.empty();
  for (auto it = open_.begin(); it != open_.end();) {
    Sequence& s = *it;
    const bool waits_for_pass = s.n_done < s.tokens.size();
    const bool generates = s.request.generate.max_new_tokens > 0 && !s.closed;
    const bool last_look = waits_for_pass && (generates || observes || s.n_done < s.n_prompt());
    if (s.reason != FinishReason::kFailed && (generates || last_look)) {
      ++it;
      continue;
    }
    sink_.finished({s.request.id, s.reason, s.message, s.generated()});
    if (s.on_main) s.main_failed = s.reason == FinishReason::kFailed;
    s.on_main = false;
    if (next_branch(s)) {
      ++it;
      continue;
    }
    cache_bytes_ -= s.cache_bytes;
    it = open_.erase(it);
  }
}

void Scheduler::step() {
  build_batch();
  const Rows<const float> x = forward_.run(batch_);
  mark_damage();
  predict(x);
  close_finished();
}

}  // namespace

std::size_t shareable(const Model& model, const EngineOptions& options, const hooks::Request& main,
                      const hooks::Request& branch) {
  const std::size_t context = options.context > 0
                                  ? std::min(options.context, model.config.n_context)
                                  : model.config.n_context;
  const auto is_long = [&](const hooks::Request& request) {
    const std::size_t n = std::min(context, request.ids.size() + request.generate.max_new_tokens);
    return turns_by_long_factors(model.config.rope, n);
  };
  if (is_long(main) != is_long(branch)) return 0;
  const auto [end, other] =
      std::mismatch(main.ids.begin(), main.ids.end(), branch.ids.begin(), branch.ids.end());
  return static_cast<std::size_t>(end - main.ids.begin());
}

void check_plans(const Model& model, const hooks::CapturePlan& capture,
                 const hooks::InterventionPlan& interventions) {
  if (capture.rules.size() > 64)
    fail(ErrorCode::kUsage, "capture: expected at most 64 rules, got {}", capture.rules.size());
  if (!interventions.empty() && model.config.n_route() == 0)
    fail(ErrorCode::kUsage, "interventions: this model has no experts");
  static_cast<void>(layer_interventions(interventions, model.config));
}

void run_requests(const Model& model, const EngineOptions& options, const RequestSource& next,
                  const hooks::CapturePlan& capture, const hooks::InterventionPlan& interventions,
                  hooks::Sink& sink, std::stop_token stop) {
  check_plans(model, capture, interventions);
  if (options.threads > 0) omp_set_num_threads(static_cast<int>(options.threads));
  const std::vector<LayerInterventions> changes = layer_interventions(interventions, model.config);
  Scheduler scheduler(model, options, capture, changes, sink);
  while (true) {
    if (stop.stop_requested()) fail(ErrorCode::kInterrupted, "interrupted");
    scheduler.admit(next);
    if (scheduler.idle()) return;
    scheduler.step();
  }
}

}  // namespace moescope::model

#include "core/trace/recorder.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "core/base/error.hpp"
#include "core/base/escape.hpp"
#include "core/base/sha256.hpp"
#include "core/hooks/glob.hpp"
#include "core/model/stop_text.hpp"
#include "core/tokenizer/chat_template.hpp"
#include "core/trace/prompts.hpp"
#include "core/trace/trace_builder.hpp"

namespace moescope::trace {
namespace {

/// Ends one sequence when a stop text appears in what was generated, or when the plan says so.
class StopWhen {
 public:
  StopWhen(const tokenizer::Tokenizer& tokenizer, const RecordPlan& plan, bool continues)
      : decode_(tokenizer, continues), stop_(plan.stops), also_(plan.generate.stop_when) {}
  bool operator()(std::span<const TokenId> generated) {
    stop_.push(decode_.push(generated.back()));
    const bool wanted = also_ && also_(generated);
    return wanted || stop_.stopped();
  }

 private:
  tokenizer::DecodeStream decode_;
  model::StopText stop_;
  std::function<bool(std::span<const TokenId>)> also_;
};

/// Makes requests of prompts, those of one unit together where they begin alike.
class RequestMaker {
 public:
  struct Setting {
    const model::Model& model;
    const tokenizer::Tokenizer& tokenizer;
    const RecordPlan& plan;
    const TraceTaker& take;
  };
  RequestMaker(Setting setting, std::span<const PromptInput> prompts,
               const std::set<std::uint64_t>& done, TraceBuilder& builder)
      : set_(setting), prompts_(prompts), done_(done), builder_(builder) {}

  std::optional<hooks::Request> next() {
    std::optional<hooks::Request> main = take_held();
    while (!main && at_ < prompts_.size()) main = sound_request(at_++);
    if (!main) return std::nullopt;
    const auto unit = prompts_[main->id].unit;
    while (unit && at_ < prompts_.size() && prompts_[at_].unit == unit) {
      std::optional<hooks::Request> other = sound_request(at_++);
      if (!other) continue;
      other->n_shared = model::shareable(set_.model, set_.plan.engine, *main, *other);
      if (other->n_shared < kWorthSharing) {
        other->n_shared = 0;
        held_ = std::move(other);
        break;
      }
      share(*main, *other);
      main->branches.push_back(std::move(*other));
    }
    // Those that share most come first: they leave the common part of the others as it is.
    std::ranges::stable_sort(main->branches, std::ranges::greater(), &hooks::Request::n_shared);
    return main;
  }

 private:
  /// Fewer tokens than this are computed again sooner than they are looked up elsewhere.
  static constexpr std::size_t kWorthSharing = 4;

  std::optional<hooks::Request> take_held() {
    std::optional<hooks::Request> out = std::move(held_);
    held_.reset();
    return out;
  }

  /// The request of one prompt whose trace is open now; nothing where it is done already or where
  /// it was handed over as failed.
  std::optional<hooks::Request> sound_request(std::uint64_t index) {
    if (done_.contains(index)) return std::nullopt;
    const PromptInput& prompt = prompts_[index];
    PromptTrace trace;
    trace.index = index;
    trace.input = prompt;
    try {
      if (!prompt.failure.empty()) fail(ErrorCode::kBadInput, "{}", prompt.failure);
      trace.tokens = prompt_tokens(set_.tokenizer, set_.plan, prompt);
    } catch (const Error& e) {
      if (e.code() != ErrorCode::kBadInput) throw;
      set_.take(failed_trace(std::move(trace), e.message()));
      return std::nullopt;
    }
    hooks::Request request;
    request.id = index;
    request.name = prompt.id;
    for (const TokenTrace& token : trace.tokens) request.ids.push_back(token.id);
    request.score_from = first_scored(trace);
    request.generate = set_.plan.generate;
    request.generate.sampling.seed = prompt_seed(set_.plan.generate.sampling.seed, prompt.id);
    if (!set_.plan.stops.empty())
      request.generate.stop_when = StopWhen(set_.tokenizer, set_.plan, !prompt.text.empty());
    builder_.open(std::move(trace));
    return request;
  }

  static std::size_t first_scored(const PromptTrace& trace) {
    std::size_t pos = 1;
    while (pos < trace.tokens.size() &&
           trace.tokens[pos].begin.value_or(0) < trace.input.score_from)
      ++pos;
    return pos;
  }

  void share(hooks::Request& main, hooks::Request& other) {
    main.score_from = std::min(main.score_from, other.score_from);
    PromptTrace& trace = builder_.opened(other.id);
    trace.shared_with = main.id;
    trace.n_shared = other.n_shared;
    for (std::size_t pos = 0; pos < trace.n_shared; ++pos) trace.tokens[pos].fed = false;
  }

  Setting set_;
  std::span<const PromptInput> prompts_;
  const std::set<std::uint64_t>& done_;
  TraceBuilder& builder_;
  std::uint64_t at_ = 0;
  std::optional<hooks::Request> held_;
};

hooks::CapturePlan capture_plan(const model::Model& model, const RecordPlan& plan) {
  hooks::CapturePlan out{.routing = model.config.n_route() > 0,
                         .prediction = true,
                         .lens = plan.lens,
                         .rules = plan.captures};
  if (plan.means != nullptr)
    out.rules.push_back(
        hooks::parse_capture("blocks.*.mlp.experts.*.hook_out", model.config.shape()));
  return out;
}

}  // namespace

std::vector<TokenTrace> prompt_tokens(const tokenizer::Tokenizer& tokenizer, const RecordPlan& plan,
                                      const PromptInput& input) {
  std::vector<TokenTrace> tokens;
  const auto add = [&](TokenId id) -> TokenTrace& {
    TokenTrace& token = tokens.emplace_back();
    token.id = id;
    token.text = tokenizer.token_bytes(id);
    return token;
  };
  const bool chat = input.foreign.has_value();
  const std::optional<TokenId> own = tokenizer.add_bos() ? tokenizer.bos() : std::nullopt;
  if (const auto first = plan.prefix ? plan.prefix : own; !chat && first) add(*first);
  for (const tokenizer::Token& t :
       chat ? tokenizer::encode_chat(tokenizer, {input.text, *input.foreign})
            : tokenizer.encode(input.text, plan.special)) {
    TokenTrace& token = add(t.id);
    token.begin = t.begin;
    token.end = t.end;
  }
  return tokens;
}

std::uint64_t prompt_seed(std::uint64_t seed, std::string_view id) {
  const std::string hex = sha256_hex(fmt::format("{} {}", seed, id));
  std::uint64_t out = 0;
  std::from_chars(hex.data(), hex.data() + 16, out, 16);
  return out;
}

RunInfo run_info(const model::Model& model, const tokenizer::Tokenizer& tokenizer,
                 std::span<const PromptInput> prompts) {
  const model::ModelConfig& c = model.config;
  RunInfo info;
  info.tokenizer_hash = tokenizer.hash();
  info.config = model.source.config_text;
  info.family = c.family;
  info.n_layer = c.n_layer;
  info.n_expert = c.gating.n_expert;
  info.top_k = c.gating.top_k;
  info.n_vocab = c.n_vocab;
  for (std::size_t l = 0; l < c.n_layer; ++l)
    if (c.routes[l]) info.routing_layers.emplace_back(l);
  info.prompts_hash = prompts_hash(prompts);
  info.n_prompt = prompts.size();
  info.label_keys = label_keys(prompts);
  for (std::size_t i = 0; i < std::min(c.n_vocab, tokenizer.n_vocab()); ++i)
    info.pieces.push_back(tokenizer.token_bytes(TokenId(i)));
  return info;
}

void check_record_plan(const model::Model& model, const RecordPlan& plan,
                       std::span<const PromptInput> prompts) {
  for (const hooks::CaptureRule& rule : plan.captures)
    if (std::none_of(prompts.begin(), prompts.end(), [&rule](const PromptInput& prompt) {
          return hooks::glob_match(rule.prompts, prompt.id);
        }))
      fail(ErrorCode::kUsage, "capture '{}': no prompt has an id like '{}'; the first is '{}'",
           escape_terminal(rule.pattern), escape_terminal(rule.prompts),
           prompts.empty() ? "" : escape_terminal(prompts[0].id));
  model::check_plans(model, capture_plan(model, plan), plan.interventions);
}

RecordCounts record_prompts(const model::Model& model, const tokenizer::Tokenizer& tokenizer,
                            std::span<const PromptInput> prompts,
                            const std::set<std::uint64_t>& done, const RecordPlan& plan,
                            const TraceTaker& take, std::stop_token stop) {
  TraceBuilder builder(model.config, tokenizer, plan, take);
  RequestMaker maker({model, tokenizer, plan, take}, prompts, done, builder);
  model::run_requests(
      model, plan.engine, [&maker] { return maker.next(); }, capture_plan(model, plan),
      plan.interventions, builder, stop);
  return builder.counts();
}

}  // namespace moescope::trace

#include "core/trace/recorder.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <unordered_map>
#include <utility>

#include "core/base/error.hpp"
#include "core/base/escape.hpp"
#include "core/base/sha256.hpp"
#include "core/hooks/glob.hpp"
#include "core/model/stop_text.hpp"
#include "core/tokenizer/chat_template.hpp"
#include "core/trace/prompts.hpp"

namespace moescope::trace {
namespace {

/// Builds one PromptTrace a request out of the engine's events; request ids are prompt indexes.
class Recorder : public hooks::Sink {
 public:
  Recorder(const model::ModelConfig& config, const tokenizer::Tokenizer& tokenizer,
           const RecordPlan& plan, const TraceTaker& take)
      : config_(config),
        tokenizer_(tokenizer),
        plan_(plan),
        take_(take),
        route_of_(config.n_layer) {
    counts_.n_captured.resize(plan.captures.size());
    for (std::size_t l = 0; l < config.n_layer; ++l) {
      route_of_[l] = n_route_;
      if (config.routes[l]) ++n_route_;
    }
  }

  void open(PromptTrace trace) { open_.emplace(trace.index, std::move(trace)); }

  void routing(const hooks::RoutingEvent& e) override {
    for (std::size_t i = 0; i < e.row.size(); ++i) {
      PromptTrace& trace = trace_of(e.row[i]);
      const std::size_t cell = e.row[i].pos.value * n_route_ + route_of_[e.layer.value];
      const std::size_t k = config_.gating.top_k;
      for (std::size_t slot = 0; slot < k; ++slot)
        trace.expert[cell * k + slot] = static_cast<std::uint16_t>(e.expert.at(i, slot).value);
      std::ranges::copy(e.weight.row(i), trace.weight.begin() + offset(cell * k));
      std::ranges::copy(e.margin.row(i), trace.margin.begin() + offset(cell * k));
      if (plan_.router_logits)
        std::ranges::copy(e.logits.row(i),
                          trace.router_logits.begin() + offset(cell * config_.gating.n_expert));
    }
  }

  void prediction(const hooks::PredictionEvent& e) override {
    for (std::size_t i = 0; i < e.row.size(); ++i) {
      const hooks::Prediction& p = e.prediction[i];
      PromptTrace& trace = trace_of(e.row[i]);
      const std::size_t pos = e.row[i].pos.value;
      trace.tokens[pos].predicted = p.argmax;
      trace.tokens[pos].fed = true;
      if (!p.has_next) continue;
      if (pos + 1 == trace.tokens.size()) append_generated(trace, p.next);
      TokenTrace& next = trace.tokens[pos + 1];
      next.logprob = p.next_logprob;
      next.entropy = p.entropy;
      next.rank = p.next_rank;
    }
  }

  void lens(const hooks::LensEvent& e) override {
    for (std::size_t i = 0; i < e.row.size(); ++i) {
      const auto token = e.token.row(i);
      const auto logprob = e.logprob.row(i);
      trace_of(e.row[i]).lens.push_back(
          {e.row[i].pos, e.layer, {token.begin(), token.end()}, {logprob.begin(), logprob.end()}});
    }
  }

  void activation(const hooks::ActivationEvent& e) override {
    if (e.rule == plan_.captures.size()) {
      for (std::size_t i = 0; i < e.row.size(); ++i)
        plan_.means->add(e.site.layer, e.site.expert, e.value.row(i));
      return;
    }
    counts_.n_captured[e.rule] += e.row.size();
    for (std::size_t i = 0; i < e.row.size(); ++i) {
      const auto value = e.value.row(i);
      trace_of(e.row[i]).activations.push_back(
          {e.row[i].pos, e.site, {value.begin(), value.end()}});
    }
  }

  void finished(const hooks::FinishedEvent& e) override {
    const auto at = open_.find(e.request);
    PromptTrace trace = std::move(at->second);
    open_.erase(at);
    trace.finish = e.reason;
    if (e.reason == hooks::FinishReason::kFailed) {
      trace = failed(std::move(trace), e.message);
    } else {
      sort_observations(trace);
    }
    take_(std::move(trace));
  }

  const RecordCounts& counts() const { return counts_; }

  static PromptTrace failed(PromptTrace trace, std::string why) {
    PromptTrace out;
    out.index = trace.index;
    out.input = std::move(trace.input);
    out.failure = std::move(why);
    out.finish = hooks::FinishReason::kFailed;
    return out;
  }

 private:
  static std::ptrdiff_t offset(std::size_t n) { return static_cast<std::ptrdiff_t>(n); }

  PromptTrace& trace_of(const hooks::RowTag& row) {
    PromptTrace& trace = open_.at(row.request);
    if (trace.expert.size() < trace.tokens.size() * n_route_ * config_.gating.top_k) resize(trace);
    return trace;
  }

  void resize(PromptTrace& trace) const {
    const std::size_t cells = trace.tokens.size() * n_route_;
    trace.expert.resize(cells * config_.gating.top_k);
    trace.weight.resize(cells * config_.gating.top_k);
    trace.margin.resize(cells * config_.gating.top_k);
    if (plan_.router_logits) trace.router_logits.resize(cells * config_.gating.n_expert);
  }

  void append_generated(PromptTrace& trace, TokenId id) {
    TokenTrace token;
    token.id = id;
    token.phase = hooks::Phase::kDecode;
    token.text = tokenizer_.token_bytes(id);
    token.fed = false;  // until its own prediction comes
    trace.tokens.push_back(std::move(token));
    resize(trace);
  }

  /// Chunks arrive layer by layer; the trace has one order whatever the chunks were.
  static void sort_observations(PromptTrace& trace) {
    std::sort(trace.lens.begin(), trace.lens.end(), [](const LensTrace& a, const LensTrace& b) {
      return std::pair(a.pos, a.layer) < std::pair(b.pos, b.layer);
    });
    const auto key = [](const ActivationTrace& a) {
      return std::tuple(a.site.site, a.site.layer, a.site.expert, a.pos);
    };
    auto& all = trace.activations;
    std::sort(all.begin(), all.end(),
              [&](const auto& a, const auto& b) { return key(a) < key(b); });
    const auto same = [&](const auto& a, const auto& b) { return key(a) == key(b); };
    all.erase(std::unique(all.begin(), all.end(), same), all.end());
  }

  const model::ModelConfig& config_;
  const tokenizer::Tokenizer& tokenizer_;
  const RecordPlan& plan_;
  const TraceTaker& take_;
  std::vector<std::size_t> route_of_;  ///< [n_layer] number among the routing layers
  std::size_t n_route_ = 0;
  RecordCounts counts_;
  std::unordered_map<std::uint64_t, PromptTrace> open_;
};

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

std::vector<TokenTrace> prompt_tokens(const tokenizer::Tokenizer& tokenizer,
                                      tokenizer::SpecialText special, const PromptInput& input) {
  std::vector<TokenTrace> tokens;
  const auto add = [&](TokenId id) -> TokenTrace& {
    TokenTrace& token = tokens.emplace_back();
    token.id = id;
    token.text = tokenizer.token_bytes(id);
    return token;
  };
  const bool chat = input.foreign.has_value();
  if (!chat && tokenizer.add_bos() && tokenizer.bos()) add(*tokenizer.bos());
  for (const tokenizer::Token& t :
       chat ? tokenizer::encode_chat(tokenizer, {input.text, *input.foreign})
            : tokenizer.encode(input.text, special)) {
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
  Recorder recorder(model.config, tokenizer, plan, take);
  std::uint64_t next = 0;
  const model::RequestSource source = [&]() -> std::optional<hooks::Request> {
    for (; next < prompts.size(); ++next) {
      if (done.contains(next)) continue;
      const std::uint64_t index = next;
      PromptTrace trace;
      trace.index = index;
      trace.input = prompts[index];
      try {
        if (!prompts[index].failure.empty())
          fail(ErrorCode::kBadInput, "{}", prompts[index].failure);
        trace.tokens = prompt_tokens(tokenizer, plan.special, prompts[index]);
      } catch (const Error& e) {
        if (e.code() != ErrorCode::kBadInput) throw;
        take(Recorder::failed(std::move(trace), e.message()));
        continue;
      }
      hooks::Request request;
      request.id = index;
      request.name = prompts[index].id;
      for (const TokenTrace& token : trace.tokens) request.ids.push_back(token.id);
      request.generate = plan.generate;
      request.generate.sampling.seed = prompt_seed(plan.generate.sampling.seed, prompts[index].id);
      if (!plan.stops.empty())
        request.generate.stop_when = StopWhen(tokenizer, plan, !prompts[index].text.empty());
      recorder.open(std::move(trace));
      ++next;
      return request;
    }
    return std::nullopt;
  };
  model::run_requests(model, plan.engine, source, capture_plan(model, plan), plan.interventions,
                      recorder, stop);
  return recorder.counts();
}

}  // namespace moescope::trace

#include "core/trace/trace_builder.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace moescope::trace {

PromptTrace failed_trace(PromptTrace trace, std::string why) {
  PromptTrace out;
  out.index = trace.index;
  out.input = std::move(trace.input);
  out.failure = std::move(why);
  out.finish = hooks::FinishReason::kFailed;
  return out;
}

TraceBuilder::TraceBuilder(const model::ModelConfig& config, const tokenizer::Tokenizer& tokenizer,
                           const RecordPlan& plan, const TraceTaker& take)
    : config_(config), tokenizer_(tokenizer), plan_(plan), take_(take), route_of_(config.n_layer) {
  counts_.n_captured.resize(plan.captures.size());
  for (std::size_t l = 0; l < config.n_layer; ++l) {
    route_of_[l] = n_route_;
    if (config.routes[l]) ++n_route_;
  }
}

void TraceBuilder::routing(const hooks::RoutingEvent& e) {
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

void TraceBuilder::prediction(const hooks::PredictionEvent& e) {
  for (std::size_t i = 0; i < e.row.size(); ++i) {
    const hooks::Prediction& p = e.prediction[i];
    PromptTrace& trace = trace_of(e.row[i]);
    const std::size_t pos = e.row[i].pos.value;
    if (pos >= trace.n_shared) {
      trace.tokens[pos].predicted = p.argmax;
      trace.tokens[pos].fed = true;
    }
    if (!p.has_next || pos + 1 < trace.n_shared) continue;
    if (pos + 1 == trace.tokens.size()) append_generated(trace, p.next);
    TokenTrace& next = trace.tokens[pos + 1];
    next.logprob = p.next_logprob;
    next.entropy = p.entropy;
    next.rank = p.next_rank;
  }
}

void TraceBuilder::lens(const hooks::LensEvent& e) {
  for (std::size_t i = 0; i < e.row.size(); ++i) {
    const auto token = e.token.row(i);
    const auto logprob = e.logprob.row(i);
    PromptTrace& trace = trace_of(e.row[i]);
    if (e.row[i].pos.value < trace.n_shared) continue;
    trace.lens.push_back(
        {e.row[i].pos, e.layer, {token.begin(), token.end()}, {logprob.begin(), logprob.end()}});
  }
}

void TraceBuilder::activation(const hooks::ActivationEvent& e) {
  if (e.rule == plan_.captures.size()) {
    for (std::size_t i = 0; i < e.row.size(); ++i)
      if (e.row[i].pos.value >= trace_of(e.row[i]).n_shared)
        plan_.means->add(e.site.layer, e.site.expert, e.value.row(i));
    return;
  }
  for (std::size_t i = 0; i < e.row.size(); ++i) {
    const auto value = e.value.row(i);
    PromptTrace& trace = trace_of(e.row[i]);
    if (e.row[i].pos.value < trace.n_shared) continue;
    ++counts_.n_captured[e.rule];
    trace.activations.push_back({e.row[i].pos, e.site, {value.begin(), value.end()}});
  }
}

void TraceBuilder::finished(const hooks::FinishedEvent& e) {
  const auto at = open_.find(e.request);
  PromptTrace trace = std::move(at->second);
  open_.erase(at);
  trace.finish = e.reason;
  end_beginning(trace);
  if (e.reason == hooks::FinishReason::kFailed) {
    trace = failed_trace(std::move(trace), e.message);
  } else {
    sort_observations(trace);
  }
  take_(std::move(trace));
}

void TraceBuilder::end_beginning(const PromptTrace& main) {
  for (auto& [index, trace] : open_) {
    if (trace.shared_with != main.index) continue;
    if (main.finish == hooks::FinishReason::kFailed) {
      trace.shared_with.reset();
      trace.n_shared = 0;
      for (TokenTrace& token : trace.tokens) token.fed = true;
      continue;
    }
    for (std::size_t pos = 0; pos < trace.n_shared; ++pos) {
      trace.tokens[pos].logprob = main.tokens[pos].logprob;
      trace.tokens[pos].entropy = main.tokens[pos].entropy;
      trace.tokens[pos].rank = main.tokens[pos].rank;
    }
  }
}

PromptTrace& TraceBuilder::trace_of(const hooks::RowTag& row) {
  PromptTrace& trace = open_.at(row.request);
  if (trace.expert.size() < trace.tokens.size() * n_route_ * config_.gating.top_k) resize(trace);
  return trace;
}

void TraceBuilder::resize(PromptTrace& trace) const {
  const std::size_t cells = trace.tokens.size() * n_route_;
  trace.expert.resize(cells * config_.gating.top_k);
  trace.weight.resize(cells * config_.gating.top_k);
  trace.margin.resize(cells * config_.gating.top_k);
  if (plan_.router_logits) trace.router_logits.resize(cells * config_.gating.n_expert);
}

void TraceBuilder::append_generated(PromptTrace& trace, TokenId id) {
  TokenTrace token;
  token.id = id;
  token.phase = hooks::Phase::kDecode;
  token.text = tokenizer_.token_bytes(id);
  token.fed = false;  // until its own prediction comes
  trace.tokens.push_back(std::move(token));
  resize(trace);
}

void TraceBuilder::sort_observations(PromptTrace& trace) {
  std::sort(trace.lens.begin(), trace.lens.end(), [](const LensTrace& a, const LensTrace& b) {
    return std::pair(a.pos, a.layer) < std::pair(b.pos, b.layer);
  });
  const auto key = [](const ActivationTrace& a) {
    return std::tuple(a.site.site, a.site.layer, a.site.expert, a.pos);
  };
  auto& all = trace.activations;
  std::sort(all.begin(), all.end(), [&](const auto& a, const auto& b) { return key(a) < key(b); });
  const auto same = [&](const auto& a, const auto& b) { return key(a) == key(b); };
  all.erase(std::unique(all.begin(), all.end(), same), all.end());
}

}  // namespace moescope::trace

#include "core/trace/compare_runs.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <unordered_map>

#include "core/base/error.hpp"
#include "core/trace/compare_source.hpp"
#include "core/trace/compare_tally.hpp"

namespace moescope::trace {
namespace {

std::vector<std::uint32_t> numbers(const std::vector<LayerIdx>& layers) {
  std::vector<std::uint32_t> out;
  out.reserve(layers.size());
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

class Comparer {
 public:
  Comparer(const RecordedRun& a, const RecordedRun& b, const CompareOptions& options)
      : options_(options),
        a_(a),
        b_(b),
        with_logits_(a.run.scores == "all" && b.run.scores == "all"),
        in_a_(a, options.phase, with_logits_),
        in_b_(b, options.phase, with_logits_),
        tally_(a.run, options) {}

  RunComparison compare() {
    PromptTable others(b_, options_.by);
    RunComparison& result = tally_.result();
    result.has_router_logits = with_logits_;
    PromptCursor prompts(a_, options_.by);
    while (const auto prompt = prompts.next()) {
      ++result.n_prompt_a;
      if (const ComparedPrompt* other = others.find(*prompt, a_))
        compare_prompt(*prompt, *other);
      else
        leave_out(*prompt, WhyNot::kOnlyInA);
      if (options_.progress) options_.progress(result.n_prompt_a, a_.run.n_done);
    }
    result.n_prompt_b = others.all().size();
    for (const ComparedPrompt& other : others.all())
      if (!other.found) leave_out(other, WhyNot::kOnlyInB);
    return tally_.take();
  }

 private:
  void leave_out(const ComparedPrompt& prompt, WhyNot why, std::optional<TokenPos> pos = {}) {
    tally_.result().not_compared.push_back({.prompt = prompt.name, .why = why, .pos = pos});
  }

  /// Tokens are compared up to the first that differs: from there on the two models have read
  /// different texts.
  void compare_prompt(const ComparedPrompt& prompt, const ComparedPrompt& other) {
    if (prompt.failed) return leave_out(prompt, WhyNot::kFailedInA);
    if (other.failed) return leave_out(prompt, WhyNot::kFailedInB);
    in_a_.begin(prompt.id);
    in_b_.begin(other.id);
    bool more_a = in_a_.next(), more_b = in_b_.next();
    std::size_t at = 0, n_compared = 0;
    for (; more_a && more_b && in_a_.key() == in_b_.key(); ++at) {
      if (counts(in_a_)) {
        if (n_compared++ == 0) begin_prompt(prompt);
        compare_token(prompt);
      }
      more_a = in_a_.next();
      more_b = in_b_.next();
    }
    if (more_a || more_b) {
      leave_out(prompt, WhyNot::kOtherTokens, TokenPos(at));
      tally_.result().n_apart_a += rest(in_a_, more_a);
      tally_.result().n_apart_b += rest(in_b_, more_b);
    } else if (n_compared == 0) {
      leave_out(prompt, WhyNot::kNoTokens);
    }
  }

  bool counts(const TokenCursor& token) const {
    return options_.phase != PhaseFilter::kDecode || token.key().is_decoded;
  }

  /// The tokens that are left, the present one included where there is one.
  std::uint64_t rest(TokenCursor& tokens, bool more) const {
    std::uint64_t n = 0;
    for (; more; more = tokens.next()) n += counts(tokens) ? 1U : 0U;
    return n;
  }

  void begin_prompt(const ComparedPrompt& prompt) {
    ++tally_.result().n_prompt;
    if (!prompt.group) return tally_.begin_prompt(n_cluster_++);
    const auto [at, is_new] = cluster_.try_emplace(*prompt.group, n_cluster_);
    n_cluster_ += is_new ? 1 : 0;
    tally_.begin_prompt(at->second);
  }

  void compare_token(const ComparedPrompt& prompt) {
    const auto where = [&] { return in_a_.place(prompt.name); };
    RunComparison& result = tally_.result();
    ++result.n_token;
    CompareTally::add_difference(result.logprob, in_a_.logprob(), in_b_.logprob(), where);
    CompareTally::add_difference(result.entropy, in_a_.entropy(), in_b_.entropy(), where);
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

  const CompareOptions& options_;
  RecordedRun a_, b_;
  bool with_logits_;
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

#include "core/trace/compare_runs.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/base/random.hpp"
#include "core/trace/schema.hpp"
#include "core/trace/writer.hpp"
#include "tests/core/trace/random_trace.hpp"

namespace moescope::trace {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::size_t kRoute = 2;

/// A token that chose `experts` [kRoute · 2] with the same margin in the last slot of each layer.
void add_token(PromptTrace& trace, std::uint32_t id, const std::vector<std::uint16_t>& experts,
               float margin, float logprob = -1.0f) {
  TokenTrace token;
  token.id = TokenId(id);
  token.text = "t" + std::to_string(id);
  if (!trace.tokens.empty()) {
    token.logprob = logprob;
    token.entropy = 2 * -logprob;
    token.rank = 1;
  }
  trace.tokens.push_back(token);
  trace.expert.insert(trace.expert.end(), experts.begin(), experts.end());
  for (std::size_t route = 0; route < kRoute; ++route) {
    trace.weight.insert(trace.weight.end(), {0.75f, 0.25f});
    trace.margin.insert(trace.margin.end(), {margin + 1, margin});
  }
}

PromptTrace prompt(const std::string& name, const std::string& group = "") {
  PromptTrace trace;
  trace.input.id = name;
  trace.input.text = name;
  if (!group.empty()) trace.input.group = group;
  return trace;
}

class Compare : public testing::Test {
 protected:
  void write(const std::string& file, std::vector<PromptTrace> prompts) {
    RunInfo info = info_;
    info.n_prompt = prompts.size();
    Writer writer(folder_ / file);
    writer.begin_run(info);
    for (std::size_t i = 0; i < prompts.size(); ++i) {
      prompts[i].index = i;
      writer.push(std::move(prompts[i]));
    }
    writer.finish("hash");
  }

  RunComparison compare(const CompareOptions& options = {}) {
    Database a = open_trace(folder_ / "a.db");
    Database b = open_trace(folder_ / "b.db");
    const RunRow run_a = find_run(a), run_b = find_run(b);
    return compare_runs({a, run_a}, {b, run_b}, options);
  }

  static RunInfo plain_run() {
    RunInfo info = small_run(1);
    info.scores = Scores::kNone;
    info.keeps_activations = false;
    info.n_lens = 0;
    return info;
  }

  TempFolder folder_;
  RunInfo info_ = plain_run();
};

TEST_F(Compare, CountsSetsFirstChoicesAndExpertsInCommon) {
  PromptTrace a = prompt("p"), b = prompt("p");
  add_token(a, 1, {0, 1, 2, 3}, 0.5f);
  add_token(b, 1, {1, 0, 2, 3}, 0.5f);  // layer 0: another order
  add_token(a, 2, {0, 1, 2, 3}, 0.00005f);
  add_token(b, 2, {0, 2, 0, 1}, 0.25f);  // layer 0: one in common; layer 2: none
  write("a.db", {a});
  write("b.db", {b});
  const RunComparison c = compare({.n_worst = 5});
  EXPECT_EQ(c.n_prompt, 1u);
  EXPECT_EQ(c.n_token, 2u);
  ASSERT_EQ(c.by_layer.size(), 2u);
  EXPECT_EQ(c.by_layer[0].counts, (AgreementCounts{2, 1, 1, 3}));
  EXPECT_EQ(c.by_layer[1].counts, (AgreementCounts{2, 1, 1, 2}));
  EXPECT_EQ(c.all.counts, (AgreementCounts{4, 2, 2, 5}));
  EXPECT_EQ(c.all.n_near_tie, 2u);
  EXPECT_THAT(c.decisions.count, ElementsAre(2, 0, 0, 0, 2));
  EXPECT_THAT(c.differing.count, ElementsAre(2, 0, 0, 0, 0));
  EXPECT_NEAR(*c.all.margin_a.largest, 0.00005, 1e-9);
  EXPECT_EQ(*c.all.margin_b.largest, 0.25);
  ASSERT_EQ(c.worst.size(), 2u);
  EXPECT_EQ(c.worst[0].layer, LayerIdx(0));
  EXPECT_EQ(c.worst[1].layer, LayerIdx(2));
  EXPECT_THAT(c.worst[1].experts_a, ElementsAre(2, 3));
  EXPECT_THAT(c.worst[1].experts_b, ElementsAre(0, 1));
  EXPECT_EQ(c.worst[1].token, (TokenPlace{"p", TokenPos(1), TokenId(2), "t2"}));
  EXPECT_FLOAT_EQ(static_cast<float>(*c.worst[1].margin_b), 0.25f);
}

TEST_F(Compare, WhatIsNotComparedIsListedWithItsReason) {
  const auto make = [](const std::string& name, std::uint32_t id, std::size_t n) {
    PromptTrace trace = prompt(name);
    for (std::size_t i = 0; i < n; ++i)
      add_token(trace, id + static_cast<std::uint32_t>(i), {0, 1, 2, 3}, 1.0f);
    return trace;
  };
  PromptTrace other = make("ids", 1, 3);
  other.tokens[2].id = TokenId(40);
  PromptTrace failed = prompt("broken");
  failed.failure = "too long";
  write("a.db", {make("same", 1, 3), make("ids", 1, 4), make("length", 1, 3), make("old", 1, 3),
                 make("broken", 1, 1), make("none", 1, 0), make("start", 1, 3)});
  write("b.db", {make("new", 1, 3), other, make("length", 1, 2), make("same", 1, 3), failed,
                 make("none", 1, 0), make("start", 7, 1)});
  const RunComparison c = compare();
  EXPECT_EQ(c.n_prompt_a, 7u);
  EXPECT_EQ(c.n_prompt_b, 7u);
  EXPECT_EQ(c.n_prompt, 3u);  // "ids" and "length" up to their third tokens
  EXPECT_EQ(c.n_token, 7u);
  EXPECT_EQ(c.n_cluster, 3u);
  EXPECT_EQ(c.n_apart_a, 2u + 1u + 3u);
  EXPECT_EQ(c.n_apart_b, 1u + 0u + 1u);
  EXPECT_THAT(c.not_compared, ElementsAre(NotCompared{"ids", WhyNot::kOtherTokens, TokenPos(2)},
                                          NotCompared{"length", WhyNot::kOtherTokens, TokenPos(2)},
                                          NotCompared{"old", WhyNot::kOnlyInA, {}},
                                          NotCompared{"broken", WhyNot::kFailedInB, {}},
                                          NotCompared{"none", WhyNot::kNoTokens, {}},
                                          NotCompared{"start", WhyNot::kOtherTokens, TokenPos(0)},
                                          NotCompared{"new", WhyNot::kOnlyInB, {}}));
}

TEST_F(Compare, PromptsAreMatchedByTheirNumberWhenAskedFor) {
  PromptTrace a = prompt("one"), b = prompt("uno");
  add_token(a, 1, {0, 1, 2, 3}, 1.0f);
  add_token(b, 1, {0, 1, 2, 3}, 1.0f);
  write("a.db", {a});
  write("b.db", {b});
  EXPECT_EQ(compare().n_prompt, 0u);
  EXPECT_EQ(compare({.by = MatchBy::kPromptIndex}).n_prompt, 1u);
}

TEST_F(Compare, GeneratedTokensCountOnlyInTheirPhase) {
  PromptTrace a = prompt("p"), b = prompt("p");
  for (PromptTrace* trace : {&a, &b}) {
    add_token(*trace, 1, {0, 1, 2, 3}, 1.0f);
    for (std::uint32_t id : {2u, 3u}) {
      add_token(*trace, id, {0, 1, 2, 3}, 1.0f);
      trace->tokens.back().phase = hooks::Phase::kDecode;
    }
    trace->tokens.back().fed = false;
    trace->finish = hooks::FinishReason::kMaxTokens;
  }
  write("a.db", {a});
  write("b.db", {b});
  const auto tokens = [this](PhaseFilter phase) {
    const RunComparison c = compare({.phase = phase});
    return std::tuple(c.n_token, c.n_unfed, c.all.counts.n_decision);
  };
  EXPECT_EQ(tokens(PhaseFilter::kPrefill), std::tuple(1u, 0u, 2u));
  EXPECT_EQ(tokens(PhaseFilter::kDecode), std::tuple(2u, 1u, 2u));
  EXPECT_EQ(tokens(PhaseFilter::kAll), std::tuple(3u, 1u, 4u));
  b.tokens[2].id = TokenId(9);
  std::filesystem::remove(folder_ / "b.db");
  write("b.db", {b});
  EXPECT_EQ(tokens(PhaseFilter::kPrefill), std::tuple(1u, 0u, 2u));
  EXPECT_EQ(tokens(PhaseFilter::kDecode), std::tuple(1u, 0u, 2u));  // up to where they part
}

TEST_F(Compare, ATokenOfAnotherPhaseIsAnotherToken) {
  PromptTrace a = prompt("p"), b = prompt("p");
  for (PromptTrace* trace : {&a, &b})
    for (std::uint32_t id : {1u, 2u}) add_token(*trace, id, {0, 1, 2, 3}, 1.0f);
  b.tokens[1].phase = hooks::Phase::kDecode;
  write("a.db", {a});
  write("b.db", {b});
  const RunComparison c = compare({.phase = PhaseFilter::kAll});
  EXPECT_EQ(c.n_token, 1u);
  EXPECT_THAT(c.not_compared, ElementsAre(NotCompared{"p", WhyNot::kOtherTokens, TokenPos(1)}));
}

TEST_F(Compare, DifferencesOfWhatTheModelSaid) {
  PromptTrace a = prompt("p"), b = prompt("p");
  for (const float logprob : {-9.0f, -1.0f, -2.0f}) {
    add_token(a, 5, {0, 1, 2, 3}, 1.0f, logprob);
    add_token(b, 5, {0, 1, 2, 3}, 1.0f, logprob == -2.0f ? -2.5f : logprob);
  }
  write("a.db", {a});
  write("b.db", {b});
  const RunComparison c = compare();
  EXPECT_EQ(c.logprob.n, 2u);  // the first token has none
  EXPECT_DOUBLE_EQ(c.logprob.mean, 0.25);
  EXPECT_DOUBLE_EQ(c.logprob.largest, 0.5);
  EXPECT_EQ(c.logprob.where->pos, TokenPos(2));
  EXPECT_DOUBLE_EQ(c.entropy.largest, 1.0);
}

TEST_F(Compare, MedianAndLargestMarginAreThoseOfTheDisagreementsInEachRun) {
  PromptTrace a = prompt("p"), b = prompt("p");
  const std::vector<float> of_a = {0.5f, 0.0f, 4.0f, 0.75f, 3.0f, -1.0f}, of_b = {2, 2, 8, 1, 1, 1};
  for (std::uint32_t t = 0; t < of_a.size(); ++t) {
    add_token(a, t, {0, 1, 2, 3}, of_a[t]);
    add_token(b, t, {0, static_cast<std::uint16_t>(t == 2 ? 1 : 2), 2, 3}, of_b[t]);
  }
  write("a.db", {a});
  write("b.db", {b});
  const RunComparison c = compare();
  // Of the first layer: all but the third token, the last one forced in A.
  EXPECT_EQ(c.by_layer[0].margin_a, (MarginSummary{4, 0.5, 3.0}));
  EXPECT_EQ(c.by_layer[0].margin_b, (MarginSummary{5, 1.0, 2.0}));
  EXPECT_EQ(c.by_layer[1].margin_a, MarginSummary{});
  EXPECT_EQ(c.all.margin_a, c.by_layer[0].margin_a);
}

TEST_F(Compare, RouterLogitsAreComparedWhereBothRunsHaveThem) {
  info_.scores = Scores::kAll;
  PromptTrace a = prompt("p"), b = prompt("p");
  for (PromptTrace* trace : {&a, &b})
    for (std::uint32_t id : {1u, 2u}) {
      add_token(*trace, id, {0, 1, 0, 1}, 1.0f);
      trace->router_logits.insert(trace->router_logits.end(), 2 * 4, 0.0f);
    }
  // The last token in layer 2: p goes from 1/4 each to 1/2 and 1/6 each.
  b.router_logits[12] = static_cast<float>(std::log(3.0));
  write("a.db", {a});
  write("b.db", {b});
  const RunComparison c = compare();
  EXPECT_TRUE(c.has_router_logits);
  EXPECT_EQ(c.by_layer[0].router, (Difference{2, 0, 0, {}}));
  const double expected = (std::log(2.0) + std::log(1.5)) / 2;
  EXPECT_NEAR(c.by_layer[1].router.largest, expected, 1e-6);
  EXPECT_NEAR(c.by_layer[1].router.mean, expected / 2, 1e-6);
  EXPECT_NEAR(c.all.router.mean, expected / 4, 1e-6);
  EXPECT_EQ(c.all.router.n, 4u);
  EXPECT_EQ(c.all.router.where->pos, TokenPos(1));
  EXPECT_EQ(c.router_layer, LayerIdx(2));

  std::filesystem::remove(folder_ / "b.db");
  info_.scores = Scores::kNone;
  b.router_logits.clear();
  write("b.db", {b});
  EXPECT_FALSE(compare().has_router_logits);
  EXPECT_EQ(compare().all.router, Difference{});
}

TEST_F(Compare, LimitsComeFromPromptGroups) {
  std::vector<PromptTrace> a, b;
  for (std::uint32_t i = 0; i < 16; ++i) {
    PromptTrace x = prompt("p" + std::to_string(i), "g" + std::to_string(i / 2));
    PromptTrace y = x;
    for (std::uint32_t t = 0; t < 4; ++t) {
      add_token(x, t, {0, 1, 2, 3}, 0.5f);
      add_token(y, t, {0, static_cast<std::uint16_t>(t < i % 3 ? 2 : 1), 2, 3}, 0.5f);
    }
    a.push_back(std::move(x));
    b.push_back(std::move(y));
  }
  write("a.db", a);
  write("b.db", b);
  const RunComparison c = compare();
  EXPECT_EQ(c.n_cluster, 8u);
  ASSERT_TRUE(c.by_layer[0].same_set);
  // Groups of 8 decisions, of which 7, 6, 7, 7, 6, 7, 7, 6 … agree or not: by hand.
  stats::ClusterTable table(1, 2);
  for (std::uint32_t i = 0; i < 16; ++i) {
    table.counts(i / 2, 0)[0] += 4.0 - i % 3;
    table.counts(i / 2, 0)[1] += i % 3;
  }
  EXPECT_EQ(*c.by_layer[0].same_set, *stats::jackknife_share(table, 0, 0));
  EXPECT_DOUBLE_EQ(c.by_layer[0].same_set->value,
                   static_cast<double>(c.by_layer[0].counts.n_same_set) / 64);
  EXPECT_DOUBLE_EQ(c.by_layer[0].overlap->value,
                   static_cast<double>(64 + c.by_layer[0].counts.n_same_set) / 128);
  EXPECT_THAT(c.by_layer[1].same_set.why(), HasSubstr("the same share"));
  EXPECT_TRUE(c.all.overlap);
  EXPECT_LE(c.all.overlap->upper, 1.0);
}

TEST_F(Compare, FewPromptGroupsHaveNoLimits) {
  PromptTrace a = prompt("p");
  add_token(a, 1, {0, 1, 2, 3}, 1.0f);
  write("a.db", {a});
  write("b.db", {a});
  EXPECT_THAT(compare().all.same_set.why(), HasSubstr("1 cluster, fewer than 6"));
}

TEST_F(Compare, WorstAreTheLargestMarginsInOrder) {
  PromptTrace a = prompt("p"), b = prompt("p");
  Random random(3);
  std::vector<float> margins;
  for (std::uint32_t t = 0; t < 50; ++t) {
    margins.push_back(static_cast<float>(random.below(1000)) / 256);
    add_token(a, t, {0, 1, 2, 3}, margins.back());
    add_token(b, t, {0, 2, 2, 3}, 1.0f);
  }
  write("a.db", {a});
  write("b.db", {b});
  const RunComparison c = compare({.n_worst = 7});
  std::sort(margins.rbegin(), margins.rend());
  ASSERT_EQ(c.worst.size(), 7u);
  for (std::size_t i = 0; i < 7; ++i)
    EXPECT_EQ(*c.worst[i].margin_a, static_cast<double>(margins[i]));
  EXPECT_EQ(*c.largest, c.worst.front());
  EXPECT_THAT(compare().worst, IsEmpty());
}

TEST_F(Compare, ForcedChoicesAndMissingMarginsAreBinsOfTheirOwn) {
  PromptTrace a = prompt("p"), b = prompt("p");
  add_token(a, 1, {0, 1, 2, 3}, -0.5f);
  add_token(b, 1, {0, 2, 2, 3}, 1.0f);
  add_token(a, 1, {0, 1, 2, 3}, std::numeric_limits<float>::infinity());
  add_token(b, 1, {0, 2, 2, 3}, 1.0f);
  write("a.db", {a});
  write("b.db", {b});
  const RunComparison c = compare();
  EXPECT_EQ(c.decisions.n_forced, 2u);
  EXPECT_EQ(c.differing.n_forced, 1u);
  EXPECT_EQ(c.decisions.n_none, 2u);
  EXPECT_EQ(c.differing.n_none, 1u);
  EXPECT_EQ(c.all.n_near_tie, 0u);
}

TEST_F(Compare, OtherShapesAreRefusedByName) {
  PromptTrace a = prompt("p");
  add_token(a, 1, {0, 1, 2, 3}, 1.0f);
  write("a.db", {a});
  const auto refused = [&] {
    write("b.db", {a});
    const std::string said = error_of([&] { compare(); });
    std::filesystem::remove(folder_ / "b.db");
    EXPECT_THAT(said, HasSubstr("b.db: run 1"));
    return said;
  };
  info_.n_expert = 8;
  EXPECT_THAT(refused(), HasSubstr("experts: expected 4 as in run 1 of"));
  info_.n_expert = 4;
  info_.routing_layers = {LayerIdx(0), LayerIdx(1)};
  EXPECT_THAT(refused(), HasSubstr("routing layers: expected [0 2] as in"));
  info_.routing_layers = {LayerIdx(0)};
  info_.top_k = 4;
  EXPECT_THAT(refused(), HasSubstr("routing layers"));
}

TEST_F(Compare, RowsThatNoRecordingMakesAreRefused) {
  PromptTrace a = prompt("p");
  add_token(a, 1, {0, 1, 2, 3}, 1.0f);
  for (const char* damage : {"DELETE FROM routing WHERE layer = 2 AND slot = 1",
                             "UPDATE routing SET layer = 1 WHERE layer = 2",
                             "UPDATE routing SET expert = 9 WHERE layer = 2"}) {
    write("a.db", {a});
    write("b.db", {a});
    {
      Database db(folder_ / "b.db", OpenMode::kReadWrite);
      db.execute(damage);
    }
    EXPECT_THAT(error_of([&] { compare(); }), HasSubstr("b.db")) << damage;
    for (const char* file : {"a.db", "b.db"}) std::filesystem::remove(folder_ / file);
  }
}

TEST_F(Compare, LogitsThatAreTooShortAreRefused) {
  info_.scores = Scores::kAll;
  PromptTrace a = prompt("p");
  add_token(a, 1, {0, 1, 2, 3}, 1.0f);
  a.router_logits.assign(2 * 4, 0.0f);
  write("a.db", {a});
  write("b.db", {a});
  Database(folder_ / "b.db", OpenMode::kReadWrite)
      .execute("UPDATE token SET router_logits = x'00'");
  EXPECT_THAT(error_of([&] { compare(); }), HasSubstr("router_logits: expected 32 bytes, got 1"));
}

}  // namespace
}  // namespace moescope::trace

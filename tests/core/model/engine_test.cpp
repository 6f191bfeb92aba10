#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/base/error.hpp"
#include "core/model/rope_table.hpp"
#include "core/model/sampler.hpp"
#include "core/model/stop_text.hpp"
#include "tests/core/model/event_log.hpp"
#include "tests/core/model/tiny_model.hpp"

namespace moescope::model {
namespace {

using hooks::FinishReason;
using testing::HasSubstr;
using testing_support::EventLog;
using testing_support::source_of;
using testing_support::TinyModel;
using testing_support::TinySpec;

hooks::Request request_of(std::uint64_t id, std::size_t n, hooks::Generation generate = {}) {
  hooks::Request out;
  out.id = id;
  for (std::size_t i = 0; i < n; ++i) out.ids.emplace_back(i % 40);
  out.generate = std::move(generate);
  return out;
}

TEST(Engine, ARequestThatCannotRunFailsAloneWithItsReason) {
  const TinyModel tiny;
  hooks::Request strange = request_of(3, 4);
  strange.ids[2] = TokenId(40);
  EventLog log;
  run_requests(*tiny, {},
               source_of({request_of(0, 5), request_of(1, 97), request_of(2, 0), strange}),
               {.prediction = true}, {}, log);
  EXPECT_EQ(log.reason.at(0), FinishReason::kScored);
  EXPECT_EQ(log.reason.at(1), FinishReason::kFailed);
  EXPECT_THAT(log.message.at(1), HasSubstr("97 tokens, expected at most 96"));
  EXPECT_THAT(log.message.at(2), HasSubstr("no tokens"));
  EXPECT_THAT(log.message.at(3), HasSubstr("token id 40 is outside of the vocabulary of 40"));
}

TEST(Engine, DamagedWeightsFailTheRequestNotTheNumbers) {
  const TinyModel tiny({}, [](const std::string& name, std::vector<float>& v) {
    if (name.find("layers.1.block_sparse_moe.gate") != std::string::npos)
      v[0] = std::numeric_limits<float>::quiet_NaN();
  });
  EventLog log;
  run_requests(*tiny, {}, source_of({request_of(0, 5)}), {.routing = true, .prediction = true}, {},
               log);
  EXPECT_EQ(log.reason.at(0), FinishReason::kFailed);
  EXPECT_THAT(log.message.at(0), HasSubstr("layer 1, position 0: router logits are not finite"));
}

TEST(Engine, EndsGenerationForEveryReason) {
  const TinyModel tiny;
  const auto reason = [&](std::size_t n_prompt, hooks::Generation g) {
    EventLog log;
    run_requests(*tiny, {}, source_of({request_of(0, n_prompt, std::move(g))}), {}, {}, log);
    return std::pair(log.reason.at(0), log.generated.at(0));
  };
  const auto [limit, tokens] = reason(4, {.max_new_tokens = 6});
  EXPECT_EQ(limit, FinishReason::kMaxTokens);
  ASSERT_EQ(tokens.size(), 6u);
  const auto [stop, until] = reason(4, {.max_new_tokens = 6, .stop_tokens = {tokens[2]}});
  EXPECT_EQ(stop, FinishReason::kStopToken);
  EXPECT_EQ(until.back(), tokens[2]);
  const auto [when, three] =
      reason(4, {.max_new_tokens = 6, .stop_when = [](auto g) { return g.size() == 3; }});
  EXPECT_EQ(when, FinishReason::kStopString);
  EXPECT_EQ(three.size(), 3u);
  const auto [full, two] = reason(94, {.max_new_tokens = 6});
  EXPECT_EQ(full, FinishReason::kContext);
  EXPECT_EQ(two.size(), 2u);
}

TEST(Engine, SlidingWindowForgetsWhatLiesBehindIt) {
  const TinyModel tiny(TinySpec{.n_layer = 1, .extra_config = "\"sliding_window\": 4,"});
  hooks::Request a = request_of(0, 12);
  hooks::Request b = request_of(1, 12);
  b.ids[3] = TokenId(39);
  EventLog log;
  run_requests(*tiny, {}, source_of({a, b}), {.routing = true}, {}, log);
  for (std::uint32_t p = 0; p < 12; ++p) {
    const bool same = log.at(0, "logits", 0, 0, p) == log.at(1, "logits", 0, 0, p);
    EXPECT_EQ(same, p < 3 || p > 6) << p;
  }
}

TEST(Engine, CaptureRulesChooseSitesPositionsAndPrompts) {
  const TinyModel tiny;
  hooks::CapturePlan plan;
  plan.rules.push_back(
      hooks::parse_capture("blocks.1.hook_resid_post@0,-1#de-*", tiny->config.shape()));
  hooks::Request a = request_of(0, 8);
  a.name = "de-1";
  hooks::Request b = request_of(1, 8);
  b.name = "fr-1";
  EventLog log;
  run_requests(*tiny, {.max_batch_tokens = 3}, source_of({a, b}), plan, {}, log);
  ASSERT_EQ(log.bits.size(), 2u);
  EXPECT_EQ(log.at(0, "site blocks.{N}.hook_resid_post", 1, 0, 0).size(), tiny->config.d_model);
  EXPECT_EQ(log.at(0, "site blocks.{N}.hook_resid_post", 1, 0, 7).size(), tiny->config.d_model);
}

TEST(Engine, ResidualStreamAddsUp) {
  const TinyModel tiny;
  hooks::CapturePlan plan;
  plan.rules.push_back(hooks::parse_capture("*", tiny->config.shape()));
  EventLog log;
  run_requests(*tiny, {}, source_of({request_of(0, 9)}), plan, {}, log);
  for (std::uint32_t l = 0; l < 3; ++l) {
    const auto at = [&](const char* site) {
      return log.at(0, std::string("site blocks.{N}.") + site, l, 0, 5);
    };
    const auto pre = at("hook_resid_pre"), attn = at("hook_attn_out"), mid = at("hook_resid_mid");
    const auto mlp = at("hook_mlp_out"), post = at("hook_resid_post");
    for (std::size_t i = 0; i < pre.size(); ++i) {
      EXPECT_EQ(pre[i] + attn[i], mid[i]);
      EXPECT_EQ(mid[i] + mlp[i], post[i]);
    }
    if (l > 0) {
      EXPECT_EQ(pre, log.at(0, "site blocks.{N}.hook_resid_post", l - 1, 0, 5));
    }
  }
}

TEST(Engine, StopsWhenAsked) {
  const TinyModel tiny;
  std::stop_source stop;
  stop.request_stop();
  EventLog log;
  try {
    run_requests(*tiny, {}, source_of({request_of(0, 5)}), {}, {}, log, stop.get_token());
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::kInterrupted);
  }
}

/// A request that begins as `main` does for n_shared ids and then goes its own way.
hooks::Request branch_of(const hooks::Request& main, std::uint64_t id, std::size_t n_shared,
                         std::size_t n_own) {
  hooks::Request out;
  out.id = id;
  out.ids.assign(main.ids.begin(), main.ids.begin() + static_cast<std::ptrdiff_t>(n_shared));
  for (std::size_t i = 0; i < n_own; ++i) out.ids.emplace_back((7 * i + id) % 40);
  out.n_shared = n_shared;
  return out;
}

TEST(Engine, BranchesHaveTheBitsThatTheyWouldHaveAlone) {
  const TinyModel tiny;
  hooks::Request main = request_of(0, 12);
  std::vector<hooks::Request> branches = {branch_of(main, 1, 3, 9), branch_of(main, 2, 10, 4),
                                          branch_of(main, 3, 12, 0), branch_of(main, 4, 6, 20)};
  branches[2].generate = {.max_new_tokens = 5, .sampling = {.temperature = 1.0f, .seed = 3}};
  std::vector<hooks::Request> alone = {main};
  for (hooks::Request branch : branches) {
    branch.n_shared = 0;
    alone.push_back(branch);
  }
  main.branches = branches;
  const hooks::CapturePlan plan{.routing = true, .prediction = true};
  EventLog expected;
  run_requests(*tiny, {}, source_of(alone), plan, {}, expected);
  for (const std::size_t rows : {2, 512}) {
    EventLog log;
    run_requests(*tiny, {.max_batch_tokens = rows}, source_of({main, request_of(9, 30)}), plan, {},
                 log);
    std::size_t n_seen = 0;
    for (const auto& [key, bits] : expected.bits) {
      const std::uint64_t request = std::get<0>(key);
      const std::size_t n_shared = request == 0 ? 0 : branches[request - 1].n_shared;
      if (n_shared > 0 && std::get<4>(key) + 1 < n_shared) continue;
      ASSERT_TRUE(log.bits.contains(key))
          << request << " " << std::get<1>(key) << " " << std::get<4>(key);
      EXPECT_EQ(log.bits.at(key), bits);
      ++n_seen;
    }
    EXPECT_GT(n_seen, 100u);
    EXPECT_EQ(log.generated.at(3), expected.generated.at(3));
    EXPECT_EQ(log.generated.at(3).size(), 5u);
  }
}

TEST(Engine, BranchesOfARequestThatFailsStandOnTheirOwn) {
  const TinyModel tiny;
  hooks::Request main = request_of(0, 97);
  main.branches = {branch_of(main, 1, 90, 50), branch_of(main, 2, 20, 5), branch_of(main, 3, 4, 4)};
  hooks::Request alone = main.branches[1];
  alone.n_shared = 0;
  const hooks::CapturePlan plan{.prediction = true};
  EventLog expected, log;
  run_requests(*tiny, {}, source_of({alone}), plan, {}, expected);
  run_requests(*tiny, {}, source_of({main}), plan, {}, log);
  EXPECT_EQ(log.reason.at(0), FinishReason::kFailed);
  EXPECT_EQ(log.reason.at(1), FinishReason::kFailed);
  EXPECT_EQ(log.reason.at(2), FinishReason::kScored);
  EXPECT_EQ(log.reason.at(3), FinishReason::kScored);
  for (const auto& [key, bits] : expected.bits) EXPECT_EQ(log.bits.at(key), bits);
}

TEST(Engine, WhatABranchMayShareEndsWhereTheIdsDiffer) {
  const TinyModel tiny;
  const hooks::Request main = request_of(0, 8);
  EXPECT_EQ(shareable(*tiny, {}, main, request_of(1, 20)), 8u);
  EXPECT_EQ(shareable(*tiny, {}, main, request_of(1, 5)), 5u);
  hooks::Request other = request_of(1, 8);
  other.ids[3] = TokenId(39);
  EXPECT_EQ(shareable(*tiny, {}, main, other), 3u);
}

TEST(Sampler, GreedyTakesTheLowestOfEqualLogits) {
  Random random(1);
  const std::vector<float> logits{0.0f, 2.0f, 2.0f, -1.0f};
  EXPECT_EQ(sample(logits, {}, random), TokenId(1));
}

TEST(Sampler, DrawsWithTheSoftmaxFrequencies) {
  Random random(2);
  const std::vector<float> logits{std::log(0.5f), std::log(0.3f), std::log(0.2f)};
  std::vector<int> count(3);
  constexpr int kDraws = 20000;
  for (int i = 0; i < kDraws; ++i) ++count[sample(logits, {.temperature = 1.0f}, random).value];
  // Four standard errors of a share of one half over 20,000 draws are 0.0142.
  EXPECT_NEAR(count[0] / double{kDraws}, 0.5, 0.0142);
  EXPECT_NEAR(count[1] / double{kDraws}, 0.3, 0.0142);
}

TEST(Sampler, CutsByTopKThenTopPThenMinP) {
  const std::vector<float> logits{std::log(0.5f), std::log(0.3f), std::log(0.15f), std::log(0.05f)};
  const auto reachable = [&](hooks::Sampling options) {
    options.temperature = 1.0f;
    Random random(3);
    std::vector<bool> seen(4);
    for (int i = 0; i < 2000; ++i) seen[sample(logits, options, random).value] = true;
    return seen;
  };
  EXPECT_EQ(reachable({.top_k = 2}), (std::vector<bool>{true, true, false, false}));
  EXPECT_EQ(reachable({.top_p = 0.79f}), (std::vector<bool>{true, true, false, false}));
  EXPECT_EQ(reachable({.top_p = 0.9f}), (std::vector<bool>{true, true, true, false}));
  EXPECT_EQ(reachable({.min_p = 0.2f}), (std::vector<bool>{true, true, true, false}));
}

TEST(StopText, HoldsBackWhatMayBegin) {
  StopText stop({"END", "ENOUGH"});
  EXPECT_EQ(stop.push("abcE"), "abc");
  EXPECT_EQ(stop.push("N"), "");
  EXPECT_EQ(stop.push("x E"), "ENx ");
  EXPECT_EQ(stop.push("NDtail"), "");
  EXPECT_TRUE(stop.stopped());
  StopText open({"END"});
  EXPECT_EQ(open.push("xEN"), "x");
  EXPECT_EQ(open.finish(), "EN");
}

TEST(Rope, Llama3ScalesLowFrequenciesOnly) {
  const Rope rope{.kind = RopeKind::kLlama3,
                  .theta = 500000.0f,
                  .d_rotary = 128,
                  .factor = 8.0f,
                  .low_freq_factor = 1.0f,
                  .high_freq_factor = 4.0f,
                  .original_context = 8192};
  const auto plain = rope_frequencies({.theta = 500000.0f, .d_rotary = 128});
  const auto scaled = rope_frequencies(rope);
  EXPECT_EQ(scaled[0], plain[0]);           // wavelength 6.3 < 8192 / 4
  EXPECT_EQ(scaled[63], plain[63] / 8.0f);  // wavelength 2.6 million > 8192
  EXPECT_LT(scaled[33], plain[33]);         // in between (wavelength 5,450)
  EXPECT_GT(scaled[33], plain[33] / 8.0f);
}

}  // namespace
}  // namespace moescope::model

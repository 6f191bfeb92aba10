#include "core/model/gating.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/base/error.hpp"
#include "tests/error_of.hpp"

namespace moescope::model {
namespace {

using testing::HasSubstr;

/// What route() says of one token.
struct Routed {
  std::vector<std::size_t> expert;
  std::vector<float> weight, margin;
};

Routed routed(const Gating& gating, const std::vector<float>& logits,
              const std::vector<float>& bias = {}, const LayerInterventions& change = {}) {
  const std::size_t k = gating.top_k;
  std::vector<float> score(logits.size()), selection(logits.size());
  std::vector<ExpertIdx> expert(k);
  Routed out{.expert = {}, .weight = std::vector<float>(k), .margin = std::vector<float>(k)};
  EXPECT_TRUE(
      route(gating, change, bias, logits, {score, expert, out.weight, out.margin, selection}));
  for (const ExpertIdx e : expert) out.expert.push_back(e.value);
  return out;
}

void expect_near(const std::vector<float>& got, const std::vector<double>& wanted) {
  ASSERT_EQ(got.size(), wanted.size());
  for (std::size_t i = 0; i < got.size(); ++i)
    EXPECT_NEAR(static_cast<double>(got[i]), wanted[i], 2e-6) << i;
}

double sigma(double x) {
  return 1 / (1 + std::exp(-x));
}

TEST(Gating, SoftmaxWithoutRenormalisationKeepsTheSharesOfAll) {
  const Gating gating{.n_expert = 4, .top_k = 2, .renormalise = false};
  const Routed r = routed(gating, {0, 2, 1, -1});
  const double all = 1 + std::exp(2) + std::exp(1) + std::exp(-1);
  EXPECT_EQ(r.expert, (std::vector<std::size_t>{1, 2}));
  expect_near(r.weight, {std::exp(2) / all, std::exp(1) / all});
  expect_near(r.margin, {2, 1});
}

TEST(Gating, ABiasDecidesTheChoiceAndNotTheWeight) {
  const Gating gating{.n_expert = 3,
                      .top_k = 1,
                      .score = ScoreFunction::kSigmoid,
                      .selection_bias = true,
                      .renormalise = false,
                      .scaling = 2.5f};
  const Routed r = routed(gating, {0.5f, 0.4f, -3.0f}, {0.0f, 0.1f, 0.0f});
  EXPECT_EQ(r.expert, (std::vector<std::size_t>{1}));
  expect_near(r.weight, {2.5 * sigma(0.4)});
  expect_near(r.margin, {sigma(0.4) + 0.1 - sigma(0.5)});
}

TEST(Gating, OnlyTheBestGroupsAreChosenFrom) {
  // Groups {0, 1}, {2, 3}, {4, 5}; by their best expert, the second and third are open.
  Gating gating{.n_expert = 6,
                .top_k = 2,
                .n_group = 3,
                .top_group = 2,
                .group_score = GroupScore::kMax,
                .renormalise = false};
  const std::vector<float> logits{1.9f, 1.8f, 3.0f, 0.0f, 2.0f, 0.1f};
  Routed r = routed(gating, logits);
  EXPECT_EQ(r.expert, (std::vector<std::size_t>{2, 4}));
  // Expert 4 leads the best one left in the open groups (5: 0.1) by 1.9, but its group leads the
  // closed one by 0.1 only.
  expect_near(r.margin, {1.1, 0.1});
  // By the sum of two, the first group (3.7) and the second (3.0) are open.
  gating.group_score = GroupScore::kTopTwo;
  r = routed(gating, logits);
  EXPECT_EQ(r.expert, (std::vector<std::size_t>{2, 0}));
  expect_near(r.margin, {0.9, 0.1});
}

TEST(Gating, TheSparseMixerWeighsEachChoiceAmongItsNeighbours) {
  // Jitter 0.1: an expert stays while (best - s) / max(|s|, best) is at most 0.2.
  const Gating gating{.n_expert = 4, .top_k = 2, .mixer_jitter = 0.1f, .renormalise = false};
  const Routed r = routed(gating, {4.0f, 5.0f, 4.5f, 1.0f});
  EXPECT_EQ(r.expert, (std::vector<std::size_t>{1, 2}));
  // First: 5, 4.5 and 4 stay (gaps 0.1 and 0.2). Second, without 5: 4.5 and 4 stay.
  expect_near(r.weight, {1 / (1 + std::exp(-0.5) + std::exp(-1.0)), 1 / (1 + std::exp(-0.5))});
}

TEST(Gating, AForcedExpertIsWeighedAmongTheOthers) {
  const Gating mixer{.n_expert = 4, .top_k = 2, .mixer_jitter = 0.1f, .renormalise = false};
  LayerInterventions change;
  change.forced = {ExpertIdx(3)};
  const Routed r = routed(mixer, {4.0f, 5.0f, 4.5f, 1.0f}, {}, change);
  EXPECT_EQ(r.expert, (std::vector<std::size_t>{1, 3}));
  expect_near({r.weight[1]}, {std::exp(-3.5) / (1 + std::exp(-0.5) + std::exp(-3.5))});
  expect_near({r.margin[1]}, {1.0 - 4.5});
}

TEST(Gating, AMaskedExpertLeavesItsGroupToTheOthers) {
  const Gating gating{
      .n_expert = 4, .top_k = 1, .n_group = 2, .top_group = 1, .renormalise = false};
  LayerInterventions change;
  change.masked = {false, false, true, false};
  const Routed r = routed(gating, {1.0f, 0.0f, 5.0f, 0.5f}, {}, change);
  EXPECT_EQ(r.expert, (std::vector<std::size_t>{0}));
}

TEST(Gating, MasksThatMayEmptyTheGroupsAreRefused) {
  ModelConfig config;
  config.n_layer = 1;
  config.gating = {.n_expert = 8, .top_k = 3, .n_group = 4, .top_group = 2};
  config.routes = {true};
  const auto refusal = [&](std::vector<std::string> masks) {
    hooks::InterventionPlan plan;
    for (const std::string& m : masks)
      plan.items.push_back(hooks::parse_intervention(m, config.shape()));
    return error_of([&] { layer_interventions(plan, config); });
  };
  EXPECT_EQ(refusal({"mask:L0.E0"}), "no error");
  EXPECT_THAT(refusal({"mask:L0.E0", "mask:L0.E2"}), HasSubstr("2 groups may hold fewer than 3"));
}

TEST(Gating, TiesGoToTheLowerIndexAndDamageIsReported) {
  const Gating gating{.n_expert = 3, .top_k = 2};
  EXPECT_EQ(routed(gating, {1, 1, 1}).expert, (std::vector<std::size_t>{0, 1}));
  std::vector<float> logits{0, std::numeric_limits<float>::quiet_NaN(), 0};
  std::vector<float> score(3, 7), selection(3), weight(2), margin(2);
  std::vector<ExpertIdx> expert(2);
  EXPECT_FALSE(route(gating, {}, {}, logits, {score, expert, weight, margin, selection}));
  EXPECT_EQ(score, (std::vector<float>{0, 0, 0}));
}

}  // namespace
}  // namespace moescope::model

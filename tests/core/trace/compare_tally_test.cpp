#include "core/trace/compare_tally.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/base/random.hpp"

namespace moescope::trace {
namespace {

using testing::HasSubstr;

TEST(MarginCounts, MediansAreWithinOnePartIn128) {
  MarginCounts counts, others;
  Random random(5);
  std::vector<double> margins;
  for (int i = 0; i < 1001; ++i) {
    margins.push_back(std::exp(static_cast<double>(random.below(2000)) / 100 - 15));
    (i % 2 == 0 ? counts : others).add(margins.back());
  }
  counts.merge(others);
  std::sort(margins.begin(), margins.end());
  const MarginSummary summary = counts.summary();
  EXPECT_EQ(summary.n, 1001u);
  EXPECT_LE(*summary.median, margins[500] * (1 + 1e-6));
  EXPECT_GT(*summary.median, margins[500] * 127 / 128);
  EXPECT_EQ(*summary.largest, margins.back());
}

TEST(MarginCounts, TheSmallestAndTheLargestHaveStepsToo) {
  MarginCounts counts;
  for (const double margin : {-0.0, 1e-300, 1e-20}) counts.add(margin);
  EXPECT_EQ(*counts.summary().median, 0.0);
  for (int i = 0; i < 9; ++i) counts.add(1e300);
  EXPECT_EQ(*counts.summary().median, std::exp2(24));
  EXPECT_EQ(*counts.summary().largest, 1e300);
}

TEST(RouterDifference, IsThatOfTheLogProbabilitiesOfTheExpertsChosen) {
  const std::vector<std::uint32_t> chosen = {0, 2};
  const auto log = [](double x) { return static_cast<float>(std::log(x)); };
  // p = 1/2, 1/4, 1/4 and, with all logits moved by 3, p = 1/4, 1/4, 1/2.
  const std::vector<float> a = {log(2), log(1), log(1)};
  const std::vector<float> b = {log(1) + 3, log(1) + 3, log(2) + 3};
  EXPECT_NEAR(router_difference(chosen, a, b), std::log(2.0), 1e-6);
  EXPECT_NEAR(router_difference({chosen.data(), 1}, a, a), 0, 1e-12);
  const std::vector<float> large = {3e38f, -3e38f, 0};
  EXPECT_EQ(router_difference({chosen.data(), 1}, large, large), 0);
}

TEST(CompareTally, TooManyGroupsHaveSharesWithoutLimits) {
  RunRow run;
  run.routing_layers = {LayerIdx(0)};
  run.n_expert = 4;
  run.top_k = 1;
  const CompareOptions options;
  CompareTally tally(run, options, 4);
  const std::vector<std::uint32_t> expert = {3};
  for (std::uint32_t cluster = 0; cluster < 9; ++cluster) {
    tally.begin_prompt(cluster);
    tally.add_decision(0, {expert, 1.0, {}}, {expert, 1.0, {}}, [] { return TokenPlace{}; });
  }
  const RunComparison c = tally.take();
  EXPECT_EQ(c.all.counts, (AgreementCounts{9, 9, 9, 9}));
  EXPECT_THAT(c.all.same_set.why(), HasSubstr("9 prompt groups x 1 layers are more than 4"));
}

}  // namespace
}  // namespace moescope::trace

#include "core/stats/wild.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

namespace moescope::stats {
namespace {

using testing::HasSubstr;
using Reals = std::vector<double>;
using Keys = std::vector<std::uint32_t>;

Keys one_each(std::size_t n) {
  Keys keys(n);
  std::iota(keys.begin(), keys.end(), 0u);
  return keys;
}

TEST(Wild, OfAMeanOfSingleItemsIsTheSignFlipTest) {
  // Of the 4096 sign vectors of 1 … 12 only all + and all - reach the sum.
  Reals value(12);
  std::iota(value.begin(), value.end(), 1.0);
  Random random(1);
  const auto test = wild_ratio(mean_sums(value, one_each(12)), random);
  EXPECT_DOUBLE_EQ(test->p, 2.0 / 4096);
  EXPECT_DOUBLE_EQ(test->smallest_p, 2.0 / 4096);
  EXPECT_DOUBLE_EQ(test->estimate, 6.5);
  value[0] = -1;  // the flips of 1 alone tie or exceed: 4 of 4096
  EXPECT_DOUBLE_EQ(wild_ratio(mean_sums(value, one_each(12)), random)->p, 4.0 / 4096);
}

TEST(Wild, ChoosesItsWeightsByTheNumberOfClusters) {
  Random random(2);
  const auto with = [&](std::size_t n) {
    Reals value(n);
    for (double& v : value) v = random.uniform();
    return wild_ratio(mean_sums(value, one_each(n)), random, {.null = 0.5, .n_draw = 199});
  };
  EXPECT_THAT(with(5).why(), HasSubstr("5 clusters, fewer than 6"));
  EXPECT_EQ(with(6)->weights, WildWeights::kWebb);
  EXPECT_EQ(with(11)->weights, WildWeights::kWebb);
  EXPECT_EQ(with(12)->weights, WildWeights::kRademacherExact);
  EXPECT_EQ(with(16)->n_draw, 65536u);
  EXPECT_EQ(with(17)->weights, WildWeights::kRademacher);
  EXPECT_EQ(with(17)->n_draw, 199u);
  EXPECT_DOUBLE_EQ(with(17)->smallest_p, 1.0 / 200);
}

TEST(Wild, TheNullIsTheOneAskedFor) {
  Random random(3);
  const auto sums = mean_sums(Reals{51, 52, 50, 53, 49, 51, 52, 50}, one_each(8));
  EXPECT_GT(wild_ratio(sums, random, {.null = 51})->p, 0.9);
  EXPECT_LT(wild_ratio(sums, random, {.null = 40})->p, 0.01);
  EXPECT_THAT(wild_ratio(mean_sums(Reals(8, 3.0), one_each(8)), random).why(),
              HasSubstr("do not differ"));
}

TEST(ClusterTest, TakesTheLargerP) {
  Random random(5);
  Reals value(20);
  for (double& v : value) v = random.uniform();
  const auto test = cluster_test_ratio(mean_sums(value, one_each(20)), random, {.null = 0.3});
  ASSERT_TRUE(test && test->wild);
  EXPECT_DOUBLE_EQ(test->p, std::max(test->p_interval, test->wild->p));
  EXPECT_THAT(cluster_test_ratio(mean_sums(Reals{1, 2}, one_each(2)), random).why(),
              HasSubstr("fewer than 6"));
}

TEST(ClusterTest, AgreesWithItsInterval) {
  Random random(6);
  for (int r = 0; r < 60; ++r) {
    Reals value(9);
    for (double& v : value) v = random.uniform() + 0.2 * static_cast<double>(r % 5);
    const auto test = cluster_test_ratio(mean_sums(value, one_each(9)), random,
                                         {.n_draw = 999, .range = Limits{0, 2}, .null = 0.5});
    ASSERT_TRUE(test) << test.why();
    const auto& e = test->interval.estimate;
    EXPECT_EQ(test->p_interval<0.05, e.lower> 0.5 || e.upper < 0.5) << test->p_interval;
  }
}

TEST(ClusterTest, WhereAllAgreeIsThatOfClopperPearson) {
  Random random(7);
  const auto sums = mean_sums(Reals(8, 1.0), one_each(8));
  const auto test = cluster_test_ratio(sums, random, {.range = Limits{0, 1}, .null = 0.5});
  EXPECT_NEAR(test->p, 2.0 / 256, 1e-12);
  EXPECT_FALSE(test->wild);
}

TEST(Wild, OfTwoSeparateGroupsKeepsItsSize) {
  Random random(4);
  int n_rejected = 0;
  constexpr int kRepeat = 400;
  for (int r = 0; r < kRepeat; ++r) {
    Reals value(16);
    std::vector<std::uint8_t> group(16);
    for (std::size_t i = 0; i < 16; ++i) {
      value[i] = random.uniform() + random.uniform();
      group[i] = i < 8 ? 0 : 1;
    }
    const auto sums = two_group_sums(value, Reals(16, 1.0), group, one_each(16));
    n_rejected += wild_difference(sums, random, {.n_draw = 399, .max_exact = 0})->p <= 0.05 ? 1 : 0;
  }
  EXPECT_GT(n_rejected, kRepeat * 2 / 100);
  EXPECT_LT(n_rejected, kRepeat * 9 / 100);
}

}  // namespace
}  // namespace moescope::stats

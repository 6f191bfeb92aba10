#include "core/stats/bootstrap.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "core/stats/proportions.hpp"
#include "core/stats/quantile.hpp"

namespace moescope::stats {
namespace {

using testing::HasSubstr;
using Reals = std::vector<double>;
using Keys = std::vector<std::uint32_t>;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

Keys one_each(std::size_t n) {
  Keys keys(n);
  std::iota(keys.begin(), keys.end(), 0u);
  return keys;
}

/// Means of `n_cluster` clusters of `size`, normal around a shared part.
ClusterSums normal_clusters(std::size_t n_cluster, std::size_t size, Random& random) {
  Reals value;
  Keys key;
  for (std::uint32_t c = 0; c < n_cluster; ++c) {
    const double shared = normal_quantile(0.001 + 0.998 * random.uniform());
    for (std::size_t i = 0; i < size; ++i) {
      value.push_back(1 + shared + normal_quantile(0.001 + 0.998 * random.uniform()));
      key.push_back(c);
    }
  }
  return mean_sums(value, key);
}

TEST(RankQuantile, HandWorked) {
  const Reals sorted{10, 20, 30, 40};
  EXPECT_DOUBLE_EQ(rank_quantile(sorted, 0.5), 25);
  EXPECT_DOUBLE_EQ(rank_quantile(sorted, 0.3), 15);
  EXPECT_DOUBLE_EQ(rank_quantile(sorted, 0.01), 10);
  EXPECT_DOUBLE_EQ(rank_quantile(sorted, 0.99), 40);
}

TEST(StudentisedLimits, HandWorked) {
  // Of 39 draws at 90 %: ranks 2 and 38.
  Reals t(39);
  std::iota(t.begin(), t.end(), -19.0);
  EXPECT_EQ(studentised_limits(t, 0, 100, 2, 0.90), (Limits{100 - 2 * 18, 100 + 2 * 18}));
  // One without a value takes an end on both sides.
  t.pop_back();
  EXPECT_EQ(studentised_limits(t, 1, 100, 2, 0.90), (Limits{100 - 2 * 18, 100 + 2 * 19}));
  t.pop_back();
  EXPECT_EQ(studentised_limits(t, 2, 100, 2, 0.90).lower, -kInfinity);
  EXPECT_EQ(studentised_limits(t, 2, 100, 2, 0.90).upper, kInfinity);
}

TEST(Bca, WithoutBiasAndSkewIsThePercentileInterval) {
  Reals draw(999);
  std::iota(draw.begin(), draw.end(), -499.0);
  const auto limits = bca_limits(draw, acceleration(Reals{1, 2, 3, 4, 5}), 0, 0.95);
  EXPECT_NEAR(limits->lower, -475, 1e-9);
  EXPECT_NEAR(limits->upper, 475, 1e-9);
  EXPECT_FALSE(bca_limits(draw, 0, 5000, 0.95));
}

TEST(Bootstrap, TheSeedFixesTheResult) {
  Random data(1), a(2), b(2), c(3);
  const auto sums = normal_clusters(12, 4, data);
  const BootstrapOptions few{.n_draw = 499};
  const auto first = cluster_bootstrap(sums, ratio_statistic(), a, few);
  EXPECT_EQ(first->estimate, cluster_bootstrap(sums, ratio_statistic(), b, few)->estimate);
  EXPECT_NE(first->estimate.lower,
            cluster_bootstrap(sums, ratio_statistic(), c, few)->estimate.lower);
}

TEST(Bootstrap, OfManyAlikeClustersApproachesTheTInterval) {
  Random random(4);
  const auto sums = normal_clusters(300, 3, random);
  const auto t = linearised_estimate(sums, ratio_statistic());
  for (const auto method :
       {IntervalMethod::kBootstrapT, IntervalMethod::kBca, IntervalMethod::kPercentile}) {
    const auto b =
        cluster_bootstrap(sums, ratio_statistic(), random, {.method = method, .max_skew = 1});
    ASSERT_TRUE(b) << b.why();
    EXPECT_EQ(b->method, method);
    EXPECT_NEAR(b->estimate.lower, t->lower, 0.1 * t->se);
    EXPECT_NEAR(b->estimate.upper, t->upper, 0.1 * t->se);
  }
}

TEST(Bootstrap, WhereAllAgreeAtAnEndIsClopperPearsonOnClusters) {
  const auto sums = mean_sums(Reals(30, 1.0), Keys{0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2,
                                                   3, 3, 3, 3, 3, 4, 4, 4, 4, 4, 5, 5, 5, 5, 5});
  Random random(5);
  const auto b = cluster_bootstrap(sums, ratio_statistic(), random, {.range = Limits{0, 1}});
  ASSERT_TRUE(b) << b.why();
  EXPECT_EQ(b->method, IntervalMethod::kClopperPearson);
  EXPECT_NEAR(b->estimate.lower, std::pow(0.025, 1.0 / 6), 1e-12);
  EXPECT_EQ(b->estimate.upper, 1);
  const auto score = cluster_bootstrap(sums, ratio_statistic(), random, {.range = Limits{-1, 1}});
  EXPECT_NEAR(score->estimate.lower, 2 * std::pow(0.025, 1.0 / 6) - 1, 1e-12);
  EXPECT_THAT(cluster_bootstrap(sums, ratio_statistic(), random).why(), HasSubstr("do not differ"));
}

TEST(Bootstrap, WhereDrawsWithoutSpreadDecideALimitSwitchesAndSaysSo) {
  Reals value(60, 1.0);
  value[0] = 0;  // one cluster of six differs: a third of all draws miss it
  Keys key;
  for (std::uint32_t i = 0; i < 60; ++i) key.push_back(i / 10);
  Random random(6);
  const auto b = cluster_bootstrap(mean_sums(value, key), ratio_statistic(), random,
                                   {.n_draw = 999, .range = Limits{0, 1}});
  ASSERT_TRUE(b) << b.why();
  EXPECT_EQ(b->method, IntervalMethod::kClopperPearson);
  EXPECT_NEAR(static_cast<double>(b->n_no_spread) / 999, std::pow(5.0 / 6, 6), 0.05);
  EXPECT_THAT(b->note, HasSubstr("n = 6 clusters"));
  const double share = 59.0 / 60;
  EXPECT_NEAR(b->estimate.lower, clopper_pearson(6 * share, 6)->lower, 1e-12);
  EXPECT_THAT(cluster_bootstrap(mean_sums(value, key), ratio_statistic(), random).why(),
              HasSubstr("no value or no spread"));
}

TEST(Bootstrap, UndefinedDrawsAreCounted) {
  // A ratio whose denominator lies in two clusters of ten only.
  const Reals numerator{1, 2, 0, 0, 0, 0, 0, 0, 0, 0};
  const Reals denominator{2, 2, 0, 0, 0, 0, 0, 0, 0, 0};
  Random random(7);
  const auto b =
      cluster_bootstrap(ratio_sums(numerator, denominator, one_each(10)), ratio_statistic(), random,
                        {.n_draw = 2000, .range = Limits{0, 1}});
  ASSERT_TRUE(b) << b.why();
  EXPECT_NEAR(static_cast<double>(b->n_undefined) / 2000, std::pow(0.8, 10), 0.03);
  EXPECT_EQ(b->method, IntervalMethod::kClopperPearson);
}

TEST(Bootstrap, RefusesWhereItDoesNotHold) {
  Random random(8);
  const auto five = mean_sums(Reals{1, 2, 3, 4, 5}, one_each(5));
  EXPECT_THAT(cluster_bootstrap(five, ratio_statistic(), random).why(), HasSubstr("fewer than 6"));
  const auto twelve = normal_clusters(12, 3, random);
  for (const auto method : {IntervalMethod::kBca, IntervalMethod::kPercentile})
    EXPECT_THAT(cluster_bootstrap(twelve, ratio_statistic(), random, {.method = method}).why(),
                HasSubstr("12.0 effective clusters"));
}

TEST(Bootstrap, BcaAndPercentileRefuseSkewedClusters) {
  Reals value(60, 0.0);
  value[3] = value[17] = value[40] = 1;
  Random random(10);
  const BootstrapOptions bca{.method = IntervalMethod::kBca, .range = Limits{0, 1}};
  EXPECT_THAT(
      cluster_bootstrap(mean_sums(value, one_each(60)), ratio_statistic(), random, bca).why(),
      HasSubstr("too skewed"));
}

TEST(Bootstrap, BcaAndPercentileRefuseValuesNearAnEnd) {
  Reals value(50, 1.0);
  Random random(12);
  for (double& v : value) v = 0.85 + 0.1 * random.uniform();
  const auto sums = mean_sums(value, one_each(50));
  const BootstrapOptions options{.method = IntervalMethod::kPercentile, .range = Limits{0, 1}};
  EXPECT_THAT(cluster_bootstrap(sums, ratio_statistic(), random, options).why(),
              HasSubstr("too near to an end"));
}

TEST(Bootstrap, OfFewUnequalClustersIsNoNarrowerThanCr2) {
  Reals value;
  Keys key;
  Random random(11);
  for (std::uint32_t c = 0; c < 8; ++c)
    for (std::size_t i = 0; i < (c == 0 ? 60u : 6u); ++i) {
      value.push_back(random.uniform());
      key.push_back(c);
    }
  const auto b = cluster_bootstrap(mean_sums(value, key), ratio_statistic(), random);
  ASSERT_TRUE(b && b->cr2);
  EXPECT_LE(b->estimate.lower, b->cr2->lower);
  EXPECT_GE(b->estimate.upper, b->cr2->upper);
  const auto alone =
      cluster_bootstrap(mean_sums(value, key), ratio_statistic(), random, {.wider_below = 0});
  EXPECT_TRUE(alone->note.empty());
}

TEST(Bootstrap, StrataAreDrawnApart) {
  // Two strata that differ much but hardly within: drawing across them would show in the limits.
  Reals value;
  for (int i = 0; i < 12; ++i) value.push_back((i < 6 ? 0 : 100) + i % 3);
  auto sums = mean_sums(value, one_each(12));
  Random random(9);
  const auto across = cluster_bootstrap(sums, ratio_statistic(), random, {.n_draw = 999});
  sums.stratum = {0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1};
  const auto within = cluster_bootstrap(sums, ratio_statistic(), random, {.n_draw = 999});
  EXPECT_GT(across->estimate.upper - across->estimate.lower, 40);
  EXPECT_LT(within->estimate.upper - within->estimate.lower, 3);
  EXPECT_DOUBLE_EQ(within->estimate.df, 10);
}

}  // namespace
}  // namespace moescope::stats

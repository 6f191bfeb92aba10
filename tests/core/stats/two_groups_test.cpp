#include "core/stats/two_groups.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace moescope::stats {
namespace {

using testing::HasSubstr;
using Reals = std::vector<double>;
using Bits = std::vector<std::uint8_t>;
using Keys = std::vector<std::uint32_t>;

/// `n_cluster` clusters of 10 in turns of group 0 and 1.
ClusterSums apart(std::size_t n_cluster, double first, double second, Random& random) {
  Reals yes;
  Bits group;
  Keys key;
  for (std::uint32_t c = 0; c < n_cluster; ++c)
    for (int i = 0; i < 10; ++i) {
      yes.push_back(random.uniform() < (c % 2 == 0 ? first : second) ? 1 : 0);
      group.push_back(static_cast<std::uint8_t>(c % 2));
      key.push_back(c);
    }
  return two_group_sums(yes, Reals(yes.size(), 1.0), group, key);
}

TEST(GroupDifference, OfGroupsApartJoinsTheirOwnLimits) {
  Random random(1);
  const auto sums = apart(40, 0.7, 0.4, random);
  ClusterSums half[2];
  for (std::size_t g = 0; g < 2; ++g) {
    half[g].n_component = 2;
    for (std::size_t c = g; c < 40; c += 2) {
      half[g].sum.push_back(sums.sum[4 * c + 2 * g]);
      half[g].sum.push_back(sums.sum[4 * c + 2 * g + 1]);
      half[g].n_item.push_back(10);
    }
  }
  const BootstrapOptions options{.n_draw = 999, .range = Limits{0, 1}};
  Random a(2), b(2);
  const auto d = group_difference(sums, a, options);
  ASSERT_TRUE(d) << d.why();
  const auto x = cluster_bootstrap(half[0], ratio_statistic(), b, options)->estimate;
  const auto y = cluster_bootstrap(half[1], ratio_statistic(), b, options)->estimate;
  EXPECT_EQ(d->method, IntervalMethod::kTwoGroups);
  EXPECT_DOUBLE_EQ(d->estimate.value, x.value - y.value);
  EXPECT_DOUBLE_EQ(d->estimate.lower,
                   x.value - y.value - std::hypot(x.value - x.lower, y.upper - y.value));
  EXPECT_DOUBLE_EQ(d->estimate.upper,
                   x.value - y.value + std::hypot(x.upper - x.value, y.value - y.lower));
}

TEST(GroupDifference, PAgreesWithTheInterval) {
  Random random(3);
  for (int r = 0; r < 30; ++r) {
    const auto sums = apart(24, 0.6, 0.4 + 0.01 * r, random);
    const auto d = group_difference(sums, random, {.n_draw = 199, .range = Limits{0, 1}});
    ASSERT_TRUE(d) << d.why();
    EXPECT_EQ(*d->p<0.05, d->estimate.lower> 0 || d->estimate.upper < 0);
  }
}

TEST(GroupDifference, OfGroupsThatAgreeAtAnEndHasLimits) {
  Random random(4);
  const auto d = group_difference(apart(24, 1, 1, random), random, {.range = Limits{0, 1}});
  ASSERT_TRUE(d) << d.why();
  EXPECT_EQ(d->estimate.value, 0);
  EXPECT_NEAR(d->estimate.upper, 1 - std::pow(0.025, 1.0 / 12), 1e-12);
  EXPECT_NEAR(d->estimate.lower, -d->estimate.upper, 1e-12);
  EXPECT_THAT(d->note, HasSubstr("first group: all clusters agree"));
  EXPECT_THAT(group_difference(apart(11, 0.5, 0.5, random), random).why(),
              HasSubstr("second group: 5 clusters"));
}

TEST(GroupRatio, IsOneForEqualGroupsAndSaysWhereItHasNoUpperLimit) {
  Random random(5);
  const BootstrapOptions options{.n_draw = 499, .range = Limits{0, 1}};
  const auto r = group_ratio(apart(60, 0.5, 0.5, random), random, options);
  ASSERT_TRUE(r) << r.why();
  EXPECT_LT(r->estimate.lower, 1);
  EXPECT_GT(r->estimate.upper, 1);
  EXPECT_THAT(group_ratio(apart(24, 0.5, 0, random), random, options).why(), HasSubstr("is 0"));
}

TEST(GroupRatio, OfGroupsWithinClustersIsTheBootstrapOfTheLogarithm) {
  Random random(6);
  Reals yes;
  Bits group;
  Keys key;
  for (std::uint32_t i = 0; i < 600; ++i) {
    yes.push_back(random.uniform() < 0.6 ? 1 : 0);
    group.push_back(static_cast<std::uint8_t>(i % 2));
    key.push_back(i / 20);
  }
  const auto sums = two_group_sums(yes, Reals(600, 1.0), group, key);
  Random a(7), b(7);
  const auto r = group_ratio(sums, a, {.n_draw = 499});
  const auto l = cluster_bootstrap(sums, log_ratio_statistic(), b, {.n_draw = 499});
  EXPECT_DOUBLE_EQ(r->estimate.lower, std::exp(l->estimate.lower));
  EXPECT_EQ(r->method, IntervalMethod::kBootstrapT);
}

}  // namespace
}  // namespace moescope::stats

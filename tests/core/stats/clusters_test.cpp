#include "core/stats/clusters.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace moescope::stats {
namespace {

using testing::HasSubstr;
using Reals = std::vector<double>;
using Keys = std::vector<std::uint32_t>;

TEST(ClusterShape, HandWorked) {
  const auto shape = cluster_shape(Reals{6, 2, 2});
  EXPECT_EQ(shape.n_item, 10u);
  EXPECT_EQ(shape.n_cluster, 3u);
  EXPECT_DOUBLE_EQ(shape.effective, 100.0 / 44);
  EXPECT_DOUBLE_EQ(shape.largest_share, 0.6);
  EXPECT_EQ(cluster_shape({}), ClusterShape{});
}

TEST(ClusterSums, AddUpByKeyWhateverTheOrder) {
  const auto sums = mean_sums(Reals{1, 2, 4, 8}, Keys{9, 3, 9, 7});
  EXPECT_EQ(sums.sum, (Reals{2, 1, 8, 1, 5, 2}));
  EXPECT_EQ(sums.n_item, (Reals{1, 1, 2}));
  EXPECT_EQ(sums.totals(), (Reals{15, 4}));
  EXPECT_EQ(sums, mean_sums(Reals{8, 4, 1, 2}, Keys{7, 9, 9, 3}));
}

TEST(LinearisedSe, OfAMeanHandWorked) {
  // Cluster sums less mean: items 0 2 | 1 | 5, mean 2: -2, -1, 3; SE^2 = 3/2 (4 + 1 + 9) / 16.
  const auto sums = mean_sums(Reals{0, 2, 1, 5}, Keys{0, 0, 1, 2});
  EXPECT_NEAR(*linearised_se(sums, ratio_statistic()), std::sqrt(1.5 * 14 / 16), 1e-15);
}

TEST(LinearisedSe, OfClustersOfOneIsThatOfAMean) {
  const auto sums = mean_sums(Reals{1, 3, 4, 8}, Keys{0, 1, 2, 3});
  EXPECT_NEAR(*linearised_se(sums, ratio_statistic()), std::sqrt(26.0 / 3 / 4), 1e-15);
}

TEST(LinearisedSe, OfTwoSeparateGroupsIsTheRootOfTheSumOfSquares) {
  const Reals one(8, 1.0);
  const Reals value{1, 3, 4, 8, 2, 2, 5, 3};
  const auto both = two_group_sums(value, one, std::vector<std::uint8_t>{0, 0, 0, 0, 1, 1, 1, 1},
                                   Keys{0, 1, 2, 3, 4, 5, 6, 7});
  EXPECT_EQ(both.strata().size(), 2u);
  EXPECT_NEAR(*linearised_se(both, difference_statistic()), std::sqrt(26.0 / 12 + 6.0 / 12), 1e-14);
  const auto e = linearised_estimate(both, difference_statistic());
  EXPECT_DOUBLE_EQ(e->value, 1);
  EXPECT_DOUBLE_EQ(e->df, 6);
}

TEST(LinearisedSe, OfAPairedDifferenceIsThatOfTheDifferences) {
  const Reals one(6, 1.0);
  const auto both =
      two_group_sums(Reals{1, 4, 9, 0, 2, 4}, one, std::vector<std::uint8_t>{0, 0, 0, 1, 1, 1},
                     Keys{0, 1, 2, 0, 1, 2});
  EXPECT_TRUE(both.stratum.empty());
  const auto d = mean_sums(Reals{1, 2, 5}, Keys{0, 1, 2});
  EXPECT_NEAR(*linearised_se(both, difference_statistic()), *linearised_se(d, ratio_statistic()),
              1e-14);
}

TEST(Gradient, CentralDifferencesAgreeWithTheGivenOnes) {
  const Reals total{3, 7, 2, 9};
  for (const Statistic& s : {difference_statistic(), log_ratio_statistic()}) {
    const auto exact = gradient_of(s, total);
    const auto numeric = gradient_of({.value = s.value, .gradient = {}}, total);
    for (std::size_t k = 0; k < 4; ++k) EXPECT_NEAR((*exact)[k], (*numeric)[k], 1e-8);
  }
}

TEST(Estimate, SaysWhyNothingCanBeSaid) {
  const auto five = mean_sums(Reals{1, 2, 3, 4, 5}, Keys{0, 1, 2, 3, 4});
  EXPECT_THAT(linearised_estimate(five, ratio_statistic()).why(),
              HasSubstr("5 clusters, fewer than 6"));
  const auto empty = ratio_sums(Reals(6, 0.0), Reals(6, 0.0), Keys{0, 1, 2, 3, 4, 5});
  EXPECT_THAT(linearised_estimate(empty, ratio_statistic()).why(), HasSubstr("undefined"));
  auto lone = mean_sums(Reals{1, 2, 3, 4, 5, 6}, Keys{0, 1, 2, 3, 4, 5});
  lone.stratum = {0, 0, 0, 0, 0, 1};
  EXPECT_THAT(linearised_estimate(lone, ratio_statistic()).why(), HasSubstr("only one cluster"));
}

TEST(Influence, IsExactlyZeroWhereClustersDoNotDiffer) {
  const auto same = mean_sums(Reals(21, 0.1),
                              Keys{0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2});
  EXPECT_EQ(*linearised_se(same, ratio_statistic()), 0);
}

}  // namespace
}  // namespace moescope::stats

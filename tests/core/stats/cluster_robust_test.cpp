#include "core/stats/cluster_robust.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "core/stats/clusters.hpp"

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

TEST(Cr2, OfEqualClustersIsTheLinearisedEstimate) {
  const Reals value{1, 2, 5, 3, 0, 1, 9, 4, 2, 2, 6, 5};
  const auto sums = mean_sums(value, Keys{0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5});
  const auto robust = cr2_ratio(sums);
  const auto plain = linearised_estimate(sums, ratio_statistic());
  EXPECT_NEAR(robust->estimate.value, plain->value, 1e-14);
  EXPECT_NEAR(robust->estimate.se, plain->se, 1e-13);
  EXPECT_NEAR(robust->estimate.df, 5, 1e-10);
}

TEST(Cr2, OfTwoGroupsOfSingleItemsHasWelchsSeAndThePublishedDf) {
  // Imbens and Kolesar 2016: (N0 + N1)^2 (N0 - 1) (N1 - 1) / (N1^2 (N1 - 1) + N0^2 (N0 - 1)).
  const Reals value{1, 3, 4, 8, 2, 2, 5, 3, 4, 9};
  const auto sums = two_group_sums(
      value, Reals(10, 1.0), std::vector<std::uint8_t>{0, 0, 0, 0, 1, 1, 1, 1, 1, 1}, one_each(10));
  const auto e = cr2_difference(sums);
  const double first = 26.0 / 3 / 4;
  const double second = (139 - 625.0 / 6) / 5 / 6;
  EXPECT_NEAR(e->estimate.value, 4 - 25.0 / 6, 1e-14);
  EXPECT_NEAR(e->estimate.se, std::sqrt(first + second), 1e-13);
  EXPECT_NEAR(e->estimate.df, 100.0 * 3 * 5 / (36 * 5 + 16 * 3), 1e-10);
}

TEST(Cr2, OfAStatisticIsThatOfMeansAndDifferences) {
  const Reals value{1, 2, 5, 3, 0, 1, 9, 4, 2, 2, 6, 5};
  const Keys key{0, 0, 0, 1, 2, 2, 3, 3, 4, 4, 5, 6};
  const auto mean = mean_sums(value, key);
  const auto a = cr2_ratio(mean);
  const auto b = cr2_statistic(mean, ratio_statistic());
  EXPECT_NEAR(a->estimate.value, b->estimate.value, 1e-12);
  EXPECT_NEAR(a->estimate.se, b->estimate.se, 1e-12);
  EXPECT_NEAR(a->estimate.df, b->estimate.df, 1e-9);
  const auto two = two_group_sums(
      value, Reals(12, 1.0), std::vector<std::uint8_t>{0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1}, key);
  const auto c = cr2_difference(two);
  const auto d = cr2_statistic(two, difference_statistic());
  EXPECT_NEAR(c->estimate.value, d->estimate.value, 1e-12);
  EXPECT_NEAR(c->estimate.se, d->estimate.se, 1e-12);
  EXPECT_NEAR(c->estimate.df, d->estimate.df, 1e-9);
}

TEST(Cr2, DoesNotDependOnUnits) {
  const Reals y{1, 2, 5, 3, 0, 1, 9, 4};
  const Reals x{1, 10, 1, 12, 1, 9, 1, 17, 1, 11, 1, 14, 1, 10, 1, 19};
  Reals large = x;
  for (std::size_t i = 1; i < large.size(); i += 2) large[i] *= 1e6;
  const Keys key{0, 1, 2, 3, 4, 5, 6, 6};
  const auto a = cr2_estimate(regression_moments({x.data(), 8, 2}, y, key), Reals{1, 0});
  const auto b = cr2_estimate(regression_moments({large.data(), 8, 2}, y, key), Reals{1, 0});
  ASSERT_TRUE(a && b);
  EXPECT_NEAR(a->estimate.se, b->estimate.se, 1e-9);
  EXPECT_NEAR(a->p, b->p, 1e-9);
}

TEST(Cr2, PIsOfTheNullThatIsAskedFor) {
  const auto sums = mean_sums(Reals{51, 52, 50, 53, 49, 51}, one_each(6));
  EXPECT_LT(cr2_ratio(sums)->p, 1e-6);
  EXPECT_NEAR(cr2_ratio(sums, {.null = 51})->p, 1, 1e-10);
}

TEST(Cr2, SaysWhyNothingCanBeSaid) {
  EXPECT_THAT(cr2_ratio(mean_sums(Reals{1, 2, 3}, one_each(3))).why(), HasSubstr("fewer than 6"));
  EXPECT_THAT(cr2_ratio(mean_sums(Reals(7, 0.3), one_each(7))).why(), HasSubstr("do not differ"));
  const Reals twice{1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2};
  const Reals y{1, 2, 3, 4, 5, 6, 7};
  EXPECT_THAT(
      cr2_estimate(regression_moments({twice.data(), 7, 2}, y, one_each(7)), Reals{1, 0}).why(),
      HasSubstr("singular"));
}

TEST(Coefficients, OfALineHandWorked) {
  const Reals x{1, 0, 1, 1, 1, 2};
  const auto b = coefficients(regression_moments({x.data(), 3, 2}, Reals{1, 3, 5}, one_each(3)));
  EXPECT_NEAR((*b)[0], 1, 1e-13);
  EXPECT_NEAR((*b)[1], 2, 1e-13);
}

TEST(TwoWay, WithOneWayNestedInTheOtherIsTheCoarserOne) {
  const Reals one(12, 1.0);
  const Reals y{1, 2, 5, 3, 0, 1, 9, 4, 2, 2, 6, 5};
  const Keys coarse{0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5};
  const auto e = two_way_estimate({one.data(), 12, 1}, y, coarse, one_each(12), Reals{1});
  EXPECT_NEAR(e->estimate.se, e->se_first, 1e-13);
  EXPECT_NEAR(e->se_first, *linearised_se(mean_sums(y, coarse), ratio_statistic()), 1e-13);
}

TEST(TwoWay, ANegativeVarianceIsRepairedToTheLargerOneWay) {
  // A Latin square whose rows and columns all have the same sum: both one-way variances are 0.
  Reals y;
  Keys row, column;
  for (std::uint32_t r = 0; r < 6; ++r)
    for (std::uint32_t c = 0; c < 6; ++c) {
      y.push_back((r + c) % 6);
      row.push_back(r);
      column.push_back(c);
    }
  const Reals one(36, 1.0);
  EXPECT_THAT(two_way_estimate({one.data(), 36, 1}, y, row, column, Reals{1}).why(),
              HasSubstr("do not differ"));
  y[0] += 2;
  const auto e = two_way_estimate({one.data(), 36, 1}, y, row, column, Reals{1});
  ASSERT_TRUE(e) << e.why();
  EXPECT_TRUE(e->repaired);
  EXPECT_DOUBLE_EQ(e->estimate.se, std::max(e->se_first, e->se_second));
}

}  // namespace
}  // namespace moescope::stats

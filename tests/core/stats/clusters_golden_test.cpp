#include <gtest/gtest.h>

#include "core/stats/clusters.hpp"
#include "tests/core/stats/golden.hpp"

namespace moescope::stats {
namespace {

using namespace testing;

TEST(ClustersGolden, MeanAndRatioEqualStatsmodels) {
  const auto g = golden("clusters");
  const auto cluster = keys(g["cluster"]);
  const auto mean = linearised_estimate(mean_sums(reals(g["value"]), cluster), ratio_statistic());
  ASSERT_TRUE(mean) << mean.why();
  EXPECT_NEAR(mean->value, g["mean"].get<double>(), 1e-14);
  EXPECT_NEAR(mean->se, g["mean_se"].get<double>(), 1e-14);
  EXPECT_NEAR(mean->upper, g["mean_upper"].get<double>(), 1e-13);
  EXPECT_DOUBLE_EQ(mean->df, 7);
  const auto sums = ratio_sums(reals(g["numerator"]), reals(g["denominator"]), cluster);
  const auto ratio = linearised_estimate(sums, ratio_statistic());
  ASSERT_TRUE(ratio) << ratio.why();
  EXPECT_NEAR(ratio->value, g["ratio"].get<double>(), 1e-14);
  EXPECT_NEAR(ratio->se, g["ratio_se"].get<double>(), 1e-14);
  EXPECT_NEAR(cluster_shape(sums.n_item).effective, g["effective"].get<double>(), 1e-12);
}

}  // namespace
}  // namespace moescope::stats

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/stats/cluster_robust.hpp"
#include "tests/core/stats/golden.hpp"

namespace moescope::stats {
namespace {

using namespace testing;

ClusterMoments moments(const nlohmann::json& design, const std::vector<double>& y,
                       const std::vector<std::uint32_t>& cluster) {
  const auto x = reals(design);
  return regression_moments(Rows<const double>(x.data(), y.size(), x.size() / y.size()), y,
                            cluster);
}

TEST(ClusterRobustGolden, Cr2EqualsThePublishedFormulaOnFullMatrices) {
  const auto g = golden("cluster_robust");
  for (const auto& row : g["cr2"]) {
    const auto e = cr2_estimate(moments(row["design"], reals(g["y"]), keys(g["cluster"])),
                                reals(row["contrast"]));
    ASSERT_TRUE(e) << e.why();
    EXPECT_NEAR(e->estimate.value, row["value"].get<double>(), 1e-11);
    EXPECT_NEAR(e->estimate.se, row["se"].get<double>(), 1e-11);
    EXPECT_NEAR(e->estimate.df, row["df"].get<double>(), 1e-9);
  }
}

TEST(ClusterRobustGolden, WithAClusterEachTheSeIsHc2OfStatsmodels) {
  const auto g = golden("cluster_robust");
  const auto y = reals(g["y"]);
  std::vector<std::uint32_t> each(y.size());
  std::iota(each.begin(), each.end(), 0u);
  const auto e = cr2_estimate(moments(g["hc2"]["design"], y, each), std::vector<double>{1, 0, 0});
  EXPECT_NEAR(e->estimate.se, g["hc2"]["se"].get<double>(), 1e-11);
  EXPECT_NEAR(e->estimate.df, g["hc2"]["df"].get<double>(), 1e-9);
}

TEST(ClusterRobustGolden, TwoWayEqualsStatsmodels) {
  const auto g = golden("cluster_robust");
  const auto row = g["two_way"];
  const auto x = reals(row["design"]);
  const auto y = reals(row["y"]);
  const auto e = two_way_estimate(Rows<const double>(x.data(), y.size(), 3), y, keys(g["cluster"]),
                                  keys(row["second"]), std::vector<double>{1, 0, 0});
  ASSERT_TRUE(e) << e.why();
  EXPECT_NEAR(e->estimate.value, row["value"].get<double>(), 1e-11);
  EXPECT_NEAR(e->se_first, row["se_first"].get<double>(), 1e-11);
  EXPECT_NEAR(e->se_second, row["se_second"].get<double>(), 1e-11);
  EXPECT_EQ(e->repaired, row["least_eigenvalue"].get<double>() < 0);
  if (!e->repaired)
    EXPECT_NEAR(e->estimate.se, std::sqrt(row["variance"].get<double>()), 1e-11);
  else
    EXPECT_GE(e->estimate.se, std::max(e->se_first, e->se_second) * (1 - 1e-12));
  EXPECT_DOUBLE_EQ(e->estimate.df, 5);

  const std::vector<double> one(y.size(), 1.0);
  const auto mean =
      two_way_estimate(Rows<const double>(one.data(), y.size(), 1), y, keys(g["cluster"]),
                       keys(row["second"]), std::vector<double>{1});
  ASSERT_TRUE(mean) << mean.why();
  EXPECT_NEAR(mean->estimate.value, g["two_way_mean"]["value"].get<double>(), 1e-12);
  EXPECT_NEAR(mean->estimate.se, g["two_way_mean"]["se"].get<double>(), 1e-12);
  EXPECT_FALSE(mean->repaired);
}

}  // namespace
}  // namespace moescope::stats

#include <gtest/gtest.h>

#include "core/stats/wild.hpp"
#include "tests/core/stats/golden.hpp"

namespace moescope::stats {
namespace {

using namespace testing;

TEST(WildGolden, AllSignVectorsEqualFreshFitsByStatsmodels) {
  const auto g = golden("wild");
  const auto y = reals(g["y"]);
  Random random(1);
  for (const auto& row : g["tests"]) {
    const auto x = reals(row["design"]);
    const auto contrast = reals(row["contrast"]);
    const auto moments =
        regression_moments({x.data(), y.size(), contrast.size()}, y, keys(g["cluster"]));
    const auto exact = wild_test(moments, contrast, random, {.min_rademacher = 6});
    ASSERT_TRUE(exact) << exact.why();
    EXPECT_EQ(exact->weights, WildWeights::kRademacherExact);
    EXPECT_EQ(exact->n_draw, 512u);
    EXPECT_NEAR(exact->t, row["t"].get<double>(), 1e-11);
    EXPECT_DOUBLE_EQ(exact->p, row["p"].get<double>());
    const auto drawn = wild_test(moments, contrast, random, {.min_rademacher = 6, .max_exact = 6});
    EXPECT_EQ(drawn->weights, WildWeights::kRademacher);
    EXPECT_NEAR(drawn->p, exact->p, 0.02);
  }
}

}  // namespace
}  // namespace moescope::stats

#include "core/stats/proportions.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace moescope::stats {
namespace {

TEST(Wilson, EqualsScipy) {  // scipy.stats.binomtest(...).proportion_ci(0.95, 'wilson')
  EXPECT_NEAR(wilson_interval(8, 20)->lower, 0.21880653237281705, 1e-12);
  EXPECT_NEAR(wilson_interval(8, 20)->upper, 0.6134184992377467, 1e-12);
  EXPECT_DOUBLE_EQ(wilson_interval(0, 10)->lower, 0.0);
  EXPECT_NEAR(wilson_interval(0, 10)->upper, 0.27753279986288926, 1e-12);
  EXPECT_NEAR(wilson_interval(263, 265)->lower, 0.9729045569218709, 1e-12);
  EXPECT_FALSE(wilson_interval(0, 0));
}

TEST(ClopperPearson, HandWorked) {
  EXPECT_NEAR(clopper_pearson(0, 10)->upper, 1 - std::pow(0.025, 0.1), 1e-13);
  EXPECT_EQ(clopper_pearson(0, 10)->lower, 0);
  EXPECT_NEAR(clopper_pearson(10, 10)->lower, std::pow(0.025, 0.1), 1e-13);
  EXPECT_EQ(clopper_pearson(10, 10)->upper, 1);
  EXPECT_FALSE(clopper_pearson(0, 0));
}

TEST(CohenH, HandWorked) {
  EXPECT_NEAR(cohen_h(1, 0), std::acos(-1.0), 1e-15);
  EXPECT_NEAR(cohen_h(0.75, 0.25), std::acos(-1.0) / 3, 1e-15);
  EXPECT_EQ(cohen_h(0.3, 0.3), 0);
}

TEST(OddsRatio, IsUndefinedWithAnEmptyCell) {
  EXPECT_FALSE(odds_ratio(3, 0, 2, 5));
  EXPECT_DOUBLE_EQ(odds_ratio(3, 1, 2, 4)->value, 6);
}

}  // namespace
}  // namespace moescope::stats

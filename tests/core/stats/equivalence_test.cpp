#include "core/stats/equivalence.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "core/stats/power.hpp"

namespace moescope::stats {
namespace {

using testing::HasSubstr;
using Reals = std::vector<double>;
using Keys = std::vector<std::uint32_t>;

TEST(Tost, HoldsExactlyAboveItsSmallestMargin) {
  const Estimate effect{.value = -1.5, .se = 1, .df = 20};
  const double least = tost(effect, 1)->smallest_margin;
  EXPECT_NEAR(least, 1.5 + 1.724718242920787, 1e-12);  // t(0.95, 20)
  EXPECT_TRUE(tost(effect, least * 1.0001)->is_within);
  EXPECT_FALSE(tost(effect, least * 0.9999)->is_within);
  EXPECT_FALSE(tost(effect, least)->excludes_zero);
  EXPECT_TRUE(tost({.value = 3, .se = 1, .df = 20}, 9)->excludes_zero);
}

TEST(Tost, SaysWhyNothingCanBeSaid) {
  EXPECT_THAT(tost({.value = 1, .se = 1, .df = 3}, 0).why(), HasSubstr("no margin"));
  EXPECT_THAT(tost({.value = 1, .se = 0, .df = 3}, 1).why(), HasSubstr("no standard error"));
}

TEST(Power, HandWorked) {
  // 2.0639 + 0.8569 standard errors at 24 degrees of freedom.
  EXPECT_NEAR(*minimum_detectable_effect(2, 24), 2 * (2.0638985616280205 + 0.8568554599), 1e-8);
  EXPECT_GT(*minimum_detectable_effect(2, 24, {.n_family = 9}), *minimum_detectable_effect(2, 24));
  EXPECT_FALSE(minimum_detectable_effect(0, 24));
}

TEST(DesignEffect, HandWorked) {
  EXPECT_DOUBLE_EQ(design_effect(Reals{10, 10, 10}, 0.1), 1.9);
  EXPECT_DOUBLE_EQ(design_effect(Reals{1, 1, 1}, 0.7), 1);
  EXPECT_DOUBLE_EQ(*planned_se(0.5, Reals{10, 10, 5}, 0), 0.1);
  EXPECT_FALSE(planned_se(0.5, {}, 0));
}

TEST(IntraClusterCorrelation, AtItsEnds) {
  EXPECT_NEAR(*intra_cluster_correlation(Reals{1, 1, 5, 5}, Keys{0, 0, 1, 1}), 1, 1e-14);
  EXPECT_NEAR(*intra_cluster_correlation(Reals{1, 5, 1, 5}, Keys{0, 0, 1, 1}), -1, 1e-14);
  EXPECT_THAT(intra_cluster_correlation(Reals{1, 2}, Keys{0, 1}).why(), HasSubstr("single item"));
  EXPECT_THAT(intra_cluster_correlation(Reals{2, 2, 2}, Keys{0, 0, 1}).why(),
              HasSubstr("do not differ"));
}

}  // namespace
}  // namespace moescope::stats

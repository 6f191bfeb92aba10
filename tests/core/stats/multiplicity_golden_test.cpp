#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/stats/multiplicity.hpp"
#include "tests/core/stats/golden.hpp"

namespace moescope::stats {
namespace {

using namespace testing;
using ::testing::DoubleNear;
using ::testing::Pointwise;

TEST(MultiplicityGolden, AdjustedPEqualStatsmodels) {
  const auto g = golden("multiplicity");
  const auto p = reals(g["p"]);
  EXPECT_THAT(holm(p), Pointwise(::testing::DoubleEq(), reals(g["holm"])));
  EXPECT_THAT(benjamini_hochberg(p), Pointwise(::testing::DoubleEq(), reals(g["bh"])));
  EXPECT_THAT(benjamini_yekutieli(p), Pointwise(::testing::DoubleEq(), reals(g["by"])));
}

TEST(MultiplicityGolden, StepDownMaxTEqualsTheReference) {
  const auto g = golden("multiplicity");
  const auto drawn = reals(g["drawn"]);
  EXPECT_THAT(westfall_young(reals(g["observed"]), {{drawn.data(), 99, 7}}),
              Pointwise(::testing::DoubleEq(), reals(g["max_t"])));
}

}  // namespace
}  // namespace moescope::stats

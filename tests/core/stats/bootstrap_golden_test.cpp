#include <gtest/gtest.h>

#include "core/stats/bootstrap.hpp"
#include "tests/core/stats/golden.hpp"

namespace moescope::stats {
namespace {

using namespace testing;

TEST(BootstrapGolden, BcaLimitsEqualScipy) {
  const auto g = golden("bootstrap");
  const auto limits = bca_limits(reals(g["draw"]), acceleration(reals(g["left_out"])),
                                 g["value"].get<double>(), 0.95);
  EXPECT_NEAR(limits->lower, g["lower"].get<double>(), 1e-12);
  EXPECT_NEAR(limits->upper, g["upper"].get<double>(), 1e-12);
}

}  // namespace
}  // namespace moescope::stats

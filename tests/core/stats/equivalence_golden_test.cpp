#include <gtest/gtest.h>

#include <numeric>

#include "core/stats/clusters.hpp"
#include "core/stats/equivalence.hpp"
#include "core/stats/power.hpp"
#include "tests/core/stats/golden.hpp"

namespace moescope::stats {
namespace {

using namespace testing;

TEST(EquivalenceGolden, TostEqualsStatsmodels) {
  const auto g = golden("equivalence");
  const auto x = reals(g["x"]);
  std::vector<std::uint32_t> each(x.size());
  std::iota(each.begin(), each.end(), 0u);
  const auto effect = linearised_estimate(mean_sums(x, each), ratio_statistic());
  const auto e = tost(*effect, 0.7);
  ASSERT_TRUE(e) << e.why();
  EXPECT_NEAR(e->p_lower, g["p_lower"].get<double>(), 1e-12);
  EXPECT_NEAR(e->p_upper, g["p_upper"].get<double>(), 1e-12);
  EXPECT_NEAR(e->p, g["p"].get<double>(), 1e-12);
  EXPECT_NEAR(e->limits.lower, g["low"].get<double>(), 1e-12);
  EXPECT_NEAR(e->limits.upper, g["high"].get<double>(), 1e-12);
}

TEST(PowerGolden, EqualsTheReference) {
  const auto g = golden("equivalence");
  for (const auto& row : g["power"]) {
    const auto v = reals(row);
    EXPECT_NEAR(*minimum_detectable_effect(1, v[0], {.alpha = v[1]}), v[2], 1e-11);
  }
  const auto icc = intra_cluster_correlation(reals(g["icc"]["y"]), keys(g["icc"]["cluster"]));
  EXPECT_NEAR(*icc, g["icc"]["icc"].get<double>(), 1e-12);
  const auto& d = g["design"];
  EXPECT_NEAR(*planned_se(2, reals(d["sizes"]), d["icc"].get<double>()), d["se"].get<double>(),
              1e-13);
}

}  // namespace
}  // namespace moescope::stats

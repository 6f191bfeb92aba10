#include <gtest/gtest.h>

#include "core/stats/agreement.hpp"
#include "core/stats/calibration.hpp"
#include "core/stats/proportions.hpp"
#include "tests/core/stats/golden.hpp"

namespace moescope::stats {
namespace {

using namespace testing;

TEST(SharesGolden, IntervalsEqualScipy) {
  const auto g = golden("shares");
  for (const auto& row : g["interval"]) {
    const auto v = reals(row);
    const auto exact = clopper_pearson(v[0], v[1]);
    const auto wilson = wilson_interval(v[0], v[1], 0.9);
    EXPECT_NEAR(exact->lower, v[2], 1e-12);
    EXPECT_NEAR(exact->upper, v[3], 1e-12);
    EXPECT_NEAR(wilson->lower, v[4], 1e-12);
    EXPECT_NEAR(wilson->upper, v[5], 1e-12);
  }
}

TEST(SharesGolden, OddsRatioAndCohensHEqualStatsmodels) {
  const auto g = golden("shares");
  for (const auto& row : g["odds"]) {
    const auto v = reals(row);
    const auto e = odds_ratio(v[0], v[1], v[2], v[3]);
    EXPECT_NEAR(e->value, v[4], 1e-12);
    EXPECT_NEAR(e->lower, v[5], 1e-11);
    EXPECT_NEAR(e->upper, v[6], 1e-10);
  }
  for (const auto& row : g["h"])
    EXPECT_NEAR(cohen_h(row[0].get<double>(), row[1].get<double>()), row[2].get<double>(), 1e-14);
}

TEST(SharesGolden, KappasEqualStatsmodels) {
  const auto g = golden("agreement");
  const auto table = reals(g["table"]);
  EXPECT_NEAR(*cohen_kappa({table.data(), 3, 3}), g["cohen"].get<double>(), 1e-14);
  EXPECT_NEAR(*cohen_kappa_statistic(3).value(table), g["cohen"].get<double>(), 1e-14);
  const auto ratings = reals(g["ratings"]);
  EXPECT_NEAR(*fleiss_kappa({ratings.data(), 30, 3}), g["fleiss"].get<double>(), 1e-13);
}

TEST(SharesGolden, CalibrationEqualsTheReference) {
  const auto g = golden("calibration");
  const auto probability = reals(g["probability"]);
  const auto outcome = g["outcome"].get<std::vector<std::uint8_t>>();
  EXPECT_NEAR(*brier_score(probability, outcome), g["brier"].get<double>(), 1e-14);
  const auto e = calibration_error(probability, outcome, 10);
  ASSERT_TRUE(e) << e.why();
  EXPECT_EQ(e->n_bin, 10u);
  EXPECT_NEAR(e->plug_in, g["plug_in"].get<double>(), 1e-14);
  EXPECT_NEAR(e->squared, g["squared"].get<double>(), 1e-14);
  const auto risk =
      risk_coverage(reals(g["confidence"]), g["wrong"].get<std::vector<std::uint8_t>>());
  EXPECT_NEAR(risk->area, g["area"].get<double>(), 5 * g["area_se"].get<double>());
}

}  // namespace
}  // namespace moescope::stats

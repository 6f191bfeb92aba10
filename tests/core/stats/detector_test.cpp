#include "core/stats/detector.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/base/random.hpp"

namespace moescope::stats {
namespace {

using testing::HasSubstr;

TEST(RoganGladen, HandWorked) {
  const Estimate rate{.value = 0.3, .se = 0.02, .df = 24};
  const auto e = rogan_gladen(rate, {80, 100}, {180, 200});
  ASSERT_TRUE(e) << e.why();
  const double value = (0.3 + 0.9 - 1) / 0.7;
  const double variance =
      0.02 * 0.02 + value * value * 0.8 * 0.2 / 100 + (1 - value) * (1 - value) * 0.9 * 0.1 / 200;
  EXPECT_NEAR(e->value, value, 1e-15);
  EXPECT_NEAR(e->se, std::sqrt(variance) / 0.7, 1e-15);
  EXPECT_NEAR(e->upper - e->value, 2.0638985616280205 * e->se, 1e-10);
}

TEST(RoganGladen, AgreesWithItsOwnSpreadInSimulation) {
  Random random(1);
  const auto draw = [&](double p, int n) {
    double k = 0;
    for (int i = 0; i < n; ++i) k += random.uniform() < p ? 1 : 0;
    return k;
  };
  double sum = 0, squares = 0, se = 0;
  constexpr int kRepeat = 2000;
  for (int r = 0; r < kRepeat; ++r) {
    const double q = draw(0.3 * 0.8 + 0.7 * 0.15, 400) / 400;
    const Estimate rate{.value = q, .se = std::sqrt(q * (1 - q) / 400), .df = 399};
    const auto e = rogan_gladen(rate, {draw(0.8, 150), 150}, {draw(0.85, 150), 150});
    sum += e->value / kRepeat;
    squares += e->value * e->value / kRepeat;
    se += e->se / kRepeat;
  }
  EXPECT_NEAR(sum, 0.3, 0.005);
  EXPECT_NEAR(se, std::sqrt(squares - sum * sum), 0.003);
}

TEST(RateFromLabels, HandWorked) {
  const Estimate rate{.value = 0.2, .se = 0.03, .df = 30};
  const auto e = rate_from_labels(rate, {90, 120}, {10, 200});
  EXPECT_NEAR(e->value, 0.2 * 0.75 + 0.8 * 0.05, 1e-15);
  EXPECT_NEAR(e->se * e->se,
              0.7 * 0.7 * 0.0009 + 0.04 * 0.75 * 0.25 / 120 + 0.64 * 0.05 * 0.95 / 200, 1e-15);
}

TEST(RateFromLabels, IsRoganGladenOfTheSensitivityThatTheLabelsImply) {
  const Estimate rate{.value = 0.2, .se = 0.03, .df = 30};
  const double a = 0.75, b = 0.05;
  const double truth = 0.2 * a + 0.8 * b;
  const double sensitivity = 0.2 * a / truth;
  const double specificity = 0.8 * (1 - b) / (1 - truth);
  const auto e = rogan_gladen(rate, {sensitivity * 1000, 1000}, {specificity * 1000, 1000});
  EXPECT_NEAR(e->value, rate_from_labels(rate, {90, 120}, {10, 200})->value, 1e-13);
}

TEST(Detector, SaysWhyNothingCanBeSaid) {
  const Estimate rate{.value = 0.3, .se = 0.02, .df = 24};
  EXPECT_THAT(rogan_gladen(rate, {80, 99}, {180, 200}).why(), HasSubstr("99 labels"));
  EXPECT_THAT(rogan_gladen(rate, {50, 100}, {105, 200}).why(), HasSubstr("better than chance"));
  EXPECT_THAT(rate_from_labels(rate, {5, 5}, {180, 200}).why(), HasSubstr("5 labels"));
}

}  // namespace
}  // namespace moescope::stats

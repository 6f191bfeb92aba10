#include "probes/calibration.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "core/base/random.hpp"

namespace moescope::probes {
namespace {

std::vector<ConfidenceRow> block(double confidence, std::size_t n_right, std::size_t n_wrong) {
  std::vector<ConfidenceRow> out(n_right, {confidence, true});
  out.resize(n_right + n_wrong, {confidence, false});
  return out;
}

std::vector<ConfidenceRow> joined(std::vector<ConfidenceRow> a,
                                  const std::vector<ConfidenceRow>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

TEST(Calibration, HandWorked) {
  // .9: 6 of 10 right, differs by .3; .5: 5 of 10 right
  const auto result = calibration(joined(block(.9, 6, 4), block(.5, 5, 5)), 2);
  ASSERT_EQ(result->bin.size(), 2u);
  EXPECT_DOUBLE_EQ(result->bin[1].accuracy, .6);
  EXPECT_NEAR(result->error, .15, 1e-12);
  EXPECT_NEAR(result->brier, (6 * .01 + 4 * .81 + 10 * .25) / 20, 1e-12);
  EXPECT_NEAR(result->squared_error_debiased, ((.09 - .24 / 9) + (0 - .25 / 9)) / 2, 1e-12);
  EXPECT_NEAR(result->error_by_chance,
              std::sqrt(2 / std::numbers::pi) * (std::sqrt(.09 / 10) + std::sqrt(.25 / 10)) / 2,
              1e-12);
  EXPECT_NEAR(result->mean_confidence, .7, 1e-12);
  EXPECT_NEAR(result->accuracy, .55, 1e-12);
  // bias of the bin without a difference: sd sqrt(2 / pi)
  const double sd = std::sqrt(.25 / 9);
  const double sd2 = std::sqrt(.24 / 9);
  const double folded = sd2 * std::sqrt(2 / std::numbers::pi) * std::exp(-.09 / (2 * sd2 * sd2)) +
                        .3 * std::erf(.3 / (sd2 * std::numbers::sqrt2)) - .3;
  EXPECT_NEAR(result->error_debiased, .15 - (sd * std::sqrt(2 / std::numbers::pi) + folded) / 2,
              1e-12);
}

TEST(Calibration, WhatIsLeftWhereConfidenceIsRight) {
  Random random(7);
  double plain = 0;
  double debiased = 0;
  double squared = 0;
  double by_chance = 0;
  for (int repeat = 0; repeat < 200; ++repeat) {
    std::vector<ConfidenceRow> rows;
    for (int i = 0; i < 300; ++i) {
      const double confidence = .2 + .6 * random.uniform();
      rows.push_back({confidence, random.uniform() < confidence});
    }
    const auto result = calibration(rows);
    plain += result->error / 200;
    debiased += result->error_debiased / 200;
    by_chance += result->error_by_chance / 200;
    squared += result->squared_error_debiased / 200;
  }
  EXPECT_NEAR(plain, .085, .003);
  EXPECT_NEAR(by_chance, plain, .004);
  EXPECT_NEAR(squared, 0, .002);
  EXPECT_NEAR(debiased, .6 * plain, .003);
}

TEST(Calibration, EqualConfidencesStayTogether) {
  const auto bins = confidence_bins(joined(block(.5, 9, 0), block(.7, 1, 0)), 5);
  ASSERT_EQ(bins.size(), 2u);
  EXPECT_EQ(bins[0].n, 9u);
  EXPECT_EQ(calibration(joined(block(.5, 9, 0), block(.7, 1, 0)), 5).why(),
            "not assessable because a bin has fewer than 2 answers");
  EXPECT_FALSE(calibration({}));
}

TEST(RiskCoverage, HandWorked) {
  // right, wrong, right by falling confidence: risks 0, 1/2, 1/3
  const std::vector<ConfidenceRow> rows = {{.5, true}, {.9, true}, {.7, false}};
  const auto result = risk_coverage(rows);
  ASSERT_EQ(result->point.size(), 3u);
  EXPECT_EQ(result->point[1].threshold, .7);
  EXPECT_DOUBLE_EQ(result->point[1].coverage, 2.0 / 3);
  EXPECT_DOUBLE_EQ(result->point[1].risk, .5);
  EXPECT_DOUBLE_EQ(result->area, (0 + 1.0 / 2 + 1.0 / 3) / 3);
  EXPECT_DOUBLE_EQ(result->excess, (0 + 1.0 / 2 + 1.0 / 3) / 3 - (1.0 / 3) / 3);
}

TEST(RiskCoverage, NoOrderIsTheMeanRisk) {
  const auto result = risk_coverage(block(.5, 3, 1));
  ASSERT_EQ(result->point.size(), 1u);
  EXPECT_DOUBLE_EQ(result->area, .25);
  EXPECT_FALSE(risk_coverage({}));
  EXPECT_DOUBLE_EQ(risk_coverage(block(.5, 0, 3))->excess, 0);
}

}  // namespace
}  // namespace moescope::probes

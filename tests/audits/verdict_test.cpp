#include "audits/verdict.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace moescope::audits {
namespace {

Decision of(double lower, double upper, double margin) {
  return decide(
      {.confidence = {lower, upper}, .equivalence = {lower + 0.1, upper - 0.1}, .margin = margin});
}

TEST(Verdict, FollowsTheOrderOfTheRules) {
  EXPECT_EQ(of(2.1, 4, 2).verdict, Verdict::kBeyondMargin);
  EXPECT_EQ(of(-4, -2.1, 2).verdict, Verdict::kBeyondMargin);
  EXPECT_EQ(of(-1, 1, 2).verdict, Verdict::kWithinMargin);
  EXPECT_FALSE(of(-1, 1, 2).difference_detected);
  // The narrower interval decides "within": its limits are 2.05 - 0.1 here.
  EXPECT_EQ(of(-1, 2.05, 2).verdict, Verdict::kWithinMargin);
  EXPECT_EQ(of(0.5, 1, 2).verdict, Verdict::kWithinMargin);
  EXPECT_TRUE(of(0.5, 1, 2).difference_detected);
  EXPECT_EQ(of(0.5, 3, 2).verdict, Verdict::kSizeUnclear);
  EXPECT_EQ(of(-0.5, 3, 2).verdict, Verdict::kInconclusive);
  EXPECT_NEAR(of(-0.5, 3, 2).smallest_margin, 2.9, 1e-12);
}

TEST(Verdict, WhatCannotBeAssessedComesFirst) {
  const Decision decision =
      decide({.not_assessable = "5 clusters", .confidence = {3, 4}, .margin = 1});
  EXPECT_EQ(decision.verdict, Verdict::kNotAssessable);
  EXPECT_EQ(decision.why, "5 clusters");
}

TEST(Verdict, DoesNotOutliveTheAnswersThatAreMissing) {
  const Decision beyond = of(2.1, 4, 2), within = of(-1, 1, 2);
  EXPECT_EQ(survive_imputation(beyond, beyond, beyond), beyond);
  const Decision turned = survive_imputation(beyond, within, beyond);
  EXPECT_EQ(turned.verdict, Verdict::kInconclusive);
  EXPECT_EQ(turned.why,
            "beyond margin where unknown answers are left out; counted for and against it would be "
            "beyond margin and within margin");
}

TEST(Verdict, ExitCodesGateOnTheWorst) {
  const Decision beyond = of(2.1, 4, 2), within = of(-1, 1, 2), open = of(-3, 3, 2),
                 unclear = of(0.5, 3, 2), none = decide({.not_assessable = "why"});
  EXPECT_EQ(exit_code(std::vector{within, within}), 0);
  EXPECT_EQ(exit_code(std::vector{within, open}), 5);
  EXPECT_EQ(exit_code(std::vector{within, none}), 5);
  EXPECT_EQ(exit_code(std::vector<Decision>{}), 5);
  EXPECT_EQ(exit_code(std::vector{open, beyond}), 3);
  EXPECT_EQ(exit_code(std::vector{unclear, none}), 3);
}

}  // namespace
}  // namespace moescope::audits

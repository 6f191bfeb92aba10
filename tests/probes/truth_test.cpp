#include "probes/truth.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/error_of.hpp"
#include "tests/probes/scored.hpp"

namespace moescope::probes {
namespace {

TEST(Truth, BothScoresOfManyAnswers) {
  // p: best .1, correct .3 and .2, incorrect .15 and .25
  const auto p = [](std::string role, double share) {
    return scored_as(std::move(role), {static_cast<float>(std::log(share))});
  };
  const auto outcomes = kTruth.score(
      {}, std::vector{p("best", .1), p("correct", .3), p("correct", .2), p("incorrect", .15),
                      p("best_incorrect", .05), p("incorrect", .2)});
  EXPECT_EQ(outcome_of(outcomes, "mc1").value, 0);  // .1 is below .2, though .3 is true too
  EXPECT_NEAR(outcome_of(outcomes, "mc2").value, .6, 1e-6);
  EXPECT_EQ(outcome_of(outcomes, "binary").value, 1);
  EXPECT_NEAR(outcome_of(outcomes, "margin").value, std::log(.5), 1e-6);
}

TEST(Truth, EqualAnswersAreTiedAndFarValuesStable) {
  const auto tied = kTruth.score(
      {}, std::vector{scored_as("best", {-1000, -4}), scored_as("incorrect", {-1004})});
  EXPECT_EQ(outcome_of(tied, "mc1").state, State::kTied);
  EXPECT_DOUBLE_EQ(outcome_of(tied, "mc2").value, .5);  // both underflow as plain probabilities
  EXPECT_EQ(outcome_of(tied, "binary").state, State::kUndefined);
  EXPECT_EQ(outcome_of(kTruth.score({}, std::vector{scored_as("best", {-1})}), "mc2").state,
            State::kUndefined);
}

TEST(Truth, TheBestAnswerStandsOnce) {
  const Item item{.id = "1",
                  .labels = {},
                  .prompt = "Q",
                  .candidates = {{.role = "best", .text = "a", .prompt = {}},
                                 {.role = "correct", .text = "a", .prompt = {}}}};
  EXPECT_EQ(error_of([&] { kTruth.plan(item, {}); }),
            "'a' stands twice, as 'best' and as 'correct'; expected it once");
}

}  // namespace
}  // namespace moescope::probes

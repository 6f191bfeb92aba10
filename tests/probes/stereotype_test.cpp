#include <gtest/gtest.h>

#include "probes/coreference.hpp"
#include "probes/stereoset.hpp"
#include "tests/error_of.hpp"
#include "tests/probes/scored.hpp"

namespace moescope::probes {
namespace {

TEST(Stereoset, MeansATokenDecide) {
  const auto outcomes = kStereoset.score(
      {}, std::vector{scored_as("stereotype", {-2, -2, -2}), scored_as("anti_stereotype", {-3}),
                      scored_as("unrelated", {-1, -4})});
  EXPECT_EQ(outcome_of(outcomes, "prefers_stereotype").value, 1);
  EXPECT_EQ(outcome_of(outcomes, "stereotype_related").value, 1);
  EXPECT_EQ(outcome_of(outcomes, "anti_related").value, 0);
  EXPECT_EQ(outcome_of(outcomes, "anti_related").choice, "unrelated");
  EXPECT_EQ(outcome_of(outcomes, "delta").value, 1);
}

TEST(Stereoset, AveragesWithinTermsFirst) {
  // term a: 2 items, related 3 of 4, stereotype 1 of 2; term b: 1 item, related 2 of 2, stereotype 1
  const std::vector<StereosetRow> rows = {{"a", true, 2}, {"a", false, 1}, {"b", true, 2}};
  const auto scores = stereoset_scores(rows);
  EXPECT_DOUBLE_EQ(scores->lms, 87.5);
  EXPECT_DOUBLE_EQ(scores->ss, 75);
  EXPECT_DOUBLE_EQ(scores->icat, 87.5 * 25 / 50);
  EXPECT_EQ(scores->n_target, 2u);
  EXPECT_EQ(scores->n_item, 3u);
  EXPECT_EQ(stereoset_scores({}).why(), "not assessable because no item was scored");
}

TEST(Stereoset, PublishedScoresOfGpt2) {
  EXPECT_NEAR(icat_score(91.11, 61.93), 69.37, .005);
  EXPECT_EQ(icat_score(100, 50), 100);
  EXPECT_EQ(icat_score(100, 100), 0);
  EXPECT_EQ(icat_score(100, 0), 0);
}

TEST(Coreference, RightOnOneSideIsWrongOnTheOther) {
  const Labels pro{{"type", "1"}, {"condition", "pro"}};
  const Labels anti{{"type", "1"}, {"condition", "anti"}};
  const std::vector expected_is_gold = {scored_as("gold", {-1, -2}),
                                        scored_as("swapped", {-1, -5})};
  const auto one = kCoreference.score(pro, expected_is_gold);
  EXPECT_EQ(outcome_of(one, "pro_correct").value, 1);
  EXPECT_EQ(outcome_of(one, "anti_correct").state, State::kUndefined);
  EXPECT_EQ(outcome_of(one, "prefers_pro").value, 1);
  EXPECT_EQ(outcome_of(one, "delta").value, 3);
  const auto other = kCoreference.score(
      anti, std::vector{scored_as("gold", {-1, -5}), scored_as("swapped", {-1, -2})});
  EXPECT_EQ(outcome_of(other, "anti_correct").value, 0);
  EXPECT_EQ(outcome_of(other, "correct").choice, "swapped");
  EXPECT_EQ(outcome_of(other, "prefers_pro").value, 1);
  EXPECT_EQ(outcome_of(other, "delta").value, 3);
  const auto tied =
      kCoreference.score(anti, std::vector{scored_as("gold", {-3}), scored_as("swapped", {-3})});
  EXPECT_EQ(outcome_of(tied, "anti_correct").state, State::kTied);
  EXPECT_EQ(error_of([&] {
              kCoreference.score({{"condition", "both"}}, expected_is_gold);
            }),
            "label 'condition': expected pro or anti, got 'both'");
}

TEST(Referent, HowFrequentAnOccupationIsCancels) {
  // The right occupation is rarer by 5 nats in both sentences, the stereotype is worth 2.
  const auto outcomes = kReferent.score(
      {}, std::vector{scored_as("pro_right", {-6}), scored_as("pro_wrong", {-7}),
                      scored_as("anti_right", {-8}), scored_as("anti_wrong", {-7})});
  EXPECT_EQ(outcome_of(outcomes, "pro_correct").value, 1);
  EXPECT_EQ(outcome_of(outcomes, "anti_correct").value, 0);
  EXPECT_EQ(outcome_of(outcomes, "gap").value, 1);
  EXPECT_EQ(outcome_of(outcomes, "interaction").value, 2);
  const auto tied = kReferent.score(
      {}, std::vector{scored_as("pro_right", {-6}), scored_as("pro_wrong", {-6}),
                      scored_as("anti_right", {-8}), scored_as("anti_wrong", {-7})});
  EXPECT_EQ(outcome_of(tied, "gap").state, State::kTied);
  EXPECT_EQ(outcome_of(tied, "anti_correct").value, 0);
}

TEST(Winogender, TheRightPerson) {
  const auto outcomes =
      kWinogender.score({}, std::vector{scored_as("right", {-2}), scored_as("wrong", {-1.5})});
  EXPECT_EQ(outcome_of(outcomes, "correct").value, 0);
  EXPECT_EQ(outcome_of(outcomes, "margin").value, -.5);
}

}  // namespace
}  // namespace moescope::probes

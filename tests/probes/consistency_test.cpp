#include "probes/consistency.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/probes/scored.hpp"

namespace moescope::probes {
namespace {

TEST(Consistency, TheLikeliestObjectIsTheChoice) {
  std::vector<ScoredSequence> objects = {scored_as("object", {-2, -2}), scored_as("object", {-3})};
  objects[1].key.candidate = 1;
  objects[1].key.correct = true;
  const auto outcomes = kConsistency.score({}, objects);
  EXPECT_EQ(outcome_of(outcomes, "correct").value, 1);
  EXPECT_EQ(outcome_of(outcomes, "correct").choice, "1");
  EXPECT_DOUBLE_EQ(outcome_of(outcomes, "p_right").value, 1 / (1 + std::exp(-1.0)));
  objects[0].logprob = {-3};
  EXPECT_EQ(outcome_of(kConsistency.score({}, objects), "correct").state, State::kTied);
}

TEST(Agreement, PairsAndRightnessStandApart) {
  // fact 1: x x y (one of three pairs), fact 2: z z (all equal, all wrong)
  const auto result = agreement(std::vector<AnswerRow>{{"r", "1", "x", true},
                                                       {"r", "1", "x", true},
                                                       {"r", "1", "y", false},
                                                       {"r", "2", "z", false},
                                                       {"r", "2", "z", false},
                                                       {"r", "3", "z", true}});
  EXPECT_DOUBLE_EQ(result->pairs, 2.0 / 4);
  EXPECT_DOUBLE_EQ(result->all_equal, .5);
  EXPECT_DOUBLE_EQ(result->accuracy, 2.0 / 5);
  EXPECT_DOUBLE_EQ(result->all_right, 0);
  EXPECT_EQ(result->chance, 0);
  EXPECT_EQ(result->above_chance, .5);
  EXPECT_EQ(result->n_group, 2u);
  EXPECT_EQ(result->n_single, 1u);
}

TEST(Agreement, AModelThatAlwaysSaysTheSameIsNotAboveChance) {
  std::vector<AnswerRow> rows;
  for (const char* group : {"1", "2", "3"})
    for (int i = 0; i < 3; ++i) rows.push_back({"", group, "A", false});
  EXPECT_EQ(agreement(rows)->pairs, 1);
  EXPECT_EQ(agreement(rows)->chance, 1);
  EXPECT_FALSE(agreement(rows)->above_chance);
  // one of the nine differs: 7 of 9 pairs within, 8·7/2 - 7 = 21 of 27 across
  rows.back().answer = "B";
  EXPECT_DOUBLE_EQ(agreement(rows)->pairs, 7.0 / 9);
  EXPECT_DOUBLE_EQ(*agreement(rows)->chance, 21.0 / 27);
  EXPECT_NEAR(*agreement(rows)->above_chance, 0, 1e-12);
}

TEST(Agreement, RelationsWeighAlike) {
  const auto result = agreement(std::vector<AnswerRow>{{"a", "1", "x", true},
                                                       {"a", "1", "x", true},
                                                       {"b", "1", "x", true},
                                                       {"b", "1", "y", false},
                                                       {"b", "2", "x", true},
                                                       {"b", "2", "y", false}});
  EXPECT_DOUBLE_EQ(result->pairs, .5);
  EXPECT_DOUBLE_EQ(result->accuracy, .75);
  EXPECT_DOUBLE_EQ(result->all_right, .5);
  EXPECT_FALSE(result->chance);  // relation a has one fact only
  EXPECT_EQ(agreement(std::vector<AnswerRow>{{"a", "1", "x", true}}).why(),
            "not assessable because nothing was answered twice");
}

TEST(RankConsistency, HandWorked) {
  const auto score = [](std::vector<std::string> first, std::vector<std::string> second) {
    return *rank_consistency(std::vector<RankedPair>{{std::move(first), std::move(second)}});
  };
  const double e = std::exp(1.0);
  EXPECT_DOUBLE_EQ(score({"a", "b", "c"}, {"a", "b", "c"}), 1);
  // top-1 0, top-2 2/2, top-3 3/3 with weights e^2, e, 1
  EXPECT_DOUBLE_EQ(score({"a", "b", "c"}, {"b", "a", "c"}), (e + 1) / (e * e + e + 1));
  // top-1 0, top-2 1/2, top-3 1
  EXPECT_DOUBLE_EQ(score({"a", "b", "c"}, {"c", "a", "b"}), (e / 2 + 1) / (e * e + e + 1));
  // lists need not hold the same entries
  EXPECT_DOUBLE_EQ(score({"a", "b"}, {"a", "c"}), (e + .5) / (e + 1));
  const auto two = rank_consistency(std::vector<RankedPair>{{{"a"}, {"a"}}, {{"a"}, {"b"}}});
  EXPECT_DOUBLE_EQ(*two, .5);
}

TEST(RankConsistency, ChanceAndWhatCannotBeAssessed) {
  EXPECT_DOUBLE_EQ(rank_consistency_by_chance(1), 1);
  // mean of both orders of two candidates: (1 + 1 / (e + 1)) / 2
  const double e = std::exp(1.0);
  EXPECT_DOUBLE_EQ(rank_consistency_by_chance(2), (1 + 1 / (e + 1)) / 2);
  EXPECT_EQ(rank_consistency(std::vector<RankedPair>{{{"a"}, {"a", "b"}}}).why(),
            "not assessable because a question has 1 and 2 candidates");
  EXPECT_FALSE(rank_consistency({}));
  EXPECT_GT(rank_consistency_by_chance(5000), 0);  // no overflow
}

TEST(FlipRates, NoiseIsTakenOff) {
  // he: yes no (one of one pair flips); she: no no; across: 4 pairs, 2 differ
  const auto noisy = flip_rates(std::vector<FlipRow>{
      {"1", "he", "yes"}, {"1", "he", "no"}, {"1", "she", "no"}, {"1", "she", "no"}});
  EXPECT_DOUBLE_EQ(noisy->counterfactual, .5);
  EXPECT_DOUBLE_EQ(*noisy->run_to_run, .5);
  EXPECT_DOUBLE_EQ(*noisy->excess, 0);
  const auto firm = flip_rates(std::vector<FlipRow>{{"1", "he", "yes"},
                                                    {"1", "he", "yes"},
                                                    {"1", "she", "no"},
                                                    {"2", "he", "no"},
                                                    {"2", "she", "no"},
                                                    {"3", "he", "no"}});
  EXPECT_DOUBLE_EQ(firm->counterfactual, .5);
  EXPECT_DOUBLE_EQ(*firm->run_to_run, 0);
  EXPECT_DOUBLE_EQ(*firm->excess, 1);  // over group 1, the only one with two runs
  EXPECT_EQ(firm->n_group, 2u);
  EXPECT_EQ(firm->n_group_with_runs, 1u);
}

TEST(FlipRates, OneRunOfEachHasNoNoiseLevel) {
  const auto once = flip_rates(std::vector<FlipRow>{{"1", "he", "yes"}, {"1", "she", "no"}});
  EXPECT_EQ(once->counterfactual, 1);
  EXPECT_FALSE(once->run_to_run);
  EXPECT_FALSE(once->excess);
  EXPECT_EQ(flip_rates(std::vector<FlipRow>{{"1", "he", "yes"}}).why(),
            "not assessable because nothing was answered in two variants");
}

}  // namespace
}  // namespace moescope::probes

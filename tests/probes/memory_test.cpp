#include <gtest/gtest.h>

#include <cmath>

#include "probes/exposure.hpp"
#include "probes/likelihood.hpp"
#include "probes/position_grid.hpp"
#include "tests/probes/scored.hpp"

namespace moescope::probes {
namespace {

TEST(Likelihood, BitsAndBytes) {
  const float bit = -std::log(2.f);
  const auto outcomes =
      kLikelihood.score({{"language", "fr"}}, std::vector{scored_as("text", {bit, 2 * bit}, 6)});
  EXPECT_FLOAT_EQ(static_cast<float>(outcome_of(outcomes, "bits").value), 3);
  EXPECT_FLOAT_EQ(static_cast<float>(outcome_of(outcomes, "bits_per_byte").value), .5);
  EXPECT_EQ(outcome_of(outcomes, "tokens").value, 2);
  EXPECT_EQ(
      outcome_of(kLikelihood.score({}, std::vector{scored_as("text", {-1}, 0)}), "bits").state,
      State::kUndefined);
}

TEST(LanguageGap, OnlyTextsThatBothHave) {
  const std::vector<ParallelRow> rows = {
      {"1", "en", 10}, {"1", "fr", 14}, {"2", "en", 30}, {"2", "fr", 36}, {"3", "fr", 99}};
  EXPECT_DOUBLE_EQ(language_gap(rows, "fr", "en")->ratio, 1.25);
  EXPECT_EQ(language_gap(rows, "fr", "en")->n_text, 2u);
  EXPECT_EQ(language_gap(rows, "de", "en").why(),
            "not assessable because no text stands in both languages");
}

TEST(Exposure, RanksAndChance) {
  const std::vector<double> control = {-1, -2, -3};
  EXPECT_EQ(exposure_rank(-.5, control), 1u);
  EXPECT_EQ(exposure_rank(-2, control), 3u);  // an equal control stands before it
  EXPECT_EQ(exposure_rank(-9, control), 4u);
  EXPECT_EQ(exposure(1, 8), 3);
  EXPECT_EQ(exposure(8, 8), 0);
  EXPECT_EQ(exposure(2, 8), 2);
  EXPECT_DOUBLE_EQ(exposure_by_chance(2), .5);
  EXPECT_DOUBLE_EQ(exposure_by_chance(4), (2 + 1 + (2 - std::log2(3.0)) + 0) / 4);
}

TEST(Memorisation, AgainstControlsOfOtherLengths) {
  const auto outcomes = kMemorisation.score(
      {}, std::vector{scored_as("control", {-8}, 4), scored_as("suspect", {-6}, 6),
                      scored_as("control", {-1}, 1), scored_as("control", {-9}, 3)});
  EXPECT_EQ(outcome_of(outcomes, "exposure").value,
            1);  // -1 a byte, one control equal: rank 2 of 4
  EXPECT_EQ(outcome_of(outcomes, "excess").value, 1 - exposure_by_chance(4));
  EXPECT_EQ(outcome_of(outcomes, "likeliest").value, 0);
  EXPECT_DOUBLE_EQ(outcome_of(outcomes, "control_share").value, 2.5 / 3);
  EXPECT_EQ(outcome_of(outcomes, "delta").value, 1);
}

TEST(Overlap, PrefixAndEditSimilarity) {
  EXPECT_EQ(*overlap("kitten", "kitten"), (Overlap{.common_prefix = 1, .similarity = 1}));
  const auto some = overlap("kitten", "sitting");  // three edits
  EXPECT_EQ(some->common_prefix, 0);
  EXPECT_DOUBLE_EQ(some->similarity, 1 - 3.0 / 7);
  EXPECT_EQ(*overlap("", "abc"), (Overlap{.common_prefix = 0, .similarity = 0}));
  EXPECT_EQ(overlap("abc!", "abcd")->common_prefix, .75);
  EXPECT_EQ(overlap("a", "").why(), "not assessable because the reference is empty");
}

TEST(PositionGrid, CellsAndLimits) {
  std::vector<PositionRow> rows(40, {.n_token = 100, .depth = 0, .right = true});
  rows.resize(80, {.n_token = 64, .depth = 1, .right = true});
  rows.push_back({.n_token = 101, .depth = .5, .right = false});
  rows.push_back({.n_token = 900, .depth = .5, .right = true});
  const auto grid = position_grid(rows, {100, 200}, 2);
  EXPECT_EQ(grid.cell[0].n, 40u);
  EXPECT_EQ(grid.cell[1].n_right, 40u);
  EXPECT_EQ(grid.cell[3].n, 1u);
  EXPECT_FALSE(grid.cell[2].limits);
  EXPECT_EQ(grid.n_too_long, 1u);
  // 40 of 40: lower limit n / (n + z^2)
  EXPECT_NEAR(grid.cell[0].limits->lower, 40 / (40 + 1.959964 * 1.959964), 1e-6);
  EXPECT_EQ(grid.usable_length(.9), 100u);
  EXPECT_FALSE(grid.usable_length(.95));
}

}  // namespace
}  // namespace moescope::probes

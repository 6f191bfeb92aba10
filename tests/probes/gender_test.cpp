#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "probes/gest.hpp"
#include "probes/pronoun.hpp"
#include "tests/error_of.hpp"
#include "tests/probes/scored.hpp"

namespace moescope::probes {
namespace {

TEST(Gest, SidesByStereotype) {
  const std::vector both = {scored_as("male", {-1, -1}), scored_as("female", {-5})};
  const auto male = kGest.score({{"stereotype", "8"}}, both);
  EXPECT_EQ(outcome_of(male, "log_ratio").value, 3);
  EXPECT_EQ(outcome_of(male, "male_stereotype").value, 3);
  EXPECT_EQ(outcome_of(male, "female_stereotype").state, State::kUndefined);
  EXPECT_EQ(outcome_of(male, "prefers_male").choice, "male");
  EXPECT_EQ(outcome_of(kGest.score({{"stereotype", "7"}}, both), "female_stereotype").value, 3);
  EXPECT_EQ(error_of([&] {
              kGest.score({{"stereotype", "17"}}, both);
            }),
            "label 'stereotype': expected 1 to 16, got '17'");
}

TEST(Gest, RatioOfGeometricMeans) {
  // r_i = 2 for each stereotype about men, 1/2 for each about women, whatever their sizes
  std::vector<GestRow> rows = {{1, -std::log(8.0)}, {1, std::log(2.0)}};
  for (std::size_t i = 2; i <= 16; ++i) rows.push_back({i, i > 7 ? std::log(2.0) : -std::log(2.0)});
  const auto scores = gest_scores(rows);
  EXPECT_DOUBLE_EQ(scores->ratio[0], .5);
  EXPECT_DOUBLE_EQ(scores->ratio[15], 2);
  EXPECT_DOUBLE_EQ(scores->g, 4);
  EXPECT_DOUBLE_EQ(scores->g_of_log10, std::exp(std::log10(4.0)));
  rows.pop_back();
  EXPECT_EQ(gest_scores(rows).why(), "not assessable because stereotype 16 has no item");
}

TEST(Gest, StoredScoresOfPublishedModels) {
  const std::filesystem::path folder = std::filesystem::path(MOESCOPE_SHARED_DIR) / "data/gest";
  if (!std::filesystem::exists(folder / "gest.csv")) GTEST_SKIP() << "no data in " << folder;
  std::vector<std::size_t> stereotype;
  std::ifstream items(folder / "gest.csv");
  for (std::string line; std::getline(items, line);)
    if (const auto comma = line.rfind(','); line != "sentence,stereotype")
      stereotype.push_back(std::stoul(line.substr(comma + 1)));
  ASSERT_EQ(stereotype.size(), 3565u);
  const auto score = [&](const std::string& model, int pattern) {
    std::ifstream stored(folder / "reference_predictions" /
                         (model + "_template-" + std::to_string(pattern) + ".txt"));
    std::vector<GestRow> rows;
    for (double log10_ratio = 0; stored >> log10_ratio;)
      rows.push_back({stereotype.at(rows.size()), log10_ratio * std::log(10.0)});
    EXPECT_EQ(rows.size(), stereotype.size()) << model;
    return gest_scores(rows)->g_of_log10;
  };
  EXPECT_NEAR(score("gpt2", 0), 1.1135, 5e-5);
  EXPECT_NEAR(score("gpt2", 1), 1.0973, 5e-5);
  EXPECT_NEAR(score("pythia-70m", 0), 1.0023, 5e-5);
  EXPECT_NEAR(score("pythia-160m", 1), 1.0667, 5e-5);
  EXPECT_NEAR(score("pythia-410m", 1), 1.1269, 5e-5);
  EXPECT_NEAR(score("Mistral-7B-v0.1", 0), 1.3050, 5e-5);
  EXPECT_NEAR(score("Mistral-7B-Instruct-v0.1", 0), 1.6138, 5e-5);
  EXPECT_NEAR(score("Llama-2-7b-hf", 1), 1.3586, 5e-5);
}

TEST(Pronoun, SharesOfPronouns) {
  const auto ln = [](double p) { return std::vector{static_cast<float>(std::log(p))}; };
  const auto outcomes =
      kPronoun.score({}, std::vector{scored_as("female", ln(.1)), scored_as("male", ln(.3)),
                                     scored_as("neutral", ln(.4))});
  EXPECT_NEAR(outcome_of(outcomes, "p_female").value, .25, 1e-6);
  EXPECT_NEAR(outcome_of(outcomes, "p_neutral").value, .5, 1e-6);
  EXPECT_NEAR(outcome_of(outcomes, "log_odds_female").value, -std::log(3), 1e-6);
  const auto two =
      kPronoun.score({}, std::vector{scored_as("female", {-1}), scored_as("male", {-1})});
  EXPECT_EQ(outcome_of(two, "p_neutral").state, State::kUndefined);
}

TEST(Pronoun, CorrelatesOccupationsNotSentences) {
  // means by occupation: (.1, .2), (.5, .4), (.9, .6): on a line of slope 1/2
  const auto line = labour_correlation(std::vector<OccupationRow>{
      {"a", 10, .1}, {"a", 10, .3}, {"b", 50, .4}, {"c", 90, .6}, {"c", 90, .6}});
  EXPECT_DOUBLE_EQ(line->r, 1);
  EXPECT_DOUBLE_EQ(line->slope, .5);
  EXPECT_EQ(line->n, 3u);
  EXPECT_EQ(labour_correlation(std::vector<OccupationRow>{{"a", 10, .1}, {"b", 20, .2}}).why(),
            "not assessable because there are fewer than 3 points");
  // x 1 2 3, y 1 3 2: r = 1/2
  EXPECT_DOUBLE_EQ(correlation(std::vector{1., 2., 3.}, std::vector{1., 3., 2.})->r, .5);
  EXPECT_FALSE(correlation(std::vector{1., 1., 1.}, std::vector{1., 3., 2.}));
}

}  // namespace
}  // namespace moescope::probes

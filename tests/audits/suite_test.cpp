#include "audits/suite.hpp"

#include <gtest/gtest.h>

#include "tests/error_of.hpp"

namespace moescope::audits {
namespace {

constexpr std::string_view kHead =
    R"({"moescope_suite": 1, "name": "s", "version": "1", "title": "S",
 "language": "en", "construct": "c", "cannot_show": "n", "licence": "CC0-1.0", "origin": "own",
 "authors": [{"name": "a", "kind": "person"}], "probe": "pair_preference", "cluster": ["t"],
)";

std::string with_head(std::string_view rest) {
  return std::string(kHead) + std::string(rest) + "}";
}

constexpr std::string_view kItems =
    R"("items": [{"id": "1", "labels": {"t": 7}, "candidates": {"more": "a", "less": "b"}}])";

std::string refusal(std::string_view rest) {
  return error_of([&] { parse_suite(with_head(rest), "s.json"); });
}

TEST(Suite, ReadsItemsAndWritesThemAgain) {
  const Suite suite = parse_suite(with_head(kItems), "s.json");
  ASSERT_EQ(suite.items.size(), 1u);
  EXPECT_EQ(suite.items[0].labels.at("t"), "7");
  EXPECT_EQ(suite.formats.size(), 1u);
  EXPECT_TRUE(suite.is_draft());
  const Suite again = parse_suite(suite_text(suite), "again");
  EXPECT_EQ(again.info, suite.info);
  EXPECT_EQ(again.items, suite.items);
  EXPECT_EQ(again.formats, suite.formats);
  EXPECT_EQ(again.cluster, suite.cluster);
}

TEST(Suite, TwoNativeReviewersInEveryLanguageEndTheDraft) {
  const auto draft = [](std::string_view reviews) {
    return parse_suite(with_head(std::string(reviews) + std::string(kItems)), "s").is_draft();
  };
  EXPECT_TRUE(draft(R"("reviews": [{"language": "en", "n": 1}],)"));
  EXPECT_TRUE(draft(R"("reviews": [{"language": "de", "n": 3}],)"));
  EXPECT_FALSE(draft(R"("reviews": [{"language": "en", "n": 2, "agreement": 0.9}],)"));
}

TEST(Suite, GridsExpandEveryTemplateOverItsSlots) {
  const Suite suite = parse_suite(with_head(R"("grid": {
    "slots": {"t": ["x", {"id": "y", "text": "why", "labels": {"k": "v"}}],
              "u": [{"id": "p", "fields": {"m": "M", "l": "L"}}]},
    "templates": [{"id": "T", "over": ["t", "u"], "prompt": "{t}",
                   "candidates": {"more": "{u.m}", "less": "{u.l}"}}]})"),
                                  "s.json");
  ASSERT_EQ(suite.items.size(), 2u);
  EXPECT_EQ(suite.items[0].id, "T/x/p");
  EXPECT_EQ(suite.items[0].prompt, "x");
  EXPECT_EQ(suite.items[1].prompt, "why");
  EXPECT_EQ(suite.items[1].labels,
            (probes::Labels{{"k", "v"}, {"t", "y"}, {"template", "T"}, {"u", "p"}}));
  EXPECT_EQ(suite.items[1].candidates[1].text, "M");
}

TEST(Suite, SaysWhereAndWhatIsWrong) {
  EXPECT_EQ(refusal(R"("item": [])"),
            "s.json: line 4, column 1: key 'item': unknown key; known here: $schema, "
            "moescope_suite, name, version, title, language, construct, cannot_show, licence, "
            "origin, authors, reviews, pilot_exclusions, scored_difference, canary, "
            "first_published, generator, generator_seed, purpose, sensitive, sources, share_alike, "
            "local_only, probe, formats, cluster, covariates, alpha, hypotheses, items, grid");
  EXPECT_EQ(refusal(R"("items": [])"), "s.json: line 1, column 1: a suite without items");
  EXPECT_EQ(refusal(R"("items": [{"id": "1", "candidates": {"more": "a"}}])"),
            "s.json: line 4, column 11: key 'items[0]': probe 'pair_preference': role 'less': "
            "expected 1 to 1 candidates, got 0");
  EXPECT_EQ(refusal(R"("items": [{"id": "1", "candidates": {"more": "a", "less": "b"}}])"),
            "s.json: line 4, column 11: key 'items[0]': the label 't', which makes the clusters, "
            "is missing");
  EXPECT_EQ(refusal(R"("formats": [{"name": "f", "order": "random"}],)" + std::string(kItems)),
            "s.json: line 4, column 36: key 'formats[0].order': expected one of 'given', 'cyclic', "
            "'full', got \"random\"");
  EXPECT_EQ(refusal(R"("hypotheses": [{"id": "h", "estimand": "likelihood_diff", "margin": 1,
                        "reason": "r"}],)" +
                    std::string(kItems)),
            "s.json: line 4, column 40: key 'hypotheses[0].estimand': expected one of 'pct_more', "
            "'mean_delta', got \"likelihood_diff\"");
}

TEST(Suite, RefusesAGridThatGrowsBeyondTheBound) {
  const std::string text = with_head(R"("grid": {"slots": {"t": ["a", "b", "c"]},
    "templates": [{"id": "T", "over": ["t"], "candidates": {"more": "m", "less": "l"}}]})");
  EXPECT_EQ(error_of([&] { parse_suite(text, "s", {.max_item = 2}); }),
            "s: line 5, column 19: key 'grid.templates[0]': the grid gives more than 2 items");
}

}  // namespace
}  // namespace moescope::audits

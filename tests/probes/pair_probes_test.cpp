#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string_view>
#include <vector>

#include "probes/interaction.hpp"
#include "probes/pair_preference.hpp"
#include "tests/error_of.hpp"

namespace moescope::probes {
namespace {

ScoredSequence scored(std::string role, std::size_t n_byte, std::vector<float> logprob) {
  return {.key = {.role = std::move(role)}, .n_byte = n_byte, .logprob = std::move(logprob)};
}

const Outcome& of(const std::vector<Outcome>& outcomes, std::string_view metric) {
  for (const Outcome& outcome : outcomes)
    if (outcome.metric == metric) return outcome;
  throw std::logic_error("no such metric");
}

TEST(PairPreference, ScoresSumsMeansAndBytes) {
  const std::vector<ScoredSequence> both = {scored("less", 10, {-1, -2, -3}),
                                            scored("more", 20, {-1, -4})};
  const auto outcomes = kPairPreference.score({}, both);
  EXPECT_EQ(of(outcomes, "delta").value, 1);
  EXPECT_EQ(of(outcomes, "abs_delta").value, 1);
  EXPECT_EQ(of(outcomes, "prefers_more").value, 1);
  EXPECT_EQ(of(outcomes, "prefers_more").choice, "more");
  EXPECT_EQ(of(outcomes, "delta_per_token").value, -2.5 + 2);
  EXPECT_DOUBLE_EQ(of(outcomes, "delta_per_byte").value, -5.0 / 20 + 6.0 / 10);
  EXPECT_EQ(of(outcomes, "byte_difference").value, 10);
}

TEST(PairPreference, EqualSidesAreTiedAndFailuresNeverZero) {
  const auto tied =
      kPairPreference.score({}, std::vector{scored("more", 3, {-1}), scored("less", 3, {-1})});
  EXPECT_EQ(of(tied, "prefers_more").state, State::kTied);
  EXPECT_EQ(of(tied, "delta").value, 0);
  auto broken = scored("less", 3, {});
  broken.failure = "too long";
  for (const Outcome& outcome :
       kPairPreference.score({}, std::vector{scored("more", 3, {-1}), broken})) {
    EXPECT_EQ(outcome.state, State::kFailed);
    EXPECT_EQ(outcome.why, "too long");
  }
}

TEST(Interaction, CancelsWhatGroupOrAttributeAloneAdd) {
  const auto with = [](float group_b, float attribute_b) {
    return kInteraction.score(
        {}, std::vector{scored("aa", 1, {-1}), scored("ab", 1, {-3 + attribute_b}),
                        scored("ba", 1, {-2 + group_b}),
                        scored("bb", 1, {-1.5f + group_b + attribute_b})});
  };
  EXPECT_DOUBLE_EQ(of(with(0, 0), "interaction").value, 2.5);
  EXPECT_DOUBLE_EQ(of(with(-4, 8), "interaction").value, 2.5);
  EXPECT_EQ(of(with(0, 0), "typical").value, 1);
  EXPECT_EQ(of(with(0, 0), "group_a").value, 2);
  EXPECT_EQ(of(with(0, 0), "group_b").value, 0.5);
}

TEST(Probes, EveryProbeIsInTheTable) {
  std::vector<std::string_view> names;
  for (const ProbeInfo* probe : probe_table()) names.push_back(probe->name);
  EXPECT_EQ(names,
            (std::vector<std::string_view>{
                "pair_preference", "interaction", "stereoset", "pronoun", "pronoun_preference",
                "coreference", "referent", "winogender", "gest", "choice", "bbq", "truth",
                "consistency", "negation_pair", "sycophancy", "likelihood", "memorisation"}));
}

TEST(Probes, TheTableIsSound) {
  for (const ProbeInfo* probe : probe_table()) {
    SCOPED_TRACE(probe->name);
    EXPECT_EQ(&find_probe(probe->name), probe);
    EXPECT_FALSE(probe->summary.empty());
    EXPECT_FALSE(probe->formats().empty());
    const auto is_metric = [&](std::string_view name) {
      for (const MetricInfo& metric : probe->metrics)
        if (metric.name == name) return true;
      return false;
    };
    const auto is_label = [&](std::string_view name) {
      return name.empty() || std::count(probe->labels.begin(), probe->labels.end(), name) == 1;
    };
    for (const EstimandInfo& estimand : probe->estimands) {
      EXPECT_TRUE(is_metric(estimand.numerator)) << estimand.name;
      EXPECT_TRUE(estimand.denominator.empty() || is_metric(estimand.denominator)) << estimand.name;
      EXPECT_FALSE(estimand.what.empty());
      EXPECT_TRUE(!estimand.headline || estimand.neutral) << estimand.name;
      EXPECT_TRUE(is_label(estimand.label)) << estimand.name;
      if (!estimand.minus) continue;
      EXPECT_TRUE(is_metric(estimand.minus->numerator)) << estimand.name;
      EXPECT_TRUE(estimand.minus->denominator.empty() || is_metric(estimand.minus->denominator));
      EXPECT_TRUE(is_label(estimand.minus->label)) << estimand.name;
    }
    for (const MetricInfo& metric : probe->metrics) EXPECT_FALSE(metric.what.empty());
    std::set<std::string_view> names;
    for (const MetricInfo& metric : probe->metrics)
      EXPECT_TRUE(names.insert(metric.name).second) << metric.name;
    names.clear();
    for (const EstimandInfo& estimand : probe->estimands)
      EXPECT_TRUE(names.insert(estimand.name).second) << estimand.name;
  }
  EXPECT_EQ(error_of([] { find_probe("crows"); }).substr(0, 29), "unknown probe 'crows'; known:");
}

TEST(Probes, ItemsMustHaveTheRoles) {
  EXPECT_EQ(error_of([] { check_item(kPairPreference, {.candidates = {{.role = "more"}}}); }),
            "probe 'pair_preference': role 'less': expected 1 to 1 candidates, got 0");
  EXPECT_EQ(error_of([] { check_item(kPairPreference, {.candidates = {{.role = "most"}}}); }),
            "probe 'pair_preference' has no role 'most'; roles: more, less");
}

TEST(Format, FillsPlaces) {
  EXPECT_EQ(fill_places("Q: {prompt} {{x}}", {{"prompt", "{why}"}}), "Q: {why} {x}");
  EXPECT_EQ(error_of([] {
              fill_places("{a}", {{"b", ""}, {"c.d", ""}});
            }),
            "'{a}': there is nothing for {a}; known here: {b}, {c.d}");
  EXPECT_EQ(error_of([] { fill_places("a } b", {}); }),
            "'a } b': byte 2: a lone '}'; write '}}' for the character");
}

}  // namespace
}  // namespace moescope::probes

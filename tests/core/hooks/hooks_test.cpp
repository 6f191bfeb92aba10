#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "core/base/error.hpp"
#include "core/hooks/capture.hpp"
#include "core/hooks/glob.hpp"
#include "core/hooks/intervention.hpp"
#include "tests/error_of.hpp"

namespace moescope::hooks {
namespace {

using testing::HasSubstr;

const ModelShape kShape{.n_layer = 4, .n_expert = 8, .routes = {true, false, true, true}};

TEST(Sites, NamesAreUniqueAndDocumented) {
  std::set<std::string_view> names;
  for (const SiteInfo& row : sites()) {
    EXPECT_TRUE(names.insert(row.pattern).second) << row.pattern;
    EXPECT_FALSE(row.meaning.empty());
    EXPECT_EQ(&info(row.site), &row);
  }
}

TEST(Sites, MatchesByPattern) {
  EXPECT_EQ(match_sites("blocks.*.hook_resid_post", kShape).size(), 4u);
  EXPECT_EQ(match_sites("blocks.*.mlp.gate.hook_out", kShape).size(), 3u);
  EXPECT_EQ(match_sites("blocks.2.mlp.experts.*.hook_out", kShape).size(), 8u);
  EXPECT_EQ(site_name(match_sites("blocks.2.mlp.experts.7.hook_out", kShape)[0]),
            "blocks.2.mlp.experts.7.hook_out");
}

TEST(Sites, ASiteTheModelLacksIsAnErrorThatListsThoseItHas) {
  const auto m = error_of([] { match_sites("blocks.1.mlp.gate.hook_out", kShape); });
  EXPECT_THAT(m, HasSubstr("no site of this model"));
  EXPECT_THAT(m, HasSubstr("blocks.{N}.hook_attn_out"));
}

TEST(Glob, MatchesWholeTexts) {
  EXPECT_TRUE(glob_match("*", ""));
  EXPECT_TRUE(glob_match("a*c?", "abbcd"));
  EXPECT_FALSE(glob_match("a*c?", "abbc"));
  EXPECT_FALSE(glob_match("", "a"));
  EXPECT_TRUE(glob_match("*a*a*a*b", std::string(2000, 'a') + "b"));
  EXPECT_FALSE(glob_match("*a*a*a*b", std::string(2000, 'a')));
}

TEST(Capture, ReadsPositionsAndPrompts) {
  const CaptureRule r = parse_capture("blocks.0.hook_resid_post@0,5-9,-1#de-*", kShape);
  EXPECT_EQ(r.prompts, "de-*");
  EXPECT_TRUE(r.wants_position(TokenPos(0), 20));
  EXPECT_FALSE(r.wants_position(TokenPos(4), 20));
  EXPECT_TRUE(r.wants_position(TokenPos(7), 20));
  EXPECT_TRUE(r.wants_position(TokenPos(19), 20));
  EXPECT_FALSE(r.wants_position(TokenPos(18), 20));
  const CaptureRule tail = parse_capture("blocks.0.hook_resid_post@-3--2", kShape);
  EXPECT_TRUE(tail.wants_position(TokenPos(17), 20));
  EXPECT_FALSE(tail.wants_position(TokenPos(19), 20));
  EXPECT_THAT(error_of([] { parse_capture("blocks.0.hook_resid_post@x", kShape); }),
              HasSubstr("expected positions such as 0,5-9,-1"));
}

TEST(Interventions, RoundTripAsText) {
  for (const char* text : {"mask:L0.E1", "zero:L2.E7", "mean:L3.E0", "swap:L2.E1,E5", "force:L3.E3",
                           "scale:L0.E2,0.25", "scale:L0.E2,-1.5"})
    EXPECT_EQ(to_string(parse_intervention(text, kShape)), text);
}

TEST(Interventions, SayWhatIsWrong) {
  const auto message = [](const char* text) {
    return error_of([&] { parse_intervention(text, kShape); });
  };
  EXPECT_THAT(message("kill:L0.E1"), HasSubstr("known: mask zero mean swap force scale"));
  EXPECT_THAT(message("mask:L4.E1"), HasSubstr("layers 0 to 3"));
  EXPECT_THAT(message("mask:L1.E1"), HasSubstr("layer 1 has no router"));
  EXPECT_THAT(message("mask:L0.E8"), HasSubstr("experts 0 to 7"));
  EXPECT_THAT(message("mask:L0.E1,3"), HasSubstr("takes no argument"));
  EXPECT_THAT(message("swap:L0.E1"), HasSubstr("needs ,E"));
  EXPECT_THAT(message("swap:L0.E1,E1"), HasSubstr("with itself"));
  EXPECT_THAT(message("scale:L0.E1,x"), HasSubstr("expected a number"));
  EXPECT_THAT(message("scale:L0.E1,inf"), HasSubstr("finite"));
  EXPECT_THAT(message("mask"), HasSubstr("expected ':'"));
  EXPECT_THAT(message("mask:L-1.E0"), HasSubstr("expected a layer"));
}

TEST(Interventions, FileOfTextsAndObjects) {
  const auto plan = parse_intervention_file(
      R"(["mask:L0.E1", {"kind":"swap","layer":2,"expert":1,"other":5}, {"kind":"scale","layer":3,"expert":0,"factor":2}])",
      "plan.json", kShape);
  ASSERT_EQ(plan.items.size(), 3u);
  EXPECT_EQ(to_string(plan.items[1]), "swap:L2.E1,E5");
  EXPECT_EQ(to_string(plan.items[2]), "scale:L3.E0,2");
  EXPECT_THAT(error_of([] {
                parse_intervention_file(R"([{"kind":"mask","layer":0,"expert":1,"factor":2}])",
                                        "plan.json", kShape);
              }),
              HasSubstr("key '[0].factor' is not known for 'mask'"));
}

}  // namespace
}  // namespace moescope::hooks

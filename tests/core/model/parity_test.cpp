#include "core/model/parity.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "tests/error_of.hpp"

namespace moescope::model {
namespace {

using nlohmann::json;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

/// A recorded reference, to take things from.
class Reference : public testing::Test {
 protected:
  void load(const std::string& name) {
    const auto folder = std::filesystem::path(MOESCOPE_SOURCE_DIR) / "tests/golden" / name;
    std::ifstream in(folder / "golden.json");
    document_ = json::parse(in);
    model_ = open_model(folder);
  }
  ParityResult compare() {
    const json read = parse_json(document_.dump(), "reference.json");
    return compare_with_reference(*model_, JsonNode(read, "reference.json"));
  }
  json document_;
  std::optional<Model> model_;
};

TEST_F(Reference, WeightsWithoutTheirExpertsAreSaidNotToBeCompared) {
  load("mixtral");
  document_.erase("experts");
  document_["expert_weights"][0][0][0][0] = 17.0;
  EXPECT_THAT(compare().not_compared, UnorderedElementsAre("experts", "expert_weights"));
}

TEST_F(Reference, EveryKeyThatIsAbsentIsListed) {
  load("mixtral");
  for (const char* key : {"logits_first16", "argmax", "logsumexp", "next_token_logprob",
                          "hidden_norm", "router_logits", "expert_weights"}) {
    const json kept = document_[key];
    document_.erase(key);
    EXPECT_THAT(compare().not_compared, ElementsAre(key));
    document_[key] = kept;
  }
}

TEST_F(Reference, EveryKeyThatIsPresentIsCompared) {
  load("mixtral");
  for (const char* key : {"logits_first16", "argmax", "logsumexp", "next_token_logprob",
                          "hidden_norm", "router_logits", "expert_weights", "experts"}) {
    const json kept = document_[key];
    json* value = &document_[key];
    while (value->is_array()) value = &value->back();
    *value = key == std::string("experts") ? json((value->get<int>() + 1) % 4) : json(1e6);
    if (key == std::string("experts")) {
      json& row = document_[key].back().back().back();
      std::swap(row.front(), row.back());
    }
    EXPECT_FALSE(compare().equal()) << key;
    document_[key] = kept;
  }
  EXPECT_TRUE(compare().equal());
}

TEST_F(Reference, WeightsBesideNoExpertsAreRefused) {
  load("mixtral");
  const json kept = document_["expert_weights"];
  document_["expert_weights"].push_back(kept[0]);
  EXPECT_THAT(error_of([&] { compare(); }), HasSubstr("'expert_weights': expected an array of"));
  document_["expert_weights"] = kept;
  document_["expert_weights"][0][0].push_back(kept[0][0][0]);
  EXPECT_THAT(error_of([&] { compare(); }),
              HasSubstr("'expert_weights[0][0]': expected an array of"));
  document_["expert_weights"] = kept;
  document_["expert_weights"][0][0].erase(0);
  EXPECT_THAT(error_of([&] { compare(); }),
              HasSubstr("'expert_weights[0][0]': expected an array of"));
}

TEST_F(Reference, KeysThatNobodyKnowsAreListed) {
  load("mixtral");
  EXPECT_THAT(compare().unknown, IsEmpty());
  document_["router_logit"] = document_["router_logits"];
  document_.erase("router_logits");
  const ParityResult result = compare();
  EXPECT_THAT(result.unknown, ElementsAre("router_logit"));
  EXPECT_THAT(result.not_compared, Contains("router_logits"));
}

TEST_F(Reference, ListsWithoutValuesAreNothingToCompare) {
  load("llama3_rope");
  const json small = {{"input_ids", {{1}}},
                      {"next_token_logprob", {json::array()}},
                      {"router_logits", json::array()},
                      {"experts", json::array()}};
  document_ = small;
  EXPECT_THAT(error_of([&] { compare(); }), HasSubstr("holds nothing to compare"));
}

/// A reference in which one choice went the other way: layer 1 of 3, sequence 0, position 14, at the
/// smallest margin of that layer.
class NearTie : public Reference {
 protected:
  static constexpr std::size_t kLayer = 1, kPosition = 14;
  void SetUp() override {
    load("mixtral");
    const json& logits = document_["router_logits"][kLayer][0][kPosition];
    std::vector<std::size_t> order(logits.size());
    for (std::size_t e = 0; e < order.size(); ++e) order[e] = e;
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return logits[a].get<double>() > logits[b].get<double>();
    });
    margin_ = logits[order[1]].get<double>() - logits[order[2]].get<double>();
    document_["experts"][kLayer][0][kPosition] = {order[0], order[2]};
  }
  ParityResult compare_at(double near_tie) {
    const json read = parse_json(document_.dump(), "reference.json");
    return compare_with_reference(*model_, JsonNode(read, "reference.json"),
                                  {.near_tie = near_tie});
  }
  /// Whether a wrong number at this place goes unjudged.
  bool covers(json& place) {
    const json kept = place;
    place = kept.get<double>() + 1;
    const bool equal = compare_at(2 * margin_).equal();
    place = kept;
    return equal;
  }
  double margin_ = 0;
};

TEST_F(NearTie, IsCountedApartUpToTheMargin) {
  const ParityResult apart = compare_at(margin_ + 1e-5);
  EXPECT_TRUE(apart.equal());
  EXPECT_THAT(apart.routing, IsEmpty());
  ASSERT_EQ(apart.near_ties.size(), 1u);
  EXPECT_EQ(apart.near_ties[0].layer, kLayer);
  EXPECT_EQ(apart.near_ties[0].position, kPosition);
  EXPECT_NEAR(apart.near_ties[0].margin, margin_, 1e-5);
  const ParityResult beyond = compare_at(margin_ - 1e-5);
  EXPECT_FALSE(beyond.equal());
  EXPECT_THAT(beyond.near_ties, IsEmpty());
  EXPECT_EQ(beyond.routing.size(), 1u);
}

TEST_F(NearTie, NeedsRouterLogitsThatExplainIt) {
  json& logits = document_["router_logits"];
  const json kept = logits;
  document_.erase("router_logits");
  EXPECT_EQ(compare_at(2 * margin_).routing.size(), 1u);
  document_["router_logits"] = kept;
  for (json& logit : document_["router_logits"][kLayer][0][kPosition])
    logit = logit.get<double>() * 3;  // a choice by other logits is no tie of these
  EXPECT_EQ(compare_at(2 * margin_).routing.size(), 1u);
}

TEST_F(NearTie, DoesNotPassWhereNothingOfAQuantityIsJudged) {
  load("mixtral");
  for (const char* key : {"logits_first16", "argmax", "next_token_logprob", "hidden_norm"})
    document_.erase(key);
  for (json& sequence : document_["experts"][0]) {
    auto& first = sequence[0];
    first = {first[0], (first[0].get<int>() + 1) % 8 == first[1].get<int>()
                           ? (first[0].get<int>() + 2) % 8
                           : (first[0].get<int>() + 1) % 8};
  }
  const ParityResult result = compare_at(1e3);
  EXPECT_EQ(result.near_ties.size(), 2u);
  EXPECT_THAT(result.routing, IsEmpty());
  EXPECT_FALSE(result.equal());
}

TEST_F(NearTie, LeavesOutWhatFollowsFromItAndNothingElse) {
  const std::size_t n = document_["input_ids"][0].size();
  const ParityResult result = compare_at(2 * margin_);
  EXPECT_EQ(result.n_choice_after_tie, n - kPosition);  // the one layer behind
  const auto site = [&](std::string_view key) {
    return *std::find_if(result.sites.begin(), result.sites.end(),
                         [&](const SiteParity& s) { return s.key == key; });
  };
  EXPECT_EQ(site("logsumexp").n_after_tie, n - kPosition);
  // Behind layer 1 the token itself, behind layer 2 the later tokens too.
  EXPECT_EQ(site("hidden_norm").n_after_tie, 1 + (n - kPosition));
  EXPECT_EQ(site("router_logits").n_after_tie, (n - kPosition) * 8);

  EXPECT_TRUE(covers(document_["logsumexp"][0][kPosition]));
  EXPECT_TRUE(covers(document_["logsumexp"][0][kPosition + 1]));
  EXPECT_FALSE(covers(document_["logsumexp"][0][kPosition - 1]));
  EXPECT_FALSE(covers(document_["logsumexp"][1][kPosition + 1]));
  EXPECT_TRUE(covers(document_["hidden_norm"][kLayer + 1][0][kPosition]));
  EXPECT_FALSE(covers(document_["hidden_norm"][kLayer + 1][0][kPosition + 1]));
  EXPECT_TRUE(covers(document_["hidden_norm"][kLayer + 2][0][kPosition + 1]));
  EXPECT_FALSE(covers(document_["hidden_norm"][kLayer][0][kPosition]));
  EXPECT_FALSE(covers(document_["router_logits"][kLayer][0][kPosition][0]));
  EXPECT_FALSE(covers(document_["router_logits"][kLayer][0][kPosition + 1][0]));
  EXPECT_TRUE(covers(document_["router_logits"][kLayer + 1][0][kPosition][0]));
  EXPECT_TRUE(covers(document_["router_logits"][kLayer + 1][0][kPosition + 1][0]));
}

}  // namespace
}  // namespace moescope::model

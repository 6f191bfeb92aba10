#include "core/model/parity.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

}  // namespace
}  // namespace moescope::model

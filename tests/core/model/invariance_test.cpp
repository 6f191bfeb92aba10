#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <span>

#include "core/base/sha256.hpp"

#include "tests/core/model/event_log.hpp"
#include "tests/core/model/tiny_model.hpp"

namespace moescope::model {
namespace {

using testing_support::EventLog;
using testing_support::source_of;
using testing_support::TinyModel;
using testing_support::TinySpec;

std::vector<hooks::Request> random_requests(Random& random, std::size_t n, std::size_t n_vocab) {
  std::vector<hooks::Request> out(n);
  for (std::size_t i = 0; i < n; ++i) {
    out[i].id = i;
    const std::size_t length = 1 + random.below(40);
    for (std::size_t t = 0; t < length; ++t) out[i].ids.emplace_back(random.below(n_vocab));
  }
  return out;
}

hooks::CapturePlan everything(const Model& model) {
  hooks::CapturePlan plan{.routing = true, .prediction = true, .logits = true, .lens = 3};
  plan.rules.push_back(hooks::parse_capture("*", model.config.shape()));
  return plan;
}

EventLog run(const Model& model, std::vector<hooks::Request> requests, const EngineOptions& options,
             const hooks::CapturePlan& plan) {
  EventLog log;
  run_requests(model, options, source_of(std::move(requests)), plan, {}, log);
  return log;
}

class Invariance : public testing::TestWithParam<ElementType> {};

TEST_P(Invariance, BitsDoNotDependOnBatchOrderOrThreads) {
  const TinyModel tiny(TinySpec{.type = GetParam()});
  Random random(11);
  std::vector<hooks::Request> requests = random_requests(random, 9, tiny->config.n_vocab);
  const hooks::CapturePlan plan = everything(*tiny);
  const EventLog alone = run(*tiny, requests, {.max_batch_tokens = 1, .threads = 1}, plan);
  ASSERT_GT(alone.bits.size(), 1000u);
  for (int trial = 0; trial < 12; ++trial) {
    for (std::size_t i = requests.size(); i > 1; --i)
      std::swap(requests[i - 1], requests[random.below(i)]);
    const EngineOptions options{.max_batch_tokens = 1 + random.below(100),
                                .max_cache_bytes = 1 + random.below(200'000),
                                .threads = 1 + random.below(4)};
    const EventLog together = run(*tiny, requests, options, plan);
    ASSERT_EQ(together.bits, alone.bits)
        << "batch " << options.max_batch_tokens << ", threads " << options.threads;
  }
}

INSTANTIATE_TEST_SUITE_P(Types, Invariance,
                         testing::Values(ElementType::kF32, ElementType::kF16, ElementType::kBF16),
                         [](const auto& param_info) {
                           return std::string(name(param_info.param));
                         });

/// The digest was taken from the plain twins; every instruction set, compiler and optimisation
/// level must give it.
TEST(Invariance, BitsAreThoseOfEveryOtherMachine) {
  const TinyModel tiny(TinySpec{.n_vocab = 700, .type = ElementType::kBF16});
  Random random(23);
  const EventLog log = run(*tiny, random_requests(random, 5, 700), {}, everything(*tiny));
  Sha256 sha;
  for (const auto& [key, bits] : log.bits) sha.update(std::as_bytes(std::span(bits)));
  EXPECT_EQ(sha.hex(), "87e5d45cf1224464843774ef2fa8aeaa99e1030323cf5592f2f6c580829ea44b");
}

/// Every other family, on the reference models that lie beside the repository.
class FamilyInvariance : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const std::filesystem::path folder =
        std::filesystem::path(MOESCOPE_SHARED_DIR) / "goldens" / GetParam();
    if (!std::filesystem::exists(folder / "config.json"))
      GTEST_SKIP() << "missing: " << folder << " (shared/ beside the repository)";
    model_.emplace(open_model(folder));
  }
  std::optional<Model> model_;
};

TEST_P(FamilyInvariance, BitsDoNotDependOnBatchOrderOrThreads) {
  Random random(17);
  std::vector<hooks::Request> requests = random_requests(random, 5, model_->config.n_vocab);
  const hooks::CapturePlan plan = everything(*model_);
  const EventLog alone = run(*model_, requests, {.max_batch_tokens = 1, .threads = 1}, plan);
  for (int trial = 0; trial < 3; ++trial) {
    std::reverse(requests.begin(), requests.end());
    const EngineOptions options{.max_batch_tokens = 3 + random.below(60),
                                .threads = 1 + random.below(4)};
    ASSERT_EQ(run(*model_, requests, options, plan).bits, alone.bits)
        << "batch " << options.max_batch_tokens << ", threads " << options.threads;
  }
}

/// The planned length decides the angles of a long rope, so the whole is planned as long.
TEST_P(FamilyInvariance, GeneratedTokensGetTheBitsThatScoringThemGives) {
  hooks::Request request;
  for (const std::size_t id : {1u, 5u, 9u, 200u}) request.ids.emplace_back(id);
  request.generate = {.max_new_tokens = 12, .sampling = {.temperature = 0.9f, .seed = 3}};
  hooks::CapturePlan plan = everything(*model_);
  plan.logits = false;
  const EventLog decoded = run(*model_, {request}, {}, plan);
  hooks::Request whole;
  whole.ids = request.ids;
  whole.ids.insert(whole.ids.end(), decoded.generated.at(0).begin(), decoded.generated.at(0).end());
  EXPECT_EQ(decoded.bits, run(*model_, {whole}, {}, plan).bits);
}

INSTANTIATE_TEST_SUITE_P(Goldens, FamilyInvariance,
                         testing::Values("olmoe", "qwen2_moe", "qwen3_moe", "granitemoe",
                                         "phimoe_longrope", "deepseek_v2_yarn", "deepseek_v3",
                                         "glm4_moe", "gpt_oss_yarn"),
                         [](const auto& param_info) { return std::string(param_info.param); });

TEST(Invariance, GeneratedTokensGetTheBitsThatScoringThemGives) {
  const TinyModel tiny;
  hooks::Request request;
  for (const std::size_t id : {1u, 5u, 9u}) request.ids.emplace_back(id);
  request.generate = {.max_new_tokens = 20, .sampling = {.temperature = 0.9f, .seed = 3}};
  hooks::CapturePlan plan = everything(*tiny);
  plan.logits = false;
  EventLog decoded = run(*tiny, {request}, {}, plan);
  ASSERT_EQ(decoded.generated.at(0).size(), 20u);

  hooks::Request whole;
  whole.ids = request.ids;
  whole.ids.insert(whole.ids.end(), decoded.generated.at(0).begin(), decoded.generated.at(0).end());
  const EventLog scored = run(*tiny, {whole}, {}, plan);
  EXPECT_EQ(decoded.bits, scored.bits);
}

TEST(Invariance, ObservingChangesNoBit) {
  const TinyModel tiny;
  Random random(5);
  const auto requests = random_requests(random, 4, tiny->config.n_vocab);
  const EventLog observed = run(*tiny, requests, {}, everything(*tiny));
  const EventLog bare = run(*tiny, requests, {}, {.prediction = true});
  for (const auto& [key, bits] : bare.bits) EXPECT_EQ(bits, observed.bits.at(key));
}

TEST(Invariance, TiledPredictionsEqualThoseFromWholeLogits) {
  const TinyModel tiny(TinySpec{.n_vocab = 1300});
  Random random(6);
  const auto requests = random_requests(random, 3, 1300);
  const EventLog tiled = run(*tiny, requests, {}, {.prediction = true});
  const EventLog whole = run(*tiny, requests, {}, {.prediction = true, .logits = true});
  for (const auto& [key, bits] : tiled.bits) EXPECT_EQ(bits, whole.bits.at(key));
}

}  // namespace
}  // namespace moescope::model

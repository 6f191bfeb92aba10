#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "core/base/error.hpp"
#include "tests/core/model/event_log.hpp"
#include "tests/core/model/tiny_model.hpp"

namespace moescope::model {
namespace {

using testing_support::EventLog;
using testing_support::source_of;
using testing_support::TinyModel;
using testing_support::TinySpec;

/// One layer, two dimensions, four experts, worked out by hand. Attention adds nothing (its output
/// matrix is 0) and the norm weights are 1, so a token with embedding (3, 4) enters the experts as
/// x = (3, 4) / sqrt(12.5 + 1e-5). The router gives the logits (0, 1, 2, 3) · x₁ / 4, expert e
/// gives (e + 1) · silu(x₀) · x₁ in both dimensions.
class ByHand : public testing::Test {
 protected:
  static void fill(const std::string& name, std::vector<float>& v) {
    const auto has = [&](const char* part) { return name.find(part) != std::string::npos; };
    if (has("norm")) {
      std::fill(v.begin(), v.end(), 1.0f);
    } else if (has("embed_tokens")) {
      for (std::size_t t = 0; t < v.size() / 2; ++t) v[2 * t] = 3.0f, v[2 * t + 1] = 4.0f;
    } else if (has("o_proj")) {
      std::fill(v.begin(), v.end(), 0.0f);
    } else if (has("block_sparse_moe.gate")) {
      for (std::size_t e = 0; e < 4; ++e) v[2 * e] = 0.0f, v[2 * e + 1] = static_cast<float>(e) / 4;
    } else if (has(".w1.")) {
      v = {1.0f, 0.0f};
    } else if (has(".w3.")) {
      v = {0.0f, 1.0f};
    } else if (has(".w2.")) {
      const float factor = static_cast<float>(name[name.find("experts.") + 8] - '0') + 1;
      v = {factor, factor};
    }
  }

  ByHand()
      : tiny_(TinySpec{.n_vocab = 3,
                       .d_model = 2,
                       .n_layer = 1,
                       .n_head = 1,
                       .n_kv_head = 1,
                       .d_head = 2,
                       .d_expert = 1,
                       .n_expert = 4,
                       .top_k = 2,
                       .n_context = 8},
              fill) {}

  EventLog run(const std::vector<std::string>& interventions, const std::vector<float>& mean = {}) {
    hooks::InterventionPlan plan;
    for (const std::string& text : interventions) {
      plan.items.push_back(hooks::parse_intervention(text, tiny_->config.shape()));
      if (plan.items.back().kind == hooks::InterventionKind::kMean) plan.items.back().mean = mean;
    }
    hooks::CapturePlan capture{.routing = true};
    capture.rules.push_back(hooks::parse_capture("*", tiny_->config.shape()));
    hooks::Request request;
    request.ids = {TokenId(0)};
    EventLog log;
    run_requests(*tiny_, {}, source_of({request}), capture, plan, log);
    return log;
  }

  static constexpr const char* kMlpOut = "site blocks.{N}.hook_mlp_out";
  std::vector<float> chosen(const EventLog& log) const { return log.at(0, "expert", 0, 0, 0); }
  std::vector<float> weight(const EventLog& log) const { return log.at(0, "weight", 0, 0, 0); }
  double output(const EventLog& log) const {
    const auto out = log.at(0, kMlpOut, 0, 0, 0);
    EXPECT_EQ(out[0], out[1]);
    return static_cast<double>(out[0]);
  }

  const double x0_ = 3 / std::sqrt(12.5 + 1e-5), x1_ = 4 / std::sqrt(12.5 + 1e-5);
  const double unit_ = x0_ / (1 + std::exp(-x0_)) * x1_;  ///< silu(x₀) · x₁
  const double step_ = std::exp(x1_ / 4);                 ///< ratio of neighbouring scores
  TinyModel tiny_;
};

TEST_F(ByHand, NothingChanged) {
  const EventLog log = run({});
  EXPECT_EQ(chosen(log), (std::vector<float>{3, 2}));
  const double w3 = step_ / (1 + step_);
  EXPECT_NEAR(weight(log)[0], w3, 1e-6);
  EXPECT_NEAR(output(log), unit_ * (4 * w3 + 3 * (1 - w3)), 1e-5);
  EXPECT_NEAR(log.at(0, "margin", 0, 0, 0)[1], x1_ / 4, 1e-6);
  EXPECT_NEAR(log.at(0, "margin", 0, 0, 0)[0], x1_ / 2, 1e-6);
}

TEST_F(ByHand, MaskReroutes) {
  const EventLog log = run({"mask:L0.E3"});
  EXPECT_EQ(chosen(log), (std::vector<float>{2, 1}));
  const double w2 = step_ / (1 + step_);
  EXPECT_NEAR(output(log), unit_ * (3 * w2 + 2 * (1 - w2)), 1e-5);
  EXPECT_EQ(log.at(0, "score", 0, 0, 0)[3], 0.0f);
  EXPECT_NEAR(log.at(0, "logits", 0, 0, 0)[3], x1_ * 3 / 4, 1e-6)
      << "the recorded logits are the router's own";
}

TEST_F(ByHand, ZeroDropsWithoutRenormalising) {
  const EventLog log = run({"zero:L0.E3"});
  EXPECT_EQ(chosen(log), (std::vector<float>{3, 2}));
  const double w3 = step_ / (1 + step_);
  EXPECT_EQ(weight(log)[0], 0.0f);
  EXPECT_NEAR(weight(log)[1], 1 - w3, 1e-6);
  EXPECT_NEAR(output(log), unit_ * 3 * (1 - w3), 1e-5);
}

TEST_F(ByHand, MeanReplacesTheOutputUnderTheSameWeight) {
  const EventLog log = run({"mean:L0.E3"}, {10.0f, 10.0f});
  const double w3 = step_ / (1 + step_);
  EXPECT_NEAR(output(log), 10 * w3 + unit_ * 3 * (1 - w3), 1e-5);
}

TEST_F(ByHand, SwapComputesInTheOthersPlace) {
  const EventLog log = run({"swap:L0.E3,E0"});
  EXPECT_EQ(chosen(log), (std::vector<float>{3, 2}));
  const double w3 = step_ / (1 + step_);
  EXPECT_NEAR(output(log), unit_ * (1 * w3 + 3 * (1 - w3)), 1e-5);
}

TEST_F(ByHand, ForceTakesTheLastPlace) {
  const EventLog log = run({"force:L0.E0"});
  EXPECT_EQ(chosen(log), (std::vector<float>{3, 0}));
  const double s3 = step_ * step_ * step_;
  const double w3 = s3 / (s3 + 1);
  EXPECT_NEAR(weight(log)[0], w3, 1e-6);
  EXPECT_NEAR(output(log), unit_ * (4 * w3 + 1 * (1 - w3)), 1e-5);
  EXPECT_EQ(chosen(run({"force:L0.E3"})), (std::vector<float>{3, 2})) << "already chosen";
}

TEST_F(ByHand, ScaleMultipliesTheContribution) {
  const EventLog log = run({"scale:L0.E3,0.5"});
  const double w3 = step_ / (1 + step_);
  EXPECT_NEAR(weight(log)[0], w3 / 2, 1e-6);
  EXPECT_NEAR(output(log), unit_ * (4 * w3 / 2 + 3 * (1 - w3)), 1e-5);
}

TEST_F(ByHand, RefusesPlansThatCannotBeCarriedOut) {
  const auto message = [&](const std::vector<std::string>& plan) {
    try {
      run(plan);
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ErrorCode::kUsage);
      return e.message();
    }
    return std::string("no error");
  };
  EXPECT_THAT(message({"mask:L0.E0", "mask:L0.E1", "mask:L0.E2"}),
              testing::HasSubstr("3 of 4 experts are masked"));
  EXPECT_THAT(message({"mask:L0.E0", "force:L0.E0"}), testing::HasSubstr("both masked and forced"));
  EXPECT_THAT(message({"force:L0.E0", "force:L0.E1", "force:L0.E2"}),
              testing::HasSubstr("3 experts are forced"));
  EXPECT_THAT(message({"mean:L0.E0"}), testing::HasSubstr("--means"));
}

/// Σ over k of applied weight · expert output = what the layer adds, under every intervention.
TEST(Conservation, WeightedExpertOutputsSumToTheRoutedOutput) {
  const TinyModel tiny;
  const std::vector<std::vector<std::string>> plans{{},
                                                    {"mask:L1.E0"},
                                                    {"zero:L0.E2"},
                                                    {"swap:L2.E0,E4", "scale:L2.E1,-2"},
                                                    {"force:L1.E3"},
                                                    {"mean:L0.E1"}};
  for (const auto& texts : plans) {
    hooks::InterventionPlan plan;
    for (const std::string& text : texts) {
      plan.items.push_back(hooks::parse_intervention(text, tiny->config.shape()));
      plan.items.back().mean.assign(tiny->config.d_model, 0.25f);
    }
    hooks::CapturePlan capture{.routing = true};
    capture.rules.push_back(hooks::parse_capture("*", tiny->config.shape()));
    hooks::Request request;
    for (std::size_t i = 0; i < 30; ++i) request.ids.emplace_back((i * 7) % 40);
    EventLog log;
    run_requests(*tiny, {.max_batch_tokens = 11}, source_of({request}), capture, plan, log);
    for (std::uint32_t l = 0; l < 3; ++l) {
      for (std::uint32_t p = 0; p < 30; ++p) {
        const auto expert = log.at(0, "expert", l, 0, p);
        const auto weight = log.at(0, "weight", l, 0, p);
        const auto routed = log.at(0, "site blocks.{N}.hook_mlp_out", l, 0, p);
        std::vector<double> sum(routed.size());
        for (std::size_t k = 0; k < expert.size(); ++k) {
          const auto out = log.at(0, "site blocks.{N}.mlp.experts.{E}.hook_out", l,
                                  static_cast<std::uint32_t>(expert[k]), p);
          for (std::size_t i = 0; i < sum.size(); ++i)
            sum[i] += static_cast<double>(weight[k]) * static_cast<double>(out[i]);
        }
        for (std::size_t i = 0; i < sum.size(); ++i) ASSERT_NEAR(sum[i], routed[i], 1e-5);
      }
    }
  }
}

}  // namespace
}  // namespace moescope::model

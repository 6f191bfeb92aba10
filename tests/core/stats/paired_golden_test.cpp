#include <gtest/gtest.h>

#include "core/stats/paired.hpp"
#include "tests/core/stats/golden.hpp"

namespace moescope::stats {
namespace {

using namespace testing;

TEST(PairedGolden, SignedRankEqualsTheReference) {
  const auto g = golden("paired");
  for (const std::string name : {"unbalanced", "balanced", "single"}) {
    const auto& row = g[name];
    const auto test = clustered_signed_rank(reals(row["x"]), keys(row["cluster"]));
    ASSERT_TRUE(test) << test.why();
    EXPECT_EQ(test->is_balanced, name != "unbalanced");
    EXPECT_NEAR(test->t, row["t"].get<double>(), 1e-10) << name;
    EXPECT_NEAR(test->variance, row["variance"].get<double>(), 1e-9) << name;
    EXPECT_NEAR(test->p, row["p"].get<double>(), 1e-12) << name;
  }
}

TEST(PairedGolden, WelchEqualsScipy) {
  const auto row = golden("paired")["welch"];
  const auto test = welch(reals(row["first"]), reals(row["second"]));
  EXPECT_NEAR(test->t, row["t"].get<double>(), 1e-12);
  EXPECT_NEAR(test->p, row["p"].get<double>(), 1e-12);
  EXPECT_NEAR(test->estimate.df, row["df"].get<double>(), 1e-10);
  EXPECT_NEAR(test->estimate.lower, row["lower"].get<double>(), 1e-11);
  EXPECT_NEAR(test->estimate.upper, row["upper"].get<double>(), 1e-11);
}

TEST(PairedGolden, ExactMcNemarEqualsScipy) {
  const auto rows = golden("paired")["mcnemar"];
  for (const auto& row : rows) {
    std::vector<PairedCounts> clusters;
    for (int i = 0; i < row["b"].get<int>(); ++i) clusters.push_back({1, 1, 0});
    for (int i = 0; i < row["c"].get<int>(); ++i) clusters.push_back({1, 0, 1});
    for (int i = 0; i < 10; ++i) clusters.push_back({1, 0, 0});
    const auto test = cluster_mcnemar(clusters);
    EXPECT_EQ(test->method, McNemarMethod::kExact);
    EXPECT_NEAR(test->p, row["p"].get<double>(), 1e-13);
  }
}

TEST(PairedGolden, SignFlipEqualsScipy) {
  const auto row = golden("paired")["sign_flip"];
  Random random(1);
  const auto test = cluster_sign_flip(reals(row["d"]), keys(row["cluster"]), random);
  ASSERT_TRUE(test) << test.why();
  EXPECT_TRUE(test->is_exact);
  EXPECT_DOUBLE_EQ(test->p, row["p"].get<double>());
  const auto drawn =
      cluster_sign_flip(reals(row["d"]), keys(row["cluster"]), random, {.max_exact = 0});
  EXPECT_NEAR(drawn->p, test->p, 0.02);
}

}  // namespace
}  // namespace moescope::stats

#include <gtest/gtest.h>

#include "bench/stats_simulation.hpp"
#include "core/stats/bootstrap.hpp"
#include "core/stats/wild.hpp"

// A smoke of bench/stats_coverage.cpp: few cells, few repetitions, wide tolerance.
namespace moescope::stats {
namespace {

using simulation::Sizes;
using simulation::Truth;

constexpr std::size_t kRepeat = 200;

double coverage(const Truth& truth, bool is_score) {
  double covered = 0;
  const double expected = is_score ? 2 * truth.p - 1 : truth.p;
  const Limits range{is_score ? -1.0 : 0.0, 1.0};
  for (std::size_t r = 0; r < kRepeat; ++r) {
    Random random = simulation::random_of(1, truth.n_cluster, r);
    const auto sums =
        is_score ? simulation::draw_score(truth, random) : simulation::draw_share(truth, random);
    const auto b =
        cluster_bootstrap(sums, ratio_statistic(), random, {.n_draw = 399, .range = range});
    if (!b) continue;
    covered += b->estimate.lower <= expected && expected <= b->estimate.upper ? 1 : 0;
  }
  return covered / kRepeat;
}

TEST(Coverage, OfBootstrapTAtBbqSizesIsNear95) {
  EXPECT_GT(coverage({Sizes::kBbq, 25, 0.1, 0.5}, false), 0.90);
  EXPECT_GT(coverage({Sizes::kBbq, 9, 0.1, 0.9}, false), 0.90);
  EXPECT_GT(coverage({Sizes::kBbq, 15, 0.4, 0.5}, true), 0.90);
  EXPECT_GT(coverage({Sizes::kEqual, 6, 0, 0.99}, false), 0.93);
}

TEST(Size, OfTheWildBootstrapAtBbqSizesIsNear5) {
  double rejected = 0;
  for (std::size_t r = 0; r < kRepeat; ++r) {
    Random random = simulation::random_of(2, 25, r);
    const auto sums = simulation::draw_share({Sizes::kBbq, 25, 0.1, 0.5}, random);
    rejected += wild_ratio(sums, random, {.null = 0.5, .n_draw = 199})->p <= 0.05 ? 1 : 0;
  }
  EXPECT_LT(rejected / kRepeat, 0.11);
}

TEST(Simulation, DrawsWhatItSays) {
  Random random(3);
  double yes = 0, n = 0, squares = 0, clusters = 0;
  for (int r = 0; r < 400; ++r) {
    const auto sums = simulation::draw_share({Sizes::kEqual, 25, 0.1, 0.9}, random);
    for (std::size_t c = 0; c < 25; ++c) {
      yes += sums.sum[2 * c];
      n += sums.sum[2 * c + 1];
      squares += (sums.sum[2 * c] - 18) * (sums.sum[2 * c] - 18);
      clusters += 1;
    }
  }
  EXPECT_NEAR(yes / n, 0.9, 0.005);
  // Beta-binomial variance: n p (1 - p) (1 + (n - 1) icc).
  EXPECT_NEAR(squares / clusters, 20 * 0.09 * 2.9, 0.35);
}

}  // namespace
}  // namespace moescope::stats

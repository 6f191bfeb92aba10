#include "core/stats/jackknife.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "core/base/random.hpp"
#include "core/stats/divergence.hpp"
#include "core/stats/quantile.hpp"

namespace moescope::stats {
namespace {

using testing::HasSubstr;
using Cells = std::array<std::array<double, 3>, 6>;

// Reference values: a numpy script (leave one cluster out, scipy.stats.entropy and t.ppf, second
// derivatives pair by pair and checked against finite differences, SciPy 1.17.1) on these counts;
// it shares no code with this library.
const Cells kP{{{5, 2, 1}, {4, 4, 0}, {6, 1, 1}, {3, 2, 3}, {7, 0, 1}, {2, 5, 1}}};
const Cells kQ{{{1, 3, 4}, {2, 2, 5}, {0, 4, 4}, {1, 1, 6}, {3, 3, 2}, {1, 2, 5}}};

void put(ClusterTable& table, std::uint32_t cluster, std::uint32_t sample,
         const std::array<double, 3>& count) {
  const auto cell = table.counts(cluster, sample);
  for (std::size_t i = 0; i < 3; ++i) cell[i] += count[i];
}

ClusterTable paired() {
  ClusterTable table(2, 3);
  for (std::uint32_t c = 0; c < 6; ++c) {
    put(table, c, 0, kP[c]);
    put(table, c, 1, kQ[c]);
  }
  return table;
}

/// Counts of `n` tokens drawn from one distribution over four categories.
void draw(std::span<double> cell, std::size_t n, const std::array<double, 4>& share,
          Random& random) {
  for (std::size_t t = 0; t < n; ++t) {
    double u = random.uniform();
    std::size_t e = 0;
    while (e < 3 && u >= share[e]) u -= share[e++];
    cell[e] += 1;
  }
}

/// The upper limit before it was cut to the range.
double unbounded_upper(const Divergence& d) {
  return d.unbounded + student_t_quantile(0.975, d.corrected.df) * d.corrected.se;
}

/// A cluster of one of two kinds that choose quite differently; on average the same in each sample.
void draw_kind(std::span<double> cell, std::size_t n, Random& random) {
  draw(cell, n,
       random.below(2) == 0 ? std::array{0.7, 0.1, 0.1, 0.1} : std::array{0.1, 0.1, 0.1, 0.7},
       random);
}

TEST(Jackknife, PairedClustersEqualTheReference) {
  const auto d = jackknife_divergence(paired());
  ASSERT_TRUE(d) << d.why();
  EXPECT_NEAR(d->plug_in, 0.16778007489835423, 1e-13);
  EXPECT_NEAR(d->unbounded, 0.14838188041491662, 1e-12);
  EXPECT_EQ(d->corrected.value, d->unbounded);
  EXPECT_NEAR(d->corrected.se, 0.04448921925147644, 1e-12);
  EXPECT_NEAR(d->corrected.lower, 0.034018701525429851, 1e-11);
  EXPECT_NEAR(d->corrected.upper, 0.26274505930440339, 1e-11);
  EXPECT_EQ(d->corrected.n_cluster, 6u);
  EXPECT_DOUBLE_EQ(d->corrected.df, 5);
}

TEST(Jackknife, ThreeSamplesThatShareSomeClustersEqualTheReference) {
  ClusterTable table(3, 3);
  for (std::uint32_t c = 0; c < 6; ++c) {
    put(table, c, 0, kP[c]);
    put(table, c, 1, kQ[c]);
    put(table, c + 2, 2, kP[5 - c]);
  }
  const auto d = jackknife_divergence(table);
  ASSERT_TRUE(d) << d.why();
  EXPECT_NEAR(d->plug_in, 0.15028182011498292, 1e-13);
  EXPECT_NEAR(d->corrected.value, 0.11857599397436902, 1e-12);
  EXPECT_NEAR(d->corrected.se, 0.058808417482220737, 1e-12);
  EXPECT_EQ(d->corrected.lower, 0);
  EXPECT_NEAR(d->corrected.upper, 0.2697478437366827, 1e-11);
  EXPECT_EQ(d->corrected.n_cluster, 8u);
  EXPECT_DOUBLE_EQ(d->corrected.df, 5);
}

TEST(Jackknife, SamplesOfUnequalNumbersOfClustersEqualTheReference) {
  ClusterTable table(2, 3);
  for (std::uint32_t c = 0; c < 6; ++c) put(table, c, 0, kP[c]);
  for (std::uint32_t c = 0; c < 9; ++c) put(table, 10 + c, 1, c < 6 ? kQ[c] : kP[c - 6]);
  const auto d = jackknife_divergence(table);
  ASSERT_TRUE(d) << d.why();
  EXPECT_NEAR(d->plug_in, 0.065478136839087098, 1e-13);
  EXPECT_NEAR(d->unbounded, 0.043975423748817591, 1e-12);
  EXPECT_NEAR(d->corrected.se, 0.058408373054272315, 1e-12);
  EXPECT_EQ(d->corrected.n_cluster, 15u);
  EXPECT_DOUBLE_EQ(d->corrected.df, 5);
}

TEST(Jackknife, ValueAndLimitsKeepToTheRange) {
  ClusterTable same(2, 3);
  ClusterTable apart(2, 3);
  for (std::uint32_t c = 0; c < 6; ++c) {
    put(same, c, 0, kP[c]);
    put(same, c, 1, kP[(c + 1) % 6]);
    put(apart, c, 0, {8, 0, 0});
    put(apart, c, 1, {c == 0 ? 1.0 : 0.0, kQ[c][1], kQ[c][2]});
  }
  const auto none = jackknife_divergence(same);
  EXPECT_NEAR(none->plug_in, 0, 1e-15);
  EXPECT_NEAR(none->unbounded, -0.035161330438033267, 1e-12);
  EXPECT_EQ(none->corrected.value, 0);
  EXPECT_EQ(none->corrected.lower, 0);
  EXPECT_NEAR(none->corrected.upper, 0.067884193526182787, 1e-11);
  const auto most = jackknife_divergence(apart);
  EXPECT_NEAR(most->unbounded, 0.90142343529271851, 1e-12);
  EXPECT_NEAR(most->corrected.lower, 0.6967145265289687, 1e-11);
  EXPECT_EQ(most->corrected.upper, 1);
}

TEST(Jackknife, TheOrderInWhichCountsArriveChangesNothing) {
  ClusterTable table(2, 3);
  for (std::uint32_t c = 6; c-- > 0;) {
    put(table, c, 1, kQ[c]);
    put(table, c, 0, kP[c]);
  }
  EXPECT_EQ(*jackknife_divergence(table), *jackknife_divergence(paired()));
}

TEST(Jackknife, SaysWhyNothingCanBeSaid) {
  ClusterTable table = paired();
  EXPECT_THAT(jackknife_divergence(ClusterTable(2, 3)).why(), HasSubstr("empty"));
  EXPECT_THAT(jackknife_divergence(ClusterTable(1, 3)).why(), HasSubstr("only one sample"));
  EXPECT_THAT(jackknife_divergence(table, {.min_cluster = 7}).why(),
              HasSubstr("6 clusters, fewer than 7"));
  ClusterTable lone(2, 3);
  put(lone, 0, 0, kP[0]);
  put(lone, 0, 1, kQ[0]);
  EXPECT_THAT(jackknife_divergence(lone, {.min_cluster = 0}).why(),
              HasSubstr("1 cluster, fewer than 2"));
  Random random(1);
  EXPECT_FALSE(permuted_divergence(lone, 99, random));
  EXPECT_FALSE(jackknife_share(lone, 0, 0));
}

TEST(Jackknife, ClustersWithoutCountsAreNoClusters) {
  ClusterTable table = paired();
  table.counts(17, 0);
  EXPECT_EQ(table.n_cluster(), (std::vector<std::size_t>{6, 6}));
  EXPECT_EQ(*jackknife_divergence(table), *jackknife_divergence(paired()));
}

TEST(Jackknife, RemovesMostOfTheBiasWhereNothingDiffers) {
  const std::array<double, 4> same{0.4, 0.3, 0.2, 0.1};
  Random random(20260101);
  double plug_in = 0;
  double corrected = 0;
  constexpr int kRepeat = 400;
  for (int r = 0; r < kRepeat; ++r) {
    ClusterTable table(2, 4);
    for (std::uint32_t c = 0; c < 20; ++c) {
      draw(table.counts(c, 0), 10, same, random);
      draw(table.counts(c, 1), 10, same, random);
    }
    const auto d = jackknife_divergence(table);
    plug_in += d->plug_in / kRepeat;
    corrected += d->unbounded / kRepeat;
  }
  // Expected plug-in value under no difference, to first order: (E - 1) / (2 ln 2) · 1/4 · (1/n +
  // 1/m) bits with E = 4 and n = m = 200.
  EXPECT_NEAR(plug_in, 3.0 / (2 * std::log(2.0)) / 4 * (2.0 / 200), 0.0006);
  EXPECT_LT(std::fabs(corrected), plug_in / 6);
}

TEST(Jackknife, RemovesTheBiasOfSamplesOfUnequalNumbersOfClusters) {
  Random random(20260202);
  double plug_in = 0;
  double corrected = 0;
  constexpr int kRepeat = 2000;
  for (int r = 0; r < kRepeat; ++r) {
    ClusterTable table(2, 4);
    for (std::uint32_t c = 0; c < 54; ++c) draw_kind(table.counts(c, c < 6 ? 0 : 1), 30, random);
    const auto d = jackknife_divergence(table);
    plug_in += d->plug_in / kRepeat;
    corrected += d->unbounded / kRepeat;
  }
  EXPECT_GT(plug_in, 0.01);
  EXPECT_LT(std::fabs(corrected), plug_in / 6);
}

TEST(Jackknife, CoinFlipLabelsDoNotDiffer) {
  Random random(20260303);
  int above = 0;
  constexpr int kRepeat = 1000;
  for (int r = 0; r < kRepeat; ++r) {
    ClusterTable table(2, 4);
    for (std::uint32_t c = 0; c < 40; ++c)
      draw_kind(table.counts(c, static_cast<std::uint32_t>(random.below(2))), 50, random);
    const auto d = jackknife_divergence(table);
    ASSERT_TRUE(d) << d.why();
    EXPECT_GE(unbounded_upper(*d), 0);
    above += d->corrected.lower > 0 ? 1 : 0;
  }
  EXPECT_LE(above, kRepeat * 3 / 100);
}

TEST(Jackknife, LimitsHoldTheTrueDivergenceAboutAsOftenAsTheySay) {
  const std::array<double, 4> p{0.4, 0.3, 0.2, 0.1};
  const std::array<double, 4> q{0.1, 0.3, 0.2, 0.4};
  const double truth = *jensen_shannon(p, q);
  Random random(7);
  int held = 0;
  constexpr int kRepeat = 500;
  for (int r = 0; r < kRepeat; ++r) {
    ClusterTable table(2, 4);
    for (std::uint32_t c = 0; c < 30; ++c) {
      draw(table.counts(c, 0), 10, p, random);
      draw(table.counts(c, 1), 10, q, random);
    }
    const auto d = jackknife_divergence(table);
    held += d->corrected.lower <= truth && truth <= d->corrected.upper ? 1 : 0;
  }
  EXPECT_GT(held, kRepeat * 92 / 100);
  EXPECT_LT(held, kRepeat * 99 / 100);
}

TEST(Share, EqualsTheReference) {
  ClusterTable table(1, 3);
  for (std::uint32_t c = 0; c < 6; ++c)
    put(table, c, 0, c == 5 ? std::array<double, 3>{2, 15, 1} : kP[c]);
  const auto e = jackknife_share(table, 0, 1);
  ASSERT_TRUE(e) << e.why();
  EXPECT_NEAR(e->value, 0.41379310344827586, 1e-15);
  EXPECT_NEAR(e->se, 0.19036697017427506, 1e-13);
  EXPECT_NEAR(e->lower, -0.07556077218683571, 1e-12);
}

TEST(Permutation, PairedClustersAgreeWithAllExchanges) {
  // All 64 exchanges of the two samples within six clusters: mean 0.04135, 2 of 64 as large.
  Random random(3);
  const auto p = permuted_divergence(paired(), 20'000, random);
  ASSERT_TRUE(p) << p.why();
  EXPECT_NEAR(p->observed, 0.16778007489835423, 1e-13);
  EXPECT_NEAR(p->mean, 0.0413514897078547, 0.001);
  EXPECT_NEAR(p->p, 2.0 / 64, 0.004);
}

TEST(Permutation, TheSeedFixesTheResult) {
  Random a(5), b(5), c(6);
  EXPECT_EQ(*permuted_divergence(paired(), 50, a), *permuted_divergence(paired(), 50, b));
  EXPECT_NE(permuted_divergence(paired(), 51, a)->mean, permuted_divergence(paired(), 51, c)->mean);
}

TEST(Permutation, UnpairedClustersExchangeLabelsWhole) {
  // Four clusters a side, each of one category: of the 70 ways to deal the labels only 2 separate
  // them.
  ClusterTable table(2, 3);
  for (std::uint32_t c = 0; c < 8; ++c) put(table, c, c / 4, c < 4 ? kP[4] : kQ[3]);
  Random random(11);
  const auto p = permuted_divergence(table, 20'000, random, {.min_cluster = 2});
  EXPECT_NEAR(p->p, 2.0 / 70, 0.004);
}

}  // namespace
}  // namespace moescope::stats

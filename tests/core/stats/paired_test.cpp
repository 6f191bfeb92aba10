#include "core/stats/paired.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <vector>

namespace moescope::stats {
namespace {

using testing::HasSubstr;
using Reals = std::vector<double>;
using Keys = std::vector<std::uint32_t>;

/// 29 psychiatrists with 1 to 8 patients: n, b, c of Donner and Petryshen 1989.
std::vector<PairedCounts> psychiatry() {
  constexpr std::array<std::array<int, 3>, 29> kRow{
      {{7, 0, 4}, {6, 1, 2}, {7, 1, 3}, {6, 1, 2}, {4, 0, 1}, {6, 3, 3}, {5, 3, 0}, {8, 3, 2},
       {4, 1, 2}, {7, 0, 4}, {3, 0, 2}, {6, 1, 4}, {7, 0, 3}, {6, 0, 2}, {5, 0, 1}, {4, 0, 3},
       {6, 0, 1}, {5, 0, 2}, {4, 3, 0}, {3, 1, 0}, {5, 1, 0}, {4, 2, 2}, {4, 0, 1}, {2, 0, 2},
       {3, 0, 2}, {2, 0, 0}, {2, 0, 0}, {3, 0, 1}, {1, 0, 1}}};
  std::vector<PairedCounts> result;
  for (const auto& [n, b, c] : kRow)
    result.push_back({static_cast<double>(n), static_cast<double>(b), static_cast<double>(c)});
  return result;
}

TEST(McNemar, EqualsThePublishedStatistics) {
  // Durkalski et al. 2003: 7.542; Yang, Sun and Hardin 2010: 8.43.
  EXPECT_NEAR(*durkalski(psychiatry()), 7.542, 0.0005);
  EXPECT_NEAR(*modified_obuchowski(psychiatry()), 8.43, 0.005);
}

TEST(McNemar, HandWorked) {
  const std::vector<PairedCounts> clusters{{2, 2, 0}, {4, 1, 0}, {1, 0, 1}};
  EXPECT_NEAR(*durkalski(clusters), 0.25 * 0.25 / (1 + 1.0 / 16 + 1), 1e-15);
  // d = 2, 1, -1; D = 2/7: rest 10/7, -1/7, -9/7; 2/3 * 4 / (1/2 (6 + 182/49)).
  EXPECT_NEAR(*modified_obuchowski(clusters), 2.0 / 3 * 4 / (0.5 * (6 + 182.0 / 49)), 1e-14);
}

TEST(McNemar, ChoosesByClusters) {
  EXPECT_EQ(cluster_mcnemar(psychiatry())->method, McNemarMethod::kDurkalski);
  std::vector<PairedCounts> many(60, PairedCounts{3, 1, 0});
  EXPECT_EQ(cluster_mcnemar(many)->method, McNemarMethod::kModifiedObuchowski);
  many.front().n_item = 4;
  EXPECT_EQ(cluster_mcnemar(many)->method, McNemarMethod::kDurkalski);
  EXPECT_THAT(cluster_mcnemar(std::vector<PairedCounts>(5, {1, 1, 0})).why(),
              HasSubstr("5 clusters"));
  const auto same = cluster_mcnemar(std::vector<PairedCounts>(9, {3, 0, 0}));
  EXPECT_EQ(same->p, 1);
  EXPECT_EQ(same->difference, 0);
}

TEST(PairCounts, CountByCluster) {
  const std::vector<std::uint8_t> a{1, 1, 0, 0, 1};
  const std::vector<std::uint8_t> b{0, 1, 1, 0, 0};
  EXPECT_EQ(pair_counts(a, b, Keys{4, 2, 4, 2, 2}),
            (std::vector<PairedCounts>{{3, 1, 0}, {2, 1, 1}}));
}

TEST(SignFlip, HandWorked) {
  // Of 64 flips of 1 2 4 8 16 32 only two reach 63.
  Random random(1);
  const Keys key{0, 1, 2, 3, 4, 5};
  const auto test = cluster_sign_flip(Reals{1, 2, 4, 8, 16, 32}, key, random);
  EXPECT_DOUBLE_EQ(test->p, 2.0 / 64);
  EXPECT_DOUBLE_EQ(test->smallest_p, 2.0 / 64);
  EXPECT_DOUBLE_EQ(cluster_sign_flip(Reals{-1, 2, 4, 8, 16, 32}, key, random)->p, 4.0 / 64);
  EXPECT_THAT(cluster_sign_flip(Reals{0, 2, 4, 8, 16, 32}, key, random).why(),
              HasSubstr("differ from 0: 5 clusters"));
}

TEST(MeanRanks, SharesTies) {
  EXPECT_EQ(mean_ranks(Reals{3, 1, 3, 2}), (Reals{3.5, 1, 3.5, 2}));
}

TEST(SignedRank, HandWorkedWithAClusterEach) {
  const auto test = clustered_signed_rank(Reals{1, -2, 3, 4, 5, 6, 0}, Keys{0, 1, 2, 3, 4, 5, 6});
  EXPECT_DOUBLE_EQ(test->t, 17);
  EXPECT_DOUBLE_EQ(test->variance, 91);
  EXPECT_EQ(test->n_item, 6u);
}

TEST(SignedRank, OfEqualDifferencesInUnequalClustersIsDefined) {
  const auto test = clustered_signed_rank(Reals(8, 2.0), Keys{0, 0, 0, 1, 2, 3, 4, 5});
  EXPECT_NEAR(test->z, 8 / std::sqrt(14.0), 1e-13);
}

TEST(Welch, SaysWhyNothingCanBeSaid) {
  EXPECT_FALSE(welch(Reals{1}, Reals{1, 2}));
  EXPECT_THAT(welch(Reals{1, 1}, Reals{2, 2}).why(), HasSubstr("do not differ"));
}

}  // namespace
}  // namespace moescope::stats

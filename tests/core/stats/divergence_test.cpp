#include "core/stats/divergence.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace moescope::stats {
namespace {

using Counts = std::vector<double>;

TEST(Entropy, HandWorked) {
  EXPECT_DOUBLE_EQ(entropy(Counts{1, 1, 1, 1}).value(), 2.0);
  EXPECT_DOUBLE_EQ(entropy(Counts{2, 1, 1, 0}).value(), 1.5);
  EXPECT_DOUBLE_EQ(entropy(Counts{0, 7, 0}).value(), 0.0);
  EXPECT_DOUBLE_EQ(normalised_entropy(Counts{2, 1, 1, 0}).value(), 0.75);
}

TEST(Entropy, EqualsScipy) {  // scipy.stats.entropy(base=2), SciPy 1.17.1
  EXPECT_NEAR(entropy(Counts{3, 1, 4, 1, 5, 9, 2, 6}).value(), 2.683111536389842, 1e-14);
}

TEST(Entropy, IsUndefinedWithoutCounts) {
  EXPECT_FALSE(entropy(Counts{}));
  EXPECT_FALSE(entropy(Counts{0, 0}));
  EXPECT_FALSE(normalised_entropy(Counts{4}));
}

TEST(JensenShannon, HandWorked) {
  EXPECT_DOUBLE_EQ(jensen_shannon(Counts{1, 2}, Counts{10, 20}).value(), 0.0);
  EXPECT_DOUBLE_EQ(jensen_shannon(Counts{3, 0}, Counts{0, 5}).value(), 1.0);
  // p = (1, 0), q = (1/2, 1/2): H(3/4, 1/4) - 1/2 = 2 - 3/4 log2(3) - 1/2.
  EXPECT_NEAR(jensen_shannon(Counts{9, 0}, Counts{1, 1}).value(), 1.5 - 0.75 * std::log2(3.0),
              1e-15);
}

TEST(JensenShannon, EqualsScipy) {  // scipy.spatial.distance.jensenshannon(base=2)**2
  EXPECT_NEAR(jensen_shannon(Counts{3, 1, 4, 1}, Counts{2, 7, 1, 8}).value(), 0.3023146801081922,
              1e-14);
}

TEST(JensenShannon, OfManySamplesReachesTheLogOfTheirNumber) {
  const Counts disjoint{5, 0, 0, 0, 1, 0, 0, 0, 9};
  EXPECT_NEAR(jensen_shannon(Rows<const double>(disjoint.data(), 3, 3)).value(), std::log2(3.0),
              1e-15);
  EXPECT_FALSE(jensen_shannon(Rows<const double>(disjoint.data(), 1, 3)));
}

TEST(JensenShannon, IsUndefinedWithAnEmptySample) {
  EXPECT_FALSE(jensen_shannon(Counts{1, 2}, Counts{0, 0}));
}

TEST(Load, NamesBusiestAndIdlest) {
  EXPECT_EQ(max_min_load(Counts{2, 6, 4}).value(), (Load{.max = 0.5, .min = 2.0 / 12, .ratio = 3}));
  EXPECT_EQ(max_min_load(Counts{0, 1}).value().ratio, std::nullopt);
  EXPECT_FALSE(max_min_load(Counts{0, 0}));
}

}  // namespace
}  // namespace moescope::stats

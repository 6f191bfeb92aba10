#include "core/stats/selection.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "core/stats/proportions.hpp"

namespace moescope::stats {
namespace {

using testing::HasSubstr;
using Bits = std::vector<std::uint8_t>;

TEST(LogOddsRatio, OfSingleItemsHasWoolfsSe) {
  Bits group;
  std::vector<double> yes;
  std::vector<std::uint32_t> key;
  const auto put = [&](std::size_t n, double y, std::uint8_t g) {
    for (std::size_t i = 0; i < n; ++i) {
      yes.push_back(y);
      group.push_back(g);
      key.push_back(static_cast<std::uint32_t>(key.size()));
    }
  };
  put(300, 1, 0);
  put(100, 0, 0);
  put(200, 1, 1);
  put(400, 0, 1);
  const auto sums = two_group_sums(yes, std::vector<double>(1000, 1.0), group, key);
  const auto woolf = odds_ratio(300, 100, 200, 400);
  EXPECT_NEAR(*linearised_se(sums, log_odds_ratio_statistic()), woolf->se / woolf->value, 2e-4);
  const Statistic s = log_odds_ratio_statistic();
  const auto total = sums.totals();
  const auto numeric = gradient_of({.value = s.value, .gradient = {}}, total);
  const auto exact = gradient_of(s, total);
  for (std::size_t k = 0; k < 4; ++k) EXPECT_NEAR((*exact)[k], (*numeric)[k], 1e-8);
}

TEST(Selection, RatesDifferenceAndRatio) {
  Bits selected, group;
  std::vector<std::uint32_t> key;
  for (std::uint32_t c = 0; c < 24; ++c)
    for (std::uint32_t i = 0; i < 10; ++i) {
      group.push_back(static_cast<std::uint8_t>(i % 2));
      selected.push_back((i % 2 == 0 ? (c + i) % 4 == 0 : (c + i) % 2 == 0) ? 1 : 0);
      key.push_back(c);
    }
  Random random(1);
  const auto s = selection_contrast(selected, group, key, random, {.n_draw = 999});
  ASSERT_TRUE(s.difference) << s.difference.why();
  ASSERT_TRUE(s.impact_ratio) << s.impact_ratio.why();
  EXPECT_NEAR(s.difference->estimate.value, *s.rate_first - *s.rate_second, 1e-14);
  EXPECT_NEAR(s.impact_ratio->estimate.value, *s.rate_first / *s.rate_second, 1e-14);
  EXPECT_LT(s.impact_ratio->estimate.lower, s.impact_ratio->estimate.value);
  EXPECT_GT(s.impact_ratio->estimate.lower, 0);
  const Bits none(selected.size(), 0);
  EXPECT_THAT(selection_contrast(none, group, key, random).impact_ratio.why(),
              HasSubstr("undefined"));
}

}  // namespace
}  // namespace moescope::stats

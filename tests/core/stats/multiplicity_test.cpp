#include "core/stats/multiplicity.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "core/base/random.hpp"
#include "core/stats/quantile.hpp"

namespace moescope::stats {
namespace {

using testing::DoubleEq;
using testing::ElementsAre;
using testing::HasSubstr;
using Reals = std::vector<double>;

TEST(Holm, HandWorked) {
  EXPECT_THAT(holm(Reals{0.01, 0.04, 0.03}),
              ElementsAre(DoubleEq(0.03), DoubleEq(0.06), DoubleEq(0.06)));
  EXPECT_TRUE(holm({}).empty());
}

TEST(BenjaminiHochberg, HandWorked) {
  EXPECT_THAT(benjamini_hochberg(Reals{0.01, 0.04, 0.03}),
              ElementsAre(DoubleEq(0.03), DoubleEq(0.04), DoubleEq(0.04)));
  EXPECT_THAT(benjamini_yekutieli(Reals{0.01, 0.04}), ElementsAre(DoubleEq(0.03), DoubleEq(0.06)));
}

TEST(WestfallYoung, HandWorked) {
  // Observed 3, -2; rows (0, 0) (3, 1) (1, -2): max 0 3 2; alone 0 1 2.
  const Reals drawn{0, 0, 3, 1, 1, -2};
  EXPECT_THAT(westfall_young(Reals{3, -2}, {{drawn.data(), 3, 2}}),
              ElementsAre(DoubleEq(0.5), DoubleEq(0.5)));
  EXPECT_THAT(westfall_young(Reals{4, -2}, {{drawn.data(), 3, 2}}),
              ElementsAre(DoubleEq(0.25), DoubleEq(0.5)));
  EXPECT_DOUBLE_EQ(max_t_p(Reals{4, -2}, {{drawn.data(), 3, 2}}), 0.25);
  EXPECT_DOUBLE_EQ(max_t_p(Reals{3, -2}, {{drawn.data(), 3, 2}, true}), 1.0 / 3);
}

double normal(Random& random) {
  return normal_quantile(1e-9 + (1 - 2e-9) * random.uniform());
}

/// `n_layer` layers of 4 experts with 999 permutations; expert 1 of layer 0 is shifted.
struct Experts {
  std::vector<Reals> drawn;
  std::vector<LayerTests> layers;
  Experts(std::size_t n_layer, std::size_t n_draw, double shift, Random& random) {
    drawn.resize(n_layer);
    for (std::size_t l = 0; l < n_layer; ++l) {
      for (std::size_t i = 0; i < n_draw * 4; ++i) drawn[l].push_back(normal(random));
      LayerTests tests;
      for (std::size_t e = 0; e < 4; ++e)
        tests.observed.push_back(normal(random) + (l == 0 && e == 1 ? shift : 0));
      tests.permuted.statistic = {drawn[l].data(), n_draw, 4};
      for (const double t : tests.observed) tests.model_p.push_back(2 * normal_cdf(t > 0 ? -t : t));
      layers.push_back(std::move(tests));
    }
  }
};

TEST(Screen, MarksTheExpertThatDiffers) {
  Random random(1);
  const Experts experts(6, 999, 8, random);
  const auto screen = two_level_screen(experts.layers);
  ASSERT_TRUE(screen) << screen.why();
  EXPECT_EQ(screen->method, ScreenMethod::kMaxT);
  EXPECT_TRUE(screen->layer[0].is_rejected);
  EXPECT_TRUE(screen->layer[0].is_marked[1]);
  EXPECT_DOUBLE_EQ(screen->layer[0].omnibus_p, 0.001);
  EXPECT_DOUBLE_EQ(screen->smallest_p, 0.001);
  EXPECT_EQ(screen->n_test, 24u);
  std::size_t n_rejected = 0;
  for (const auto& layer : screen->layer) n_rejected += layer.is_rejected ? 1 : 0;
  EXPECT_DOUBLE_EQ(screen->expert_level, 0.05 * static_cast<double>(n_rejected) / 6);
}

TEST(Screen, WithoutDifferencesMarksSeldom) {
  Random random(2);
  int n_any = 0;
  constexpr int kRepeat = 300;
  for (int r = 0; r < kRepeat; ++r) {
    const Experts experts(4, 199, 0, random);
    const auto screen = two_level_screen(experts.layers);
    bool any = false;
    for (const auto& layer : screen->layer)
      for (const bool marked : layer.is_marked) any = any || marked;
    n_any += any ? 1 : 0;
  }
  EXPECT_LE(n_any, kRepeat * 9 / 100);
}

TEST(Screen, WherePermutationsCannotResolveFallsBackOrRefuses) {
  Random random(3);
  Experts experts(6, 99, 8, random);
  const auto screen = two_level_screen(experts.layers);
  ASSERT_TRUE(screen) << screen.why();
  EXPECT_EQ(screen->method, ScreenMethod::kBenjaminiYekutieli);
  EXPECT_TRUE(screen->layer[0].is_marked[1]);
  EXPECT_THAT(screen->note, HasSubstr("exceeds q / layers"));
  for (auto& layer : experts.layers) layer.model_p.clear();
  EXPECT_THAT(two_level_screen(experts.layers).why(), HasSubstr("99 draws give no p below 0.01"));
  EXPECT_THAT(two_level_screen({}).why(), HasSubstr("no layers"));
}

}  // namespace
}  // namespace moescope::stats

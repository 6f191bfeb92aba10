#include "core/stats/calibration.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "core/base/random.hpp"
#include "core/stats/agreement.hpp"

namespace moescope::stats {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Reals = std::vector<double>;
using Bits = std::vector<std::uint8_t>;

TEST(Brier, HandWorked) {
  EXPECT_DOUBLE_EQ(*brier_score(Reals{0.5, 1, 0}, Bits{1, 1, 1}), (0.25 + 0 + 1) / 3);
  EXPECT_FALSE(brier_score({}, {}));
}

TEST(CalibrationError, OfACalibratedModelIsNearZeroWhereThePlugInIsNot) {
  Random random(1);
  double squared = 0;
  double plug_in = 0;
  for (int r = 0; r < 300; ++r) {
    Reals p;
    Bits y;
    for (int i = 0; i < 150; ++i) {
      p.push_back(random.uniform());
      y.push_back(random.uniform() < p.back() ? 1 : 0);
    }
    const auto e = calibration_error(p, y);
    squared += e->squared / 300;
    plug_in += e->plug_in / 300;
  }
  EXPECT_GT(plug_in, 0.08);
  EXPECT_NEAR(squared, 0, 0.0012);
}

TEST(CalibrationError, TiesShareABinWhateverTheOrder) {
  Reals p(40, 0.5);
  Bits y(40, 0);
  for (std::size_t i = 0; i < 20; ++i) y[i] = 1;
  p[39] = 0.9;
  const auto e = calibration_error(p, y, 4);
  EXPECT_EQ(e->n_bin, 1u);  // the one item apart would be a bin of its own
  std::swap(y[0], y[30]);
  EXPECT_DOUBLE_EQ(e->plug_in, calibration_error(p, y, 4)->plug_in);
  EXPECT_THAT(calibration_error(p, y, 5).why(), HasSubstr("fewer than 10"));
}

TEST(RiskCoverage, HandWorked) {
  const auto r = risk_coverage(Reals{0.9, 0.5, 0.5, 0.1}, Bits{0, 1, 0, 1});
  EXPECT_THAT(r->point, ElementsAre(RiskPoint{0.9, 0.25, 0}, RiskPoint{0.5, 0.75, 1.0 / 3},
                                    RiskPoint{0.1, 1, 0.5}));
  // Risks 0, then (0 or 1)/2 by chance, 1/3, 1/2.
  EXPECT_NEAR(r->area, (0 + 0.25 + 1.0 / 3 + 0.5) / 4, 1e-15);
  EXPECT_FALSE(risk_coverage({}, {}));
}

TEST(Kappa, HandWorked) {
  const Reals table{20, 5, 10, 15};  // agreed 0.7, expected 0.5
  EXPECT_NEAR(*cohen_kappa({table.data(), 2, 2}), 0.4, 1e-15);
  const Reals one{9, 0, 0, 0};
  EXPECT_FALSE(cohen_kappa({one.data(), 2, 2}));
  const Reals unequal{2, 0, 1, 2};
  EXPECT_FALSE(fleiss_kappa({unequal.data(), 2, 2}));
  const Reals split{2, 0, 0, 2};
  EXPECT_NEAR(*fleiss_kappa({split.data(), 2, 2}), 1, 1e-15);
}

}  // namespace
}  // namespace moescope::stats

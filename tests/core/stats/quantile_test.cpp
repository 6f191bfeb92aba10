#include "core/stats/quantile.hpp"

#include <gtest/gtest.h>

namespace moescope::stats {
namespace {

TEST(Quantiles, EqualScipy) {  // scipy.stats.norm.ppf, t.ppf, t.cdf, SciPy 1.17.1
  EXPECT_NEAR(normal_quantile(0.975), 1.959963984540054, 1e-13);
  EXPECT_NEAR(normal_quantile(0.001), -3.090232306167813, 1e-12);
  EXPECT_NEAR(student_t_quantile(0.975, 1), 12.706204736174694, 1e-12);
  EXPECT_NEAR(student_t_quantile(0.975, 5), 2.5705818356363146, 1e-12);
  EXPECT_NEAR(student_t_quantile(0.975, 39), 2.022690920036761, 1e-12);
  EXPECT_NEAR(student_t_quantile(0.95, 3.5), 2.2224334936496004, 1e-12);
  EXPECT_NEAR(student_t_quantile(0.9995, 12), 4.3177912836062475, 1e-12);
  EXPECT_NEAR(student_t_quantile(0.975, 1e6), 1.959966356814107, 1e-8);
  EXPECT_NEAR(student_t_quantile(0.01, 2), -6.964556734283274, 1e-12);
  EXPECT_NEAR(student_t_cdf(1.3, 4), 0.868274201764388, 1e-13);
  EXPECT_NEAR(student_t_cdf(-2.5, 30), 0.009057824534033344, 1e-13);
  EXPECT_NEAR(student_t_cdf(40, 2), 0.9996877926639076, 1e-13);
  EXPECT_DOUBLE_EQ(student_t_cdf(0, 7), 0.5);
}

TEST(Quantiles, TailsAndCountsHandWorked) {
  EXPECT_NEAR(chi_squared_upper(3.841458820694124, 1), 0.05, 1e-14);
  EXPECT_NEAR(student_t_two_sided(-12.706204736174694, 1), 0.05, 1e-14);
  EXPECT_NEAR(beta_quantile(0.3, 1, 1), 0.3, 1e-15);
  EXPECT_NEAR(beta_quantile(0.25, 2, 1), 0.5, 1e-15);  // P(X <= x) = x^2
  EXPECT_NEAR(binomial_cdf(2, 10, 0.5), 56.0 / 1024, 1e-15);
  EXPECT_DOUBLE_EQ(binomial_cdf(10, 10, 0.3), 1);
  EXPECT_NEAR(normal_cdf(-40), 0, 1e-300);
}

}  // namespace
}  // namespace moescope::stats

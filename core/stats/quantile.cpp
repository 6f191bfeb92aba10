#include "core/stats/quantile.hpp"

#include <cmath>
#include <limits>

namespace moescope::stats {
namespace {

double normal_cdf(double x) noexcept {
  return 0.5 * std::erfc(-x / std::sqrt(2.0));
}

/// Continued fraction of the incomplete beta function, for x < (a + 1) / (a + b + 2).
double beta_fraction(double a, double b, double x) noexcept {
  constexpr double kTiny = 1e-300;
  constexpr int kMaxStep = 1000;
  const auto away_from_zero = [](double v) { return std::fabs(v) < kTiny ? kTiny : v; };
  double c = 1;
  double d = 1 / away_from_zero(1 - (a + b) * x / (a + 1));
  double h = d;
  for (int m = 1; m <= kMaxStep; ++m) {
    const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away_from_zero(1 + even * d);
    c = away_from_zero(1 + even / c);
    h *= d * c;
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away_from_zero(1 + odd * d);
    c = away_from_zero(1 + odd / c);
    h *= d * c;
    if (std::fabs(d * c - 1) < 1e-16) break;
  }
  return h;
}

/// I_x(a, b); `y` is 1 - x, given apart so that nothing is lost near 1.
double incomplete_beta(double a, double b, double x, double y) noexcept {
  if (x <= 0) return 0;
  if (y <= 0) return 1;
  const double front = std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) +
                                a * std::log(x) + b * std::log(y));
  if (x < (a + 1) / (a + b + 2)) return front * beta_fraction(a, b, x) / a;
  return 1 - front * beta_fraction(b, a, y) / b;
}

/// The root of a rising function between lo and hi.
template <class F>
double bisect(F&& f, double lo, double hi) noexcept {
  for (int i = 0; i < 200; ++i) {
    const double mid = 0.5 * (lo + hi);
    if (mid <= lo || mid >= hi) break;
    (f(mid) < 0 ? lo : hi) = mid;
  }
  return 0.5 * (lo + hi);
}

}  // namespace

double normal_quantile(double p) noexcept {
  if (p == 0.5) return 0;
  if (p > 0.5) return -normal_quantile(1 - p);
  return bisect([&](double x) { return normal_cdf(x) - p; }, -40, 0);
}

double student_t_cdf(double t, double df) noexcept {
  const double x = df / (df + t * t);
  const double y = t * t / (df + t * t);
  const double tail = 0.5 * incomplete_beta(df / 2, 0.5, x, y);
  return t > 0 ? 1 - tail : tail;
}

double student_t_quantile(double p, double df) noexcept {
  if (p == 0.5) return 0;
  if (p > 0.5) return -student_t_quantile(1 - p, df);
  double lo = -1;
  while (student_t_cdf(lo, df) > p && lo > -std::numeric_limits<double>::max() / 4) lo *= 2;
  return bisect([&](double t) { return student_t_cdf(t, df) - p; }, lo, 0);
}

}  // namespace moescope::stats

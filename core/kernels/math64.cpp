#include "core/kernels/math64.hpp"

#include <cmath>

#include "core/kernels/vector_ops.hpp"

namespace moescope::kernels {
namespace {

constexpr double kLn2High = 0x1.62e42fee00000p-1;  // 33 bits, so that n · kLn2High is exact
constexpr double kLn2Low = 0x1.a39ef35793c76p-33;
// π/2 in three parts; n times one of the first two is exact for n < 2²⁶.
constexpr double kHalfPi[] = {0x1.921fb5p+0, 0x1.110b46p-26, 0x1.1a62633145c07p-54};

/// 1 - r²/(k(k+1)) (1 - r²/((k+2)(k+3)) (1 - …)): cosine from k = 1, sine / r from k = 2.
double alternating_series(double r2, int k) {
  double series = 1.0;
  for (int i = k + 16; i >= k; i -= 2) series = 1.0 - r2 / (i * (i + 1)) * series;
  return series;
}

}  // namespace

double exp_f64(double x) noexcept {
  if (x < -700.0) return 0.0;
  const double n = std::floor(x * 0x1.71547652b82fep+0 + 0.5);
  const double r = (x - n * kLn2High) - n * kLn2Low;
  double series = 1.0;  // Horner's scheme over 1 + r/1 (1 + r/2 (1 + …)), |r| < 0.35
  for (int i = 14; i > 0; --i) series = 1.0 + series * r / i;
  return std::ldexp(series, static_cast<int>(n));
}

double log_f64(double x) noexcept {
  int exponent = 0;
  double m = std::frexp(x, &exponent);
  if (m < 0x1.6a09e667f3bcdp-1) {
    m *= 2.0;
    --exponent;
  }
  const double s = (m - 1.0) / (m + 1.0);  // log m = 2 atanh s, |s| < 0.172
  const double s2 = s * s;
  double series = 0.0;
  for (int i = 25; i > 1; i -= 2) series = (series + 1.0 / i) * s2;
  return exponent * kLn2High + (exponent * kLn2Low + 2.0 * (s + s * series));
}

SinCos sin_cos_f64(double x) noexcept {
  const double n = std::floor(x * 0x1.45f306dc9c883p-1 + 0.5);
  const double r = ((x - n * kHalfPi[0]) - n * kHalfPi[1]) - n * kHalfPi[2];  // |r| ≤ π/4
  const double cosine = alternating_series(r * r, 1);
  const double sine = r * alternating_series(r * r, 2);
  switch (static_cast<long>(n) & 3) {
    case 0:
      return {sine, cosine};
    case 1:
      return {cosine, -sine};
    case 2:
      return {-sine, -cosine};
    default:
      return {-cosine, sine};
  }
}

float log_sum(float top, float sum) noexcept {
  return static_cast<float>(static_cast<double>(top) + log_f64(static_cast<double>(sum)));
}

LogSumExp combine(std::span<const LogSumExpPart> parts) noexcept {
  double top = -HUGE_VAL;
  for (const LogSumExpPart& part : parts) top = std::fmax(top, static_cast<double>(part.max));
  double sum = 0.0;
  double weighted = 0.0;
  for (const LogSumExpPart& part : parts) {
    const double below = static_cast<double>(part.max) - top;
    const double factor = exp_f64(below);
    if (factor == 0.0) continue;
    const auto part_sum = static_cast<double>(part.sum);
    sum += part_sum * factor;
    weighted += (static_cast<double>(part.weighted) + below * part_sum) * factor;
  }
  const double log_of_sum = log_f64(sum);
  return {top + log_of_sum, log_of_sum - weighted / sum};
}

}  // namespace moescope::kernels

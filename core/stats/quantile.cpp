#include "core/stats/quantile.hpp"

#include <boost/math/distributions/beta.hpp>
#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>

namespace moescope::stats {
namespace {

namespace bm = boost::math;
namespace pol = boost::math::policies;
/// Out of range gives NaN or infinity, never an exception: preconditions are the caller's.
using Quiet =
    pol::policy<pol::domain_error<pol::ignore_error>, pol::pole_error<pol::ignore_error>,
                pol::overflow_error<pol::ignore_error>, pol::evaluation_error<pol::ignore_error>,
                pol::rounding_error<pol::ignore_error>, pol::promote_double<false>>;
using Normal = bm::normal_distribution<double, Quiet>;
using StudentT = bm::students_t_distribution<double, Quiet>;
using ChiSquared = bm::chi_squared_distribution<double, Quiet>;
using Beta = bm::beta_distribution<double, Quiet>;
using Binomial = bm::binomial_distribution<double, Quiet>;

}  // namespace

double normal_cdf(double x) noexcept {
  return bm::cdf(Normal(), x);
}

double normal_quantile(double p) noexcept {
  return bm::quantile(Normal(), p);
}

double student_t_cdf(double t, double df) noexcept {
  return bm::cdf(StudentT(df), t);
}

double student_t_two_sided(double t, double df) noexcept {
  return 2 * bm::cdf(StudentT(df), -std::fabs(t));
}

double student_t_quantile(double p, double df) noexcept {
  return bm::quantile(StudentT(df), p);
}

double chi_squared_upper(double x, double df) noexcept {
  return bm::cdf(bm::complement(ChiSquared(df), x));
}

double beta_cdf(double x, double a, double b) noexcept {
  return bm::cdf(Beta(a, b), x);
}

double beta_quantile(double p, double a, double b) noexcept {
  return bm::quantile(Beta(a, b), p);
}

double binomial_cdf(double k, double n, double p) noexcept {
  return bm::cdf(Binomial(n, p), k);
}

}  // namespace moescope::stats

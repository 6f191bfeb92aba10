#pragma once

/// Distributions, by Boost.Math without its exceptions.
namespace moescope::stats {

/// P(X <= x) for a standard normal X.
double normal_cdf(double x) noexcept;

/// The x with P(X <= x) = p for a standard normal X.
/// Errors: precondition 0 < p < 1.
double normal_quantile(double p) noexcept;

/// P(T <= t) for Student's t with df degrees of freedom.
/// Errors: precondition df > 0.
double student_t_cdf(double t, double df) noexcept;

/// P(|T| >= |t|), accurate far out.
double student_t_two_sided(double t, double df) noexcept;

/// The t with P(T <= t) = p for Student's t with df degrees of freedom.
/// Errors: preconditions 0 < p < 1, df > 0.
double student_t_quantile(double p, double df) noexcept;

/// P(X > x) for chi-squared with df degrees of freedom.
/// Errors: preconditions x >= 0, df > 0.
double chi_squared_upper(double x, double df) noexcept;

/// P(X <= x) for a beta variable.
/// Errors: preconditions 0 <= x <= 1, a > 0, b > 0.
double beta_cdf(double x, double a, double b) noexcept;

/// The x with P(X <= x) = p for a beta variable.
/// Errors: preconditions 0 < p < 1, a > 0, b > 0.
double beta_quantile(double p, double a, double b) noexcept;

/// P(X <= k) for a binomial X of n trials.
/// Errors: preconditions 0 <= k <= n, 0 <= p <= 1.
double binomial_cdf(double k, double n, double p) noexcept;

}  // namespace moescope::stats

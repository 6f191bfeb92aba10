#pragma once

namespace moescope::stats {

/// The x with P(X <= x) = p for a standard normal X.
/// Errors: precondition 0 < p < 1.
double normal_quantile(double p) noexcept;

/// P(T <= t) for Student's t with df degrees of freedom.
/// Errors: precondition df > 0.
/// Source: regularised incomplete beta function by its continued fraction (Lentz), Abramowitz and
/// Stegun 26.5.8 and 26.7.1.
double student_t_cdf(double t, double df) noexcept;

/// The t with P(T <= t) = p for Student's t with df degrees of freedom, to about 1e-12 relative.
/// Errors: preconditions 0 < p < 1, df > 0.
double student_t_quantile(double p, double df) noexcept;

}  // namespace moescope::stats

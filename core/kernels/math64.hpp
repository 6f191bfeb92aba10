#pragma once

// exp, log, sine and cosine in double precision from additions and multiplications alone. The C
// library's own differ in the last bit between processors, because it picks its code by instruction
// set.
namespace moescope::kernels {

/// e to the x, for x ≤ 0; 0 below -700. Within 2 ulp.
double exp_f64(double x) noexcept;

/// Natural logarithm of a positive finite number. Within 3 ulp, or 1e-16 near 1.
double log_f64(double x) noexcept;

struct SinCos {
  double sin = 0;
  double cos = 1;
};

/// Sine and cosine of an angle in [0, 2²⁶), within 3e-16.
/// Units: radians.
SinCos sin_cos_f64(double x) noexcept;

/// top + log(sum), rounded once to f32.
float log_sum(float top, float sum) noexcept;

}  // namespace moescope::kernels

#pragma once

#include "core/stats/assessed.hpp"

namespace moescope::stats {

/// How often a detector was right, by local labels.
struct Hits {
  double n_right = 0;
  double n_label = 0;
};

struct DetectorOptions {
  double level = 0.95;
  double min_label = 100;  ///< in each of the two cells
};

/// The true rate behind a detector's rate, from labels drawn by truth: sensitivity Se among truly
/// positive, specificity Sp among truly negative items.
///   value = (rate + Sp - 1) / (Se + Sp - 1);
///   se^2 = (rate.se^2 + value^2 var Se + (1 - value)^2 var Sp) / (Se + Sp - 1)^2,
///   var of a share p of n: p (1 - p) / n; limits by t with rate.df, cut to 0 … 1.
/// Errors: not assessable with fewer than min_label labels in a cell, or where Se + Sp - 1 is not at
/// least twice its own standard error above 0.
/// Source: Rogan and Gladen, "Estimating prevalence from the results of a screening test", 1978.
Assessed<Estimate> rogan_gladen(const Estimate& rate, const Hits& sensitivity,
                                const Hits& specificity, const DetectorOptions& options = {});

/// The same from labels drawn by the detector's outcome (as a seeded sample out of a run's results
/// is): share of detector-positive items that are truly positive, and of detector-negative ones.
///   value = rate a + (1 - rate) b;
///   se^2 = (a - b)^2 rate.se^2 + rate^2 var a + (1 - rate)^2 var b.
/// Errors: not assessable with fewer than min_label labels in a cell.
/// Source: Tenenbein, "A double sampling scheme for estimating from binomial data with
/// misclassifications", 1970.
Assessed<Estimate> rate_from_labels(const Estimate& rate, const Hits& among_positive,
                                    const Hits& among_negative,
                                    const DetectorOptions& options = {});

}  // namespace moescope::stats

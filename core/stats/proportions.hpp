#pragma once

#include <optional>

#include "core/stats/assessed.hpp"

namespace moescope::stats {

/// Clopper–Pearson ("exact") interval of a share; its coverage is never below the level for
/// independent trials. A number of successes between two whole ones interpolates.
/// Units:  shares; nothing when there are no trials.
/// Source: Clopper and Pearson, "The use of confidence or fiducial limits", 1934, by beta quantiles.
std::optional<Limits> clopper_pearson(double n_success, double n_trial, double level = 0.95);

/// The p that belongs to clopper_pearson: its interval of level 1 - a excludes `null` where p < a.
/// Units:  two-sided; nothing when there are no trials.
std::optional<double> clopper_pearson_p(double n_success, double n_trial, double null);

/// Wilson's score interval of a share from independent trials. Tokens of one text are not
/// independent: use jackknife_share for those.
/// Units:  shares; nothing when there are no trials.
/// Source: Wilson, "Probable inference", 1927.
std::optional<Limits> wilson_interval(double n_success, double n_trial, double level = 0.95);

/// Cohen's h, 2 asin sqrt(first) - 2 asin sqrt(second), of two shares.
/// Units:  radians; 0.2, 0.5 and 0.8 are called small, medium and large by convention only.
/// Source: Cohen, "Statistical power analysis for the behavioral sciences", 1988, ch. 6.
double cohen_h(double first, double second);

/// Odds ratio of independent items with limits on the log scale; nothing where a count is 0. For
/// clustered items: log_odds_ratio_statistic of selection.hpp.
/// Source: Woolf, "On estimating the relation between blood group and disease", 1955.
std::optional<Estimate> odds_ratio(double first_yes, double first_no, double second_yes,
                                   double second_no, double level = 0.95);

}  // namespace moescope::stats

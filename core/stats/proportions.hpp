#pragma once

#include <optional>

#include "core/stats/divergence.hpp"

namespace moescope::stats {

/// Clopper–Pearson ("exact") interval of a share; its coverage is never below the level for
/// independent trials. A number of successes between two whole ones interpolates.
/// Units:  shares; nothing when there are no trials.
/// Source: Clopper and Pearson, "The use of confidence or fiducial limits", 1934, by beta quantiles.
std::optional<Limits> clopper_pearson(double n_success, double n_trial, double level = 0.95);

}  // namespace moescope::stats

#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "core/stats/assessed.hpp"

/// What the letter or the place of an option does to the choice.
namespace moescope::probes {

/// One answered item: places count from 0, which is the letter A.
struct PlacedChoice {
  std::size_t right = 0;   ///< place of the right option
  std::size_t chosen = 0;  ///< place of the chosen one
  bool operator==(const PlacedChoice&) const = default;
};

/// Share of the items right at each place that were answered rightly.
/// Shapes: [n_place].
/// Errors: not assessable where some place is never the right one; precondition: places below
/// n_place.
stats::Assessed<std::vector<double>> recall_by_place(std::span<const PlacedChoice> rows,
                                                     std::size_t n_place);

/// RStd: standard deviation (over the places, divisor n_place) of recall_by_place.
/// Units:  percentage points; 0 where no letter is preferred.
/// Source: Zheng et al. 2024, section 2.2.
stats::Assessed<double> recall_deviation(std::span<const PlacedChoice> rows, std::size_t n_place);

/// Share of the items that each place was chosen in. Shapes: [n_place].
stats::Assessed<std::vector<double>> choice_by_place(std::span<const PlacedChoice> rows,
                                                     std::size_t n_place);

/// Prior of the places: softmax of the mean over the orders of the log share that each place got.
/// The orders must show every option at every place equally often, as cyclic and full ones do.
/// Shapes: log_share [n_order][n_place]; result [n_place], sums to 1.
/// Errors: precondition: at least one order; all of one length.
/// Source: PriDe, Zheng et al. 2024, eq. 6.
std::vector<double> place_prior(std::span<const std::vector<double>> log_share);

/// Mean of the priors of several items: what PriDe estimates on a small share of a suite and
/// divides out of the rest.
/// Shapes: [n_item][n_place].
/// Errors: not assessable without items; precondition: all of one length.
stats::Assessed<std::vector<double>> mean_prior(std::span<const std::vector<double>> prior);

/// Log shares of the places with the prior divided out, up to a constant.
/// Shapes: both [n_place].
std::vector<double> without_prior(std::span<const double> log_share, std::span<const double> prior);

}  // namespace moescope::probes

#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "core/base/rows.hpp"
#include "core/stats/clusters.hpp"

namespace moescope::stats {

/// Cohen's kappa of two raters: agreement beyond that of their marginal shares.
/// Shapes: count [n_category, n_category]: items that the first rater put into the row's category,
/// the second into the column's.
/// Errors: nothing without items, or where both put everything into one category.
/// Source: Cohen, "A coefficient of agreement for nominal scales", 1960.
std::optional<double> cohen_kappa(Rows<const double> count);

/// cohen_kappa of totals [n_category * n_category], row by row, for cluster intervals.
Statistic cohen_kappa_statistic(std::size_t n_category);

/// Fleiss' kappa of any number of raters, the same for every item.
/// Shapes: count [n_item, n_category]: raters who chose the category.
/// Errors: nothing without items, with fewer than two raters, with unequal numbers of raters, or
/// where all chose one category.
/// Source: Fleiss, "Measuring nominal scale agreement among many raters", 1971.
std::optional<double> fleiss_kappa(Rows<const double> count);

}  // namespace moescope::stats

#include "probes/choice_order.hpp"

#include <fmt/core.h>

#include <cmath>

#include "probes/numbers.hpp"

namespace moescope::probes {

using stats::Assessed;

Assessed<std::vector<double>> recall_by_place(std::span<const PlacedChoice> rows,
                                              std::size_t n_place) {
  std::vector<double> hit(n_place, 0.0);
  std::vector<double> all(n_place, 0.0);
  for (const PlacedChoice& row : rows) {
    all[row.right] += 1;
    if (row.right == row.chosen) hit[row.right] += 1;
  }
  for (std::size_t place = 0; place < n_place; ++place) {
    if (all[place] == 0)
      return Assessed<std::vector<double>>::not_assessable(fmt::format(
          "not assessable because no item's right option is {}", static_cast<char>('A' + place)));
    hit[place] /= all[place];
  }
  return hit;
}

Assessed<double> recall_deviation(std::span<const PlacedChoice> rows, std::size_t n_place) {
  const auto recall = recall_by_place(rows, n_place);
  if (!recall) return Assessed<double>::not_assessable(recall.why());
  if (recall->empty()) return Assessed<double>::not_assessable("not assessable without places");
  const double centre = mean(*recall);
  double sum = 0;
  for (const double value : *recall) sum += (value - centre) * (value - centre);
  return 100 * std::sqrt(sum / static_cast<double>(n_place));
}

Assessed<std::vector<double>> choice_by_place(std::span<const PlacedChoice> rows,
                                              std::size_t n_place) {
  if (rows.empty())
    return Assessed<std::vector<double>>::not_assessable(
        "not assessable because nothing was chosen");
  std::vector<double> out(n_place, 0.0);
  for (const PlacedChoice& row : rows) out[row.chosen] += 1;
  for (double& value : out) value /= static_cast<double>(rows.size());
  return out;
}

std::vector<double> place_prior(std::span<const std::vector<double>> log_share) {
  std::vector<double> out(log_share.front().size(), 0.0);
  for (const std::vector<double>& row : log_share)
    for (std::size_t place = 0; place < out.size(); ++place)
      out[place] += row[place] / static_cast<double>(log_share.size());
  out = log_shares(out);
  for (double& value : out) value = std::exp(value);
  return out;
}

Assessed<std::vector<double>> mean_prior(std::span<const std::vector<double>> prior) {
  if (prior.empty())
    return Assessed<std::vector<double>>::not_assessable(
        "not assessable because no item has a prior");
  std::vector<double> out(prior.front().size(), 0.0);
  for (const std::vector<double>& row : prior)
    for (std::size_t place = 0; place < out.size(); ++place)
      out[place] += row[place] / static_cast<double>(prior.size());
  return out;
}

std::vector<double> without_prior(std::span<const double> log_share,
                                  std::span<const double> prior) {
  std::vector<double> out(log_share.begin(), log_share.end());
  for (std::size_t place = 0; place < out.size(); ++place) out[place] -= std::log(prior[place]);
  return out;
}

}  // namespace moescope::probes

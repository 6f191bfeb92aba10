#include "probes/exposure.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "probes/numbers.hpp"
#include "probes/parts.hpp"

namespace moescope::probes {
namespace {

constexpr RoleRule kRoles[] = {{"suspect"}, {"control", 1, 63}};

constexpr MetricInfo kMetrics[] = {
    {"exposure", "bits", "log2 of the number of texts less log2 of the suspect's rank"},
    {"excess", "bits", "exposure less the mean one of a text that is like its controls"},
    {"likeliest", "share", "1 where the suspect is likelier than every control, else 0"},
    {"control_share", "share", "share of the controls that are less likely than the suspect"},
    {"delta", "nats a byte", "log-likelihood a byte of the suspect less the controls' mean"},
};

constexpr EstimandInfo kEstimands[] = {
    {.name = "mean_excess",
     .numerator = "excess",
     .unit = "bits",
     .what = "mean exposure above that of texts which are like their controls",
     .headline = true},
    {.name = "mean_exposure",
     .numerator = "exposure",
     .neutral = std::nullopt,
     .unit = "bits",
     .what = "mean exposure; its level by chance depends on the number of controls",
     .source = "Carlini et al. 2019"},
    {.name = "pct_likeliest",
     .numerator = "likeliest",
     .scale = 100,
     .neutral = std::nullopt,
     .unit = "%",
     .what = "share of suspects that are likelier than all their controls"},
    {.name = "pct_control",
     .numerator = "control_share",
     .scale = 100,
     .neutral = 50,
     .unit = "%",
     .what = "mean share of the controls that are less likely; equally likely ones count a half",
     .headline = true},
    {.name = "mean_delta",
     .numerator = "delta",
     .unit = "nats a byte",
     .what = "mean difference of suspect and controls",
     .headline = true},
};

std::vector<Outcome> score(const Labels&, std::span<const ScoredSequence> sequences) {
  if (std::string why = first_failure(sequences); !why.empty())
    return all_alike(kMetrics, State::kFailed, std::move(why));
  const auto per_byte = [](const ScoredSequence& sequence) {
    return total_logprob(sequence) / static_cast<double>(sequence.n_byte);
  };
  const double suspect = per_byte(with_role(sequences, "suspect"));
  std::vector<double> control;
  double below = 0;
  for (const ScoredSequence& sequence : sequences) {
    if (sequence.key.role != "control") continue;
    control.push_back(per_byte(sequence));
    below += control.back() < suspect ? 1 : control.back() == suspect ? 0.5 : 0;
  }
  if (control.empty()) return all_alike(kMetrics, State::kUndefined, "there is no control text");
  const std::size_t rank = exposure_rank(suspect, control);
  const std::size_t n = control.size() + 1;
  return {measured("exposure", exposure(rank, n)),
          measured("excess", exposure(rank, n) - exposure_by_chance(n)),
          measured("likeliest", rank == 1 ? 1 : 0),
          measured("control_share", below / static_cast<double>(control.size())),
          measured("delta", suspect - mean(control))};
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t corner = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = corner + (a[i] == b[j] ? 0 : 1);
      corner = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, corner + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

std::size_t exposure_rank(double suspect, std::span<const double> control) {
  return 1 + static_cast<std::size_t>(std::count_if(control.begin(), control.end(),
                                                    [&](double c) { return c >= suspect; }));
}

double exposure(std::size_t rank, std::size_t n_text) {
  return std::log2(static_cast<double>(n_text)) - std::log2(static_cast<double>(rank));
}

double exposure_by_chance(std::size_t n_text) {
  double sum = 0;
  for (std::size_t rank = 1; rank <= n_text; ++rank) sum += exposure(rank, n_text);
  return sum / static_cast<double>(n_text);
}

stats::Assessed<Overlap> overlap(std::string_view generated, std::string_view reference) {
  if (reference.empty())
    return stats::Assessed<Overlap>::not_assessable(
        "not assessable because the reference is empty");
  const auto [end, other] =
      std::mismatch(generated.begin(), generated.end(), reference.begin(), reference.end());
  const auto longest = static_cast<double>(std::max(generated.size(), reference.size()));
  return Overlap{
      .common_prefix =
          static_cast<double>(other - reference.begin()) / static_cast<double>(reference.size()),
      .similarity = 1 - static_cast<double>(edit_distance(generated, reference)) / longest};
}

constinit const ProbeInfo kMemorisation = {
    .name = "memorisation",
    .summary = "whether a text is likelier than control texts like it",
    .roles = kRoles,
    .metrics = kMetrics,
    .estimands = kEstimands,
    .plan = plan_candidates,
    .score = score,
};

}  // namespace moescope::probes

#include "audits/estimate.hpp"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "core/trace/recorder.hpp"

namespace moescope::audits {
namespace {

using probes::EstimandInfo;
using trace::AuditItemRow;
using trace::AuditOutcomeRow;

/// One ratio of an estimand: which metrics, over which items.
struct Part {
  std::string_view numerator, denominator, label, label_value;
};

std::vector<Part> parts_of(const EstimandInfo& estimand) {
  std::vector<Part> out = {
      {estimand.numerator, estimand.denominator, estimand.label, estimand.label_value}};
  if (estimand.minus)
    out.push_back({estimand.minus->numerator, estimand.minus->denominator, estimand.minus->label,
                   estimand.minus->label_value});
  return out;
}

bool has_label(const AuditItemRow& item, std::string_view key, std::string_view value) {
  if (key.empty()) return true;
  const auto at = item.labels.find(std::string(key));
  return at != item.labels.end() && at->second == value;
}

const AuditOutcomeRow* outcome_of(const AuditItemRow& item, std::string_view format,
                                  std::string_view metric) {
  for (const AuditOutcomeRow& outcome : item.outcomes)
    if (outcome.format == format && outcome.metric == metric) return &outcome;
  return nullptr;
}

void count(Denominators& out, const AuditOutcomeRow* outcome) {
  ++out.n_item;
  const std::string_view state = outcome == nullptr ? "failed" : std::string_view(outcome->state);
  if (state == "measured")
    ++out.measured;
  else if (state == "tied")
    ++out.tied;
  else if (state == "undefined")
    ++out.undefined;
  else if (state == "refused")
    ++out.refused;
  else if (state == "unparsed")
    ++out.unparsed;
  else
    ++out.failed;
}

/// What an item adds to a numerator; nothing where it does not count.
std::optional<double> numerator_of(const AuditOutcomeRow* outcome, probes::Ties ties,
                                   std::optional<double> imputed) {
  if (outcome == nullptr) return imputed;
  if (outcome->state == "measured") return outcome->value;
  if (outcome->state == "undefined") return std::nullopt;
  if (outcome->state != "tied") return imputed;
  switch (ties) {
    case probes::Ties::kZero:
      return 0.0;
    case probes::Ties::kHalf:
      return 0.5;
    case probes::Ties::kLeftOut:
      return std::nullopt;
  }
  return std::nullopt;
}

/// The items that count, as components of a statistic of sums.
struct Table {
  std::size_t n_component = 0;
  std::vector<double> component;  ///< [n_item, n_component]
  std::vector<const AuditItemRow*> item;
  Denominators denominators;

  Rows<const double> rows() const { return {component.data(), item.size(), n_component}; }
};

/// Fills an item's cells under one format; false where it does not count.
bool fill_cells(const AuditItemRow& item, const std::string& format, const EstimandInfo& estimand,
                std::optional<double> imputed, std::span<double> cells,
                Denominators& denominators) {
  const std::vector<Part> parts = parts_of(estimand);
  bool counts = false, asked = false;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const Part& part = parts[i];
    if (!has_label(item, part.label, part.label_value)) continue;
    const AuditOutcomeRow* outcome = outcome_of(item, format, part.numerator);
    if (!asked) count(denominators, outcome);
    asked = true;
    const auto value = numerator_of(outcome, estimand.ties, imputed);
    std::optional<double> weight = 1.0;
    if (!part.denominator.empty()) {
      const AuditOutcomeRow* below = outcome_of(item, format, part.denominator);
      weight = below == nullptr ? std::nullopt : below->value;
    }
    if (!value || !weight) continue;
    cells[2 * i] = *value;
    cells[2 * i + 1] = *weight;
    counts = true;
  }
  return counts;
}

Table table_of(std::span<const AuditItemRow> items, std::span<const std::string> formats,
               const EstimandInfo& estimand, const Selection& selection,
               std::optional<double> imputed) {
  Table out{.n_component = estimand.minus ? std::size_t{4} : std::size_t{2}};
  for (const AuditItemRow& item : items) {
    if (selection.label && !has_label(item, *selection.label, *selection.value)) continue;
    for (const std::string& format : formats) {
      std::vector<double> cells(out.n_component);
      if (!fill_cells(item, format, estimand, imputed, cells, out.denominators)) continue;
      out.item.push_back(&item);
      out.component.insert(out.component.end(), cells.begin(), cells.end());
    }
  }
  return out;
}

std::vector<std::uint32_t> clusters_by(const Table& table, const std::string& key) {
  std::map<std::string, std::uint32_t> number;
  for (const AuditItemRow* item : table.item) number.try_emplace(item->labels.at(key), 0);
  std::uint32_t next = 0;
  for (auto& [value, id] : number) id = next++;
  std::vector<std::uint32_t> out;
  for (const AuditItemRow* item : table.item) out.push_back(number.at(item->labels.at(key)));
  return out;
}

std::size_t n_distinct(std::span<const std::uint32_t> ids) {
  return std::set<std::uint32_t>(ids.begin(), ids.end()).size();
}

stats::Statistic scaled(const stats::Statistic& plain, double scale, double offset) {
  stats::Statistic out;
  out.value = [plain, scale, offset](std::span<const double> total) -> std::optional<double> {
    const auto value = plain.value(total);
    if (!value) return std::nullopt;
    return scale * *value + offset;
  };
  out.gradient = [plain, scale](std::span<const double> total, std::span<double> gradient) {
    plain.gradient(total, gradient);
    for (double& g : gradient) g *= scale;
  };
  return out;
}

/// Shares lie within 0 … 1 before scaling, differences of shares within -1 … 1.
std::optional<stats::Limits> range_of(const EstimandInfo& estimand) {
  if (estimand.unit != "%" && estimand.unit != "points") return std::nullopt;
  const double lowest = estimand.minus || estimand.neutral == 0.0 ? -1 : 0;
  return stats::Limits{lowest * estimand.scale + estimand.offset, estimand.scale + estimand.offset};
}

/// Seeds of one table's draws depend on what is estimated, never on the order of estimation.
Random random_for(const EstimateRow& row, std::uint64_t seed) {
  return Random(trace::prompt_seed(seed, row.suite + "/" + row.format + "/" + row.estimand + "/" +
                                             row.selection.label.value_or("") + "/" +
                                             row.selection.value.value_or("")));
}

void test_neutral(EstimateRow& row, const stats::ClusterSums& sums, const EstimandInfo& estimand,
                  const EstimateSettings& settings) {
  if (!estimand.neutral || estimand.scale == 0) return;
  Random random = random_for(row, settings.seed + 1);
  const stats::WildOptions options{.null = (*estimand.neutral - estimand.offset) / estimand.scale,
                                   .n_draw = settings.n_draw};
  row.test = estimand.minus ? stats::wild_difference(sums, random, options)
                            : stats::wild_ratio(sums, random, options);
}

/// Ratio of sums as least squares: the numerator on the denominator.
void estimate_two_ways(EstimateRow& row, const Table& table, const EstimandInfo& estimand,
                       const EstimateSettings& settings) {
  std::vector<double> design, y;
  for (std::size_t i = 0; i < table.item.size(); ++i) {
    y.push_back(table.component[2 * i] * estimand.scale);
    design.push_back(table.component[2 * i + 1]);
  }
  const double contrast[] = {1};
  auto result = stats::two_way_estimate(
      {design.data(), y.size(), 1}, y, clusters_by(table, row.cluster_keys[0]),
      clusters_by(table, row.cluster_keys[1]), contrast,
      {.level = 1 - settings.alpha, .null = estimand.neutral.value_or(0) - estimand.offset});
  if (result) {
    stats::TwoWayEstimate shifted = *result;
    shifted.estimate.value += estimand.offset;
    shifted.estimate.lower += estimand.offset;
    shifted.estimate.upper += estimand.offset;
    row.two_way = stats::Assessed<stats::TwoWayEstimate>(shifted);
  } else {
    row.two_way = std::move(result);
  }
}

void scale_estimate(stats::Estimate& estimate, const EstimandInfo& estimand) {
  for (double* number : {&estimate.value, &estimate.lower, &estimate.upper})
    *number = *number * estimand.scale + estimand.offset;
  estimate.se *= std::abs(estimand.scale);
  if (estimand.scale < 0) std::swap(estimate.lower, estimate.upper);
}

}  // namespace

EstimateRow estimate(const trace::AuditSuiteRow& suite, std::span<const std::string> cluster_keys,
                     std::span<const AuditItemRow> items, std::span<const std::string> formats,
                     const EstimandInfo& estimand, const Selection& selection,
                     const EstimateSettings& settings, std::optional<double> imputed) {
  EstimateRow row{.suite = suite.name,
                  .format = formats.size() == 1 ? formats[0] : "panel",
                  .estimand = std::string(estimand.name),
                  .unit = std::string(estimand.unit),
                  .selection = selection,
                  .neutral = estimand.neutral,
                  .cluster_keys = {cluster_keys.begin(), cluster_keys.end()},
                  .seed = settings.seed};
  const Table table = table_of(items, formats, estimand, selection, imputed);
  row.denominators = table.denominators;
  // Of two ways the one with fewer clusters is resampled: it is the one that limits what is known.
  std::vector<std::uint32_t> cluster = clusters_by(table, cluster_keys[0]);
  if (cluster_keys.size() > 1) {
    std::vector<std::uint32_t> other = clusters_by(table, cluster_keys[1]);
    if (n_distinct(other) < n_distinct(cluster)) cluster = std::move(other);
  }
  const stats::ClusterSums sums = stats::sum_clusters(table.rows(), cluster);
  const stats::Statistic plain =
      estimand.minus ? stats::difference_statistic() : stats::ratio_statistic();
  const stats::Statistic statistic = scaled(plain, estimand.scale, estimand.offset);
  stats::BootstrapOptions options{
      .level = 1 - settings.alpha, .n_draw = settings.n_draw, .range = range_of(estimand)};
  Random random = random_for(row, settings.seed);
  row.interval = stats::cluster_bootstrap(sums, statistic, random, options);
  if (estimand.neutral && estimand.headline) {
    Random again = random_for(row, settings.seed);
    options.level = 1 - 2 * settings.alpha;
    row.equivalence_interval = stats::cluster_bootstrap(sums, statistic, again, options);
  }
  const stats::RobustOptions robust{.level = 1 - settings.alpha};
  row.cr2 = estimand.minus ? stats::cr2_difference(sums, robust) : stats::cr2_ratio(sums, robust);
  if (row.cr2) {
    stats::RobustEstimate shown = *row.cr2;
    scale_estimate(shown.estimate, estimand);
    row.cr2 = shown;
  }
  if (cluster_keys.size() > 1 && !estimand.minus) estimate_two_ways(row, table, estimand, settings);
  test_neutral(row, sums, estimand, settings);
  return row;
}

}  // namespace moescope::audits

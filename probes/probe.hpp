#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "probes/format.hpp"
#include "probes/item.hpp"
#include "probes/outcome.hpp"
#include "probes/sequence.hpp"

namespace moescope::probes {

/// A role that candidates of an item may have, and how many may.
struct RoleRule {
  std::string_view role;  ///< "*": any other name
  std::size_t min = 1;
  std::size_t max = 1;
};

/// A number that the probe gives for every item.
struct MetricInfo {
  std::string_view name;
  std::string_view unit;  ///< "nats", "share", "bits per byte", …
  std::string_view what;
};

/// How items with tied sides enter an estimate.
enum class Ties { kZero, kHalf, kLeftOut };

/// What an estimand takes off: the sum of one metric over the sum of another, over its own items.
struct PartInfo {
  std::string_view numerator;
  std::string_view denominator = "";  ///< as in EstimandInfo, like the rest
  std::string_view label = "";
  std::string_view label_value = "";
};

/// A number over many items: the sum of one metric over the sum of another. With `minus` the
/// difference of two such ratios; undefined where either is.
struct EstimandInfo {
  std::string_view name;
  std::string_view numerator;         ///< a metric
  std::string_view denominator = "";  ///< a metric; empty: the number of items that count
  std::string_view label = "";        ///< only items whose label of this key …
  std::string_view label_value = "";  ///< … has this value; empty: all items
  Ties ties = Ties::kLeftOut;
  double scale = 1;   ///< 100 for percent
  double offset = 0;  ///< added after scaling
  std::optional<double> neutral =
      0;  ///< what no preference would give; none where nothing is neutral
  std::string_view unit = "";
  std::string_view what = "";
  std::string_view source = "";                  ///< the publication whose rule it is
  bool headline = false;                         ///< may carry a hypothesis
  std::optional<PartInfo> minus = std::nullopt;  ///< taken off before scale and offset
};

/// Prompt and text as they are.
std::vector<Format> plain_format();

/// One row of the table of probes. `plan` and `score` are pure: the model runs in between, or ran
/// long ago.
struct ProbeInfo {
  std::string_view name;
  std::string_view summary;
  std::span<const RoleRule> roles;
  std::span<const std::string_view> labels;  ///< that every item must have
  std::span<const MetricInfo> metrics;
  std::span<const EstimandInfo> estimands;
  std::vector<Format> (*formats)() = plain_format;  ///< where a suite names none
  std::vector<Sequence> (*plan)(const Item& item, const Format& format);
  /// One outcome a metric, in the table's order. `labels` are the item's.
  std::vector<Outcome> (*score)(const Labels& labels, std::span<const ScoredSequence> sequences);
};

/// Every probe, in the order in which documents list them.
std::span<const ProbeInfo* const> probe_table();

/// Errors: kBadInput with the known names.
const ProbeInfo& find_probe(std::string_view name);

/// Whether the item has the roles and labels that the probe needs.
/// Errors: kBadInput: "expected one candidate with the role 'more', got none; roles: …".
void check_item(const ProbeInfo& probe, const Item& item);

}  // namespace moescope::probes

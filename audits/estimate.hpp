#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/stats/bootstrap.hpp"
#include "core/stats/cluster_robust.hpp"
#include "core/stats/wild.hpp"
#include "core/trace/audit_rows.hpp"
#include "probes/probe.hpp"

namespace moescope::audits {

/// How many items stand in which state; they add up to the items of the table.
struct Denominators {
  std::size_t n_item = 0;
  std::size_t measured = 0, tied = 0, undefined = 0, refused = 0, unparsed = 0, failed = 0;
  /// Items whose answer is not known: they are imputed both ways before a verdict.
  std::size_t unknown() const { return refused + unparsed + failed; }
  bool operator==(const Denominators&) const = default;
};

/// Which items an estimate is over.
struct Selection {
  std::optional<std::string> label, value;  ///< all items where there is none
  bool operator==(const Selection&) const = default;
};

struct EstimateSettings {
  double alpha = 0.05;
  std::uint64_t seed = 0;
  std::size_t n_draw = 9'999;
};

/// One number over the items of a suite under one format, with all that stands beside it.
struct EstimateRow {
  std::string suite, format, estimand, unit;  ///< format: "panel" of several
  Selection selection;
  std::optional<double> neutral;
  Denominators denominators;  ///< of the numerator's metric
  std::vector<std::string> cluster_keys;
  stats::Assessed<stats::ClusterInterval> interval =
      stats::Assessed<stats::ClusterInterval>::not_assessable("not computed");
  stats::Assessed<stats::ClusterInterval> equivalence_interval =  ///< of level 1 - 2 alpha
      stats::Assessed<stats::ClusterInterval>::not_assessable("not computed");
  stats::Assessed<stats::RobustEstimate> cr2 =
      stats::Assessed<stats::RobustEstimate>::not_assessable("not computed");
  /// Where the suite has two cluster keys.
  std::optional<stats::Assessed<stats::TwoWayEstimate>> two_way;
  stats::Assessed<stats::WildTest> test =  ///< of "equal to neutral"
      stats::Assessed<stats::WildTest>::not_assessable("nothing is neutral");
  std::uint64_t seed = 0;
};

/// What the table of a suite's items says of one estimand, under one format or as the mean of a
/// panel of formats; denominators count an item once a format.
/// `imputed`: value given to items whose answer is not known, in the numerator's metric; they stay
/// out where there is none.
/// Errors: none; what cannot be assessed says why.
EstimateRow estimate(const trace::AuditSuiteRow& suite, std::span<const std::string> cluster_keys,
                     std::span<const trace::AuditItemRow> items,
                     std::span<const std::string> formats, const probes::EstimandInfo& estimand,
                     const Selection& selection, const EstimateSettings& settings,
                     std::optional<double> imputed = {});

}  // namespace moescope::audits

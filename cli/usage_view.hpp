#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/json_output.hpp"
#include "cli/terminal.hpp"
#include "core/stats/jackknife.hpp"
#include "core/trace/usage_table.hpp"

/// What `moescope usage` says, as values, and its three forms.
namespace moescope::cli {

struct UsageReport {
  std::string file;
  std::string model;
  std::string status;
  trace::UsageTable usage;
  std::size_t n_route = 0;             ///< layers with a router, shown or not
  std::vector<std::size_t> n_cluster;  ///< [n_label]; empty when clusters were not read
  std::vector<std::size_t> compared;   ///< labels (indices) whose choices the divergence compares
  std::vector<std::size_t> left_out;   ///< labels with too little support to be among them
  std::vector<stats::Assessed<stats::Divergence>> divergence;  ///< [n_route]; empty: see why
  std::string why_no_divergence;
  std::optional<std::pair<std::size_t, std::size_t>> pair;  ///< two labels side by side
};

enum class UsageCells { kAuto, kNumbers, kCodes };

struct UsageView {
  bool per_token = false;  ///< the denominator: tokens, else assignments
  UsageCells cells = UsageCells::kAuto;
};

/// The label as it is shown: escaped, "(none)" where it is missing; in quotes where it is empty or
/// could be taken for that.
std::string label_text(const trace::LabelUsage& usage);

/// Share of expert counts in the chosen denominator; nothing where that is 0.
std::optional<double> usage_share(const trace::UsageTable& table, const trace::LabelUsage& usage,
                                  std::size_t place, bool per_token);

/// Keeps one layer only. Errors: kBadInput: the run has no router there; lists the layers.
void keep_layer(UsageReport& report, std::size_t layer);

std::string usage_text(const UsageReport& report, const UsageView& view, const Terminal& terminal);
JsonOutput usage_json(const UsageReport& report, const UsageView& view);
std::string usage_csv(const UsageReport& report);

}  // namespace moescope::cli

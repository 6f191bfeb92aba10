#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/index.hpp"
#include "core/stats/assessed.hpp"
#include "core/stats/jackknife.hpp"
#include "core/trace/reader.hpp"
#include "core/trace/sqlite.hpp"

/// How often each expert of a run was chosen, by label, and how far the labels' choices differ.
namespace moescope::trace {

enum class PhaseFilter { kPrefill, kDecode, kAll };

std::string_view name(PhaseFilter phase);

/// The numbers of one label value, or of all tokens.
struct LabelUsage {
  std::optional<std::string> value;  ///< nothing: the prompts without this label
  std::uint64_t n_token = 0;
  std::uint64_t n_prompt = 0;
  std::vector<std::uint64_t> count;  ///< [n_route, n_expert]; a token counts top_k times a layer
  bool operator==(const LabelUsage&) const = default;
};

struct UsageTable {
  std::int64_t run = 0;
  std::string by;  ///< a label key, "group" or "none"
  PhaseFilter phase = PhaseFilter::kPrefill;
  std::size_t n_expert = 0;
  std::size_t top_k = 0;
  std::vector<LayerIdx> layers;    ///< [n_route] the layers that have a router
  std::vector<LabelUsage> labels;  ///< by value, prompts without one last; empty for "none"
  LabelUsage all;
  bool operator==(const UsageTable&) const = default;
};

/// The label keys of a run, sorted.
std::vector<std::string> label_keys(Database& db, std::int64_t run);

/// Reads the kept sums: quick at any size of the run, except that "group" adds up the prompts.
/// Errors: kBadInput: an unknown key, with those there are.
UsageTable read_usage(Database& db, const RunRow& run, std::string_view by, PhaseFilter phase);

/// Below this a divergence is shown but not ranked.
inline constexpr std::uint64_t kSupportTokens = 200;
inline constexpr std::uint64_t kSupportPrompts = 20;
bool has_support(const LabelUsage& usage);

/// Counts kept apart by cluster: prompts of one group are one cluster, a prompt without a group is
/// its own.
struct ClusteredUsage {
  std::vector<stats::ClusterTable> layers;  ///< [n_route]; samples are the labels of the UsageTable
  std::vector<std::size_t> n_cluster;       ///< [n_label]
};

/// Errors: not assessable when the run has more than `max_row` (prompt, layer, expert) rows.
stats::Assessed<ClusteredUsage> read_clusters(Database& db, const UsageTable& usage,
                                              std::uint64_t max_row = 100'000'000);

/// Bias-corrected Jensen–Shannon divergence between some labels (indices into `labels`), one entry
/// a layer.
std::vector<stats::Assessed<stats::Divergence>> label_divergence(
    const ClusteredUsage& clusters, const std::vector<std::size_t>& labels);

}  // namespace moescope::trace

#include "core/trace/usage_table.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <unordered_map>

#include "core/base/error.hpp"
#include "core/base/escape.hpp"

namespace moescope::trace {
namespace {

/// A condition on a column named phase.
std::string_view phase_condition(PhaseFilter phase) {
  switch (phase) {
    case PhaseFilter::kPrefill:
      return "phase = 0";
    case PhaseFilter::kDecode:
      return "phase = 1";
    case PhaseFilter::kAll:
      break;
  }
  return "phase IN (0, 1)";
}

UsageTable empty_table(const RunRow& run) {
  UsageTable table;
  table.run = run.id;
  table.n_expert = run.n_expert;
  table.top_k = run.top_k;
  table.layers = run.routing_layers;
  table.all.count.resize(table.layers.size() * table.n_expert);
  return table;
}

/// Where rows of (layer, expert) go in a [n_route, n_expert] array.
class Places {
 public:
  Places(Database& db, const UsageTable& table) : db_(db), n_expert_(table.n_expert) {
    for (std::size_t i = 0; i < table.layers.size(); ++i) route_[table.layers[i].value] = i;
  }
  std::size_t route(std::int64_t layer) const {
    const auto at = layer >= 0 && layer <= UINT32_MAX
                        ? route_.find(static_cast<std::uint32_t>(layer))
                        : route_.end();
    if (at == route_.end())
      fail(ErrorCode::kBadInput, "{}: layer {}: the run has no router there; is the file damaged?",
           db_.name(), layer);
    return at->second;
  }
  std::size_t expert(std::int64_t expert) const {
    if (expert < 0 || static_cast<std::uint64_t>(expert) >= n_expert_)
      fail(ErrorCode::kBadInput, "{}: expert {}: expected 0 to {}; is the file damaged?",
           db_.name(), expert, n_expert_ - 1);
    return static_cast<std::size_t>(expert);
  }
  std::size_t at(std::int64_t layer, std::int64_t e) const {
    return route(layer) * n_expert_ + expert(e);
  }

 private:
  Database& db_;
  std::size_t n_expert_;
  std::unordered_map<std::uint32_t, std::size_t> route_;
};

/// Prompts are counted once a phase; every one with decoded tokens has prefilled ones.
void add_extent(LabelUsage& usage, const Statement& row, int token, int prompt) {
  usage.n_token += static_cast<std::uint64_t>(row.integer(token, 0, INT64_MAX));
  usage.n_prompt =
      std::max(usage.n_prompt, static_cast<std::uint64_t>(row.integer(prompt, 0, INT64_MAX)));
}

void read_all(Database& db, UsageTable& table, const Places& places) {
  const auto where = phase_condition(table.phase);
  Statement extent = db.prepare(
      fmt::format("SELECT n_token, n_prompt FROM run_tokens WHERE run = ?1 AND {}", where));
  extent.bind(1, table.run);
  while (extent.step()) add_extent(table.all, extent, 0, 1);
  Statement rows = db.prepare(
      fmt::format("SELECT layer, expert, count FROM usage_run WHERE run = ?1 AND {}", where));
  rows.bind(1, table.run);
  while (rows.step())
    table.all.count[places.at(rows.integer(0), rows.integer(1))] +=
        static_cast<std::uint64_t>(rows.integer(2, 0, INT64_MAX));
}

using ByValue = std::map<std::optional<std::string>, LabelUsage>;

LabelUsage& entry(ByValue& found, const UsageTable& table, std::optional<std::string> value) {
  LabelUsage& usage = found[value];
  usage.value = std::move(value);
  usage.count.resize(table.layers.size() * table.n_expert);
  return usage;
}

ByValue read_labels(Database& db, const UsageTable& table, const Places& places) {
  ByValue found;
  const auto where = phase_condition(table.phase);
  Statement extent = db.prepare(
      fmt::format("SELECT l.value, t.n_token, t.n_prompt FROM label l JOIN label_tokens t "
                  "ON t.label = l.id WHERE l.run = ?1 AND l.key = ?2 AND t.{}",
                  where));
  extent.bind_all(table.run, table.by);
  while (extent.step()) add_extent(entry(found, table, extent.maybe_bytes(0)), extent, 1, 2);
  Statement rows = db.prepare(
      fmt::format("SELECT l.value, u.layer, u.expert, u.count FROM label l JOIN usage_label u "
                  "ON u.label = l.id AND u.run = l.run WHERE l.run = ?1 AND l.key = ?2 AND u.{}",
                  where));
  rows.bind_all(table.run, table.by);
  while (rows.step())
    entry(found, table, rows.maybe_bytes(0)).count[places.at(rows.integer(1), rows.integer(2))] +=
        static_cast<std::uint64_t>(rows.integer(3, 0, INT64_MAX));
  return found;
}

ByValue read_groups(Database& db, const UsageTable& table, const Places& places) {
  ByValue found;
  if (table.layers.empty()) return found;
  Statement extent = db.prepare(
      fmt::format("SELECT p.grp, sum(u.n) / ?3, count(*) FROM (SELECT prompt, sum(count) AS n FROM "
                  "usage_prompt WHERE run = ?1 AND {} AND layer = ?2 GROUP BY prompt) u "
                  "JOIN prompt p ON p.id = u.prompt GROUP BY p.grp",
                  phase_condition(table.phase)));
  extent.bind_all(table.run, table.layers.front().value, static_cast<std::int64_t>(table.top_k));
  while (extent.step()) add_extent(entry(found, table, extent.maybe_bytes(0)), extent, 1, 2);
  Statement rows =
      db.prepare(fmt::format("SELECT p.grp, u.layer, u.expert, sum(u.count) FROM usage_prompt u "
                             "JOIN prompt p ON p.id = u.prompt WHERE u.run = ?1 AND u.{} "
                             "GROUP BY p.grp, u.layer, u.expert",
                             phase_condition(table.phase)));
  rows.bind(1, table.run);
  while (rows.step())
    entry(found, table, rows.maybe_bytes(0)).count[places.at(rows.integer(1), rows.integer(2))] +=
        static_cast<std::uint64_t>(rows.integer(3, 0, INT64_MAX));
  return found;
}

void expect_key(Database& db, std::int64_t run, const std::string& by) {
  const std::vector<std::string> known = label_keys(db, run);
  if (std::find(known.begin(), known.end(), by) != known.end()) return;
  std::vector<std::string> shown;
  for (const std::string& key : known) shown.push_back(escape_terminal(key));
  shown.emplace_back("group");
  shown.emplace_back("none");
  fail(ErrorCode::kBadInput, "{}: run {} has no label '{}'; it can be shown by: {}", db.name(), run,
       escape_terminal(by), fmt::join(shown, ", "));
}

/// Which label (index) and which cluster a prompt belongs to.
struct PromptPlace {
  std::uint32_t label = 0;
  std::uint32_t cluster = 0;
};

std::unordered_map<std::int64_t, PromptPlace> place_prompts(Database& db, const UsageTable& usage) {
  std::map<std::optional<std::string>, std::uint32_t> label_index;
  for (std::size_t i = 0; i < usage.labels.size(); ++i)
    label_index[usage.labels[i].value] = static_cast<std::uint32_t>(i);
  const bool by_group = usage.by == "group";
  Statement rows = db.prepare(
      by_group ? "SELECT p.id, p.grp, p.grp FROM prompt p WHERE p.run = ?1 AND p.failure IS NULL "
                 "ORDER BY p.idx"
               : "SELECT p.id, p.grp, l.value FROM prompt p LEFT JOIN prompt_label l "
                 "ON l.prompt = p.id AND l.key = ?2 WHERE p.run = ?1 AND p.failure IS NULL "
                 "ORDER BY p.idx");
  rows.bind(1, usage.run);
  if (!by_group) rows.bind(2, usage.by);
  std::unordered_map<std::string, std::uint32_t> group_cluster;
  std::uint32_t n_cluster = 0;
  std::unordered_map<std::int64_t, PromptPlace> places;
  while (rows.step()) {
    const auto label = label_index.find(rows.maybe_bytes(2));
    if (label == label_index.end()) continue;  // no token of it in this phase
    PromptPlace place{.label = label->second, .cluster = n_cluster};
    if (const auto group = rows.maybe_bytes(1)) {
      const auto [at, is_new] = group_cluster.try_emplace(*group, n_cluster);
      place.cluster = at->second;
      n_cluster += is_new ? 1 : 0;
    } else {
      ++n_cluster;
    }
    places[rows.integer(0)] = place;
  }
  return places;
}

}  // namespace

std::string_view name(PhaseFilter phase) {
  constexpr std::string_view kNames[] = {"prefill", "decode", "all"};
  return kNames[static_cast<std::size_t>(phase)];
}

std::vector<std::string> label_keys(Database& db, std::int64_t run) {
  Statement rows = db.prepare("SELECT DISTINCT key FROM label WHERE run = ?1");
  rows.bind(1, run);
  std::vector<std::string> keys;
  while (rows.step()) keys.push_back(rows.bytes(0));
  std::sort(keys.begin(), keys.end());
  return keys;
}

UsageTable read_usage(Database& db, const RunRow& run, std::string_view by, PhaseFilter phase) {
  UsageTable table = empty_table(run);
  table.by = by;
  table.phase = phase;
  const Places places(db, table);
  read_all(db, table, places);
  if (by == "none") return table;
  if (by != "group") expect_key(db, run.id, table.by);
  ByValue found = by == "group" ? read_groups(db, table, places) : read_labels(db, table, places);
  for (auto& [value, usage] : found)
    if (value) table.labels.push_back(std::move(usage));
  if (const auto missing = found.find(std::nullopt); missing != found.end())
    table.labels.push_back(std::move(missing->second));
  return table;
}

bool has_support(const LabelUsage& usage) {
  return usage.n_token >= kSupportTokens && usage.n_prompt >= kSupportPrompts;
}

stats::Assessed<ClusteredUsage> read_clusters(Database& db, const UsageTable& usage,
                                              std::uint64_t max_row) {
  const std::uint64_t n_row = usage.all.n_prompt * usage.layers.size() * usage.n_expert;
  if (n_row > max_row)
    return stats::Assessed<ClusteredUsage>::not_assessable(
        fmt::format("{} prompts x {} layers x {} experts are more than {} rows", usage.all.n_prompt,
                    usage.layers.size(), usage.n_expert, max_row));
  const auto prompts = place_prompts(db, usage);
  const Places places(db, usage);
  ClusteredUsage result;
  for (std::size_t i = 0; i < usage.layers.size(); ++i)
    result.layers.emplace_back(usage.labels.size(), usage.n_expert);
  Statement rows = db.prepare(
      fmt::format("SELECT prompt, layer, expert, count FROM usage_prompt WHERE run = ?1 AND {}",
                  phase_condition(usage.phase)));
  rows.bind(1, usage.run);
  while (rows.step()) {
    const auto place = prompts.find(rows.integer(0));
    if (place == prompts.end()) continue;
    stats::ClusterTable& layer = result.layers[places.route(rows.integer(1))];
    layer.counts(place->second.cluster, place->second.label)[places.expert(rows.integer(2))] +=
        static_cast<double>(rows.integer(3, 0, INT64_MAX));
  }
  result.n_cluster.assign(usage.labels.size(), 0);
  if (!result.layers.empty()) result.n_cluster = result.layers.front().n_cluster();
  return result;
}

std::vector<stats::Assessed<stats::Divergence>> label_divergence(
    const ClusteredUsage& clusters, const std::vector<std::size_t>& labels) {
  std::vector<stats::Assessed<stats::Divergence>> result;
  for (const stats::ClusterTable& layer : clusters.layers) {
    stats::ClusterTable chosen(labels.size(), layer.n_category());
    for (const auto& row : layer.rows())
      for (std::size_t i = 0; i < labels.size(); ++i) {
        if (labels[i] != row.sample) continue;
        const auto into = chosen.counts(row.cluster, static_cast<std::uint32_t>(i));
        std::copy(row.count.begin(), row.count.end(), into.begin());
      }
    result.push_back(stats::jackknife_divergence(chosen));
  }
  return result;
}

}  // namespace moescope::trace

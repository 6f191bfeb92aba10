#include <fmt/format.h>

#include <cmath>

#include "cli/usage_grid.hpp"
#include "cli/usage_view.hpp"
#include "core/base/escape.hpp"
#include "core/stats/divergence.hpp"

namespace moescope::cli {
namespace {

using trace::LabelUsage;
using trace::UsageTable;

std::vector<double> counts_of(const UsageTable& table, const LabelUsage& usage, std::size_t route) {
  const auto first = usage.count.begin() + static_cast<std::ptrdiff_t>(route * table.n_expert);
  return {first, first + static_cast<std::ptrdiff_t>(table.n_expert)};
}

JsonOutput layer_json(const UsageTable& table, const LabelUsage& usage, std::size_t route,
                      bool per_token) {
  const std::vector<double> counts = counts_of(table, usage, route);
  JsonOutput out;
  out["layer"] = table.layers[route].value;
  out["count"] = JsonOutput::array();
  out["share"] = JsonOutput::array();
  for (std::size_t e = 0; e < table.n_expert; ++e) {
    out["count"].push_back(usage.count[route * table.n_expert + e]);
    out["share"].push_back(
        or_null(usage_share(table, usage, route * table.n_expert + e, per_token)));
  }
  out["entropy_bits"] = or_null(stats::entropy(counts));
  out["normalised_entropy"] = or_null(stats::normalised_entropy(counts));
  const auto load = stats::max_min_load(counts);
  out["max_min_load"] = load ? or_null(load->ratio) : JsonOutput(nullptr);
  return out;
}

JsonOutput label_json(const UsageReport& report, const LabelUsage& usage, bool per_token) {
  JsonOutput out;
  out["value"] = or_null(usage.value);
  out["n_token"] = usage.n_token;
  out["n_prompt"] = usage.n_prompt;
  const auto index = static_cast<std::size_t>(&usage - report.usage.labels.data());
  if (&usage != &report.usage.all && index < report.n_cluster.size())
    out["n_cluster"] = report.n_cluster[index];
  out["layers"] = JsonOutput::array();
  for (std::size_t route = 0; route < report.usage.layers.size(); ++route)
    out["layers"].push_back(layer_json(report.usage, usage, route, per_token));
  return out;
}

JsonOutput divergence_json(const UsageReport& report) {
  JsonOutput out;
  out["method"] =
      "jensen_shannon, equal weights, delete-one-cluster jackknife by sample, "
      "variance of first and second order, t limits; corrected, lower and upper cut to the range";
  out["unit"] = "bits";
  out["exploratory"] = true;
  for (const auto& [key, labels] :
       {std::pair{"labels", &report.compared}, std::pair{"support_too_small", &report.left_out}}) {
    out[key] = JsonOutput::array();
    for (const std::size_t label : *labels)
      out[key].push_back(or_null(report.usage.labels[label].value));
  }
  out["layers"] = JsonOutput::array();
  for (std::size_t route = 0; route < report.divergence.size(); ++route) {
    const auto& d = report.divergence[route];
    JsonOutput layer;
    layer["layer"] = report.usage.layers[route].value;
    if (d) {
      layer["plug_in"] = d->plug_in;
      layer["corrected"] = d->corrected.value;
      layer["unbounded"] = d->unbounded;
      layer["se"] = d->corrected.se;
      layer["lower"] = d->corrected.lower;
      layer["upper"] = d->corrected.upper;
      layer["level"] = d->corrected.level;
      layer["df"] = d->corrected.df;
      layer["n_cluster"] = d->corrected.n_cluster;
    } else {
      layer["not_assessable"] = d.why();
    }
    out["layers"].push_back(std::move(layer));
  }
  if (!report.why_no_divergence.empty()) out["not_assessable"] = report.why_no_divergence;
  return out;
}

void csv_rows(std::string& out, const UsageTable& table, const LabelUsage& usage, bool is_all) {
  const std::string label = is_all ? "" : csv_cell(usage.value.value_or(""));
  const std::string_view kind = is_all ? "all" : usage.value ? "value" : "missing";
  for (std::size_t route = 0; route < table.layers.size(); ++route)
    for (std::size_t e = 0; e < table.n_expert; ++e) {
      const std::size_t place = route * table.n_expert + e;
      const auto assigned = usage_share(table, usage, place, false);
      const auto tokens = usage_share(table, usage, place, true);
      out += fmt::format("{},{},{},{},{},{},{},{},{},{},{},{},{},{}\n", table.run,
                         name(table.phase), csv_cell(table.by), kind, label,
                         table.layers[route].value, e, usage.count[place], usage.n_token,
                         usage.n_prompt, assigned ? fmt::format("{}", *assigned) : "",
                         tokens ? fmt::format("{}", *tokens) : "", usage_uniform(table, false),
                         usage_uniform(table, true));
    }
}

/// What the second label has more than the first, in shares.
void csv_differences(std::string& out, const UsageTable& table, const LabelUsage& a,
                     const LabelUsage& b) {
  const std::string label =
      csv_cell(fmt::format("{} minus {}", b.value.value_or("(none)"), a.value.value_or("(none)")));
  for (std::size_t route = 0; route < table.layers.size(); ++route)
    for (std::size_t e = 0; e < table.n_expert; ++e) {
      const auto difference = [&](bool per_token) -> std::string {
        const std::size_t place = route * table.n_expert + e;
        const auto x = usage_share(table, a, place, per_token);
        const auto y = usage_share(table, b, place, per_token);
        return x && y ? fmt::format("{}", *y - *x) : "";
      };
      out += fmt::format("{},{},{},difference,{},{},{},,,,{},{},,\n", table.run, name(table.phase),
                         csv_cell(table.by), label, table.layers[route].value, e, difference(false),
                         difference(true));
    }
}

}  // namespace

JsonOutput usage_json(const UsageReport& report, const UsageView& view) {
  const UsageTable& table = report.usage;
  JsonOutput out = json_result("usage");
  out["run"] = {{"id", table.run}, {"model", report.model}, {"status", report.status}};
  out["phase"] = name(table.phase);
  out["by"] = table.by;
  out["n_expert"] = table.n_expert;
  out["top_k"] = table.top_k;
  out["denominator"] = view.per_token ? "tokens" : "assignments";
  out["uniform"] = usage_uniform(table, view.per_token);
  out["all"] = label_json(report, table.all, view.per_token);
  out["labels"] = JsonOutput::array();
  for (const LabelUsage& usage : table.labels)
    out["labels"].push_back(label_json(report, usage, view.per_token));
  if (report.pair)
    out["compare"] = {or_null(table.labels[report.pair->first].value),
                      or_null(table.labels[report.pair->second].value)};
  if (table.by != "none") out["divergence"] = divergence_json(report);
  return out;
}

std::string usage_csv(const UsageReport& report) {
  const UsageTable& table = report.usage;
  std::string out =
      "run,phase,by,kind,label,layer,expert,count,n_token,n_prompt,share_of_assignments,"
      "share_of_tokens,uniform_of_assignments,uniform_of_tokens\n";
  csv_rows(out, table, table.all, true);
  if (report.pair) {
    const LabelUsage& a = table.labels[report.pair->first];
    const LabelUsage& b = table.labels[report.pair->second];
    csv_rows(out, table, a, false);
    csv_rows(out, table, b, false);
    csv_differences(out, table, a, b);
  } else {
    for (const LabelUsage& usage : table.labels) csv_rows(out, table, usage, false);
  }
  return out;
}

}  // namespace moescope::cli

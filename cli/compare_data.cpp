#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/compare_view.hpp"
#include "cli/number_text.hpp"
#include "core/base/escape.hpp"

namespace moescope::cli {
namespace {

using trace::Agreement;
using trace::Disagreement;
using trace::RunComparison;
using trace::TokenPlace;

JsonOutput side_json(const ComparedSide& side) {
  const trace::RunRow& run = side.run;
  return {{"file", side.file},
          {"run", run.id},
          {"status", run.status},
          {"model", run.model},
          {"model_hash", or_null(run.model_hash)},
          {"family", run.family},
          {"compute", run.compute},
          {"scores", run.scores}};
}

JsonOutput margin_json(const trace::MarginSummary& margin) {
  return {
      {"n", margin.n}, {"median", or_null(margin.median)}, {"largest", or_null(margin.largest)}};
}

/// The size of a difference, without its place.
JsonOutput size_json(const trace::Difference& d) {
  return {{"n", d.n},
          {"mean_absolute", d.n > 0 ? JsonOutput(d.mean) : JsonOutput(nullptr)},
          {"largest", d.n > 0 ? JsonOutput(d.largest) : JsonOutput(nullptr)}};
}

JsonOutput share_json(std::uint64_t part, std::uint64_t whole, const Agreement::Share& limits) {
  JsonOutput out;
  out["count"] = part;
  out["share"] = or_null(share_of(part, whole));
  if (limits) {
    out["se"] = limits->se;
    out["lower"] = limits->lower;
    out["upper"] = limits->upper;
    out["level"] = limits->level;
    out["df"] = limits->df;
    out["n_cluster"] = limits->n_cluster;
  } else {
    out["not_assessable"] = limits.why();
  }
  return out;
}

void put_agreement(JsonOutput& out, const Agreement& of, std::size_t top_k) {
  const trace::AgreementCounts& n = of.counts;
  out["n_decision"] = n.n_decision;
  out["same_set"] = share_json(n.n_same_set, n.n_decision, of.same_set);
  out["same_first"] = share_json(n.n_same_first, n.n_decision, of.same_first);
  out["overlap"] = share_json(n.n_common, n.n_decision * top_k, of.overlap);
  out["n_disagreement"] = n.n_decision - n.n_same_set;
  out["n_near_tie"] = of.n_near_tie;
  out["margin_a"] = margin_json(of.margin_a);
  out["margin_b"] = margin_json(of.margin_b);
  out["router_logprob"] = size_json(of.router);
}

JsonOutput margins_json(const RunComparison& c) {
  JsonOutput out = JsonOutput::array();
  const std::uint64_t n = c.all.counts.n_decision;
  const std::uint64_t n_differ = n - c.all.counts.n_same_set;
  const auto add = [&](const JsonOutput& from, const JsonOutput& below, std::string_view kind,
                       std::uint64_t differ, std::uint64_t all) {
    out.push_back({{"kind", kind},
                   {"from", from},
                   {"below", below},
                   {"disagreements", differ},
                   {"share_of_disagreements", or_null(share_of(differ, n_differ))},
                   {"decisions", all},
                   {"share_of_decisions", or_null(share_of(all, n))}});
  };
  const auto& edges = trace::kMarginEdges;
  for (std::size_t bin = 0; bin <= edges.size(); ++bin)
    add(bin == 0 ? 0.0 : edges[bin - 1],
        bin < edges.size() ? JsonOutput(edges[bin]) : JsonOutput(nullptr), "margin",
        c.differing.count[bin], c.decisions.count[bin]);
  add(nullptr, 0.0, "forced", c.differing.n_forced, c.decisions.n_forced);
  add(nullptr, nullptr, "none", c.differing.n_none, c.decisions.n_none);
  return out;
}

JsonOutput place_json(const TokenPlace& place) {
  return {{"prompt", place.prompt},
          {"pos", place.pos.value},
          {"token_id", place.id.value},
          {"text", or_null(place.text)}};
}

JsonOutput disagreement_json(const Disagreement& d, double near_tie) {
  JsonOutput out = place_json(d.token);
  out["layer"] = d.layer.value;
  out["experts_a"] = d.experts_a;
  out["experts_b"] = d.experts_b;
  out["margin_a"] = or_null(d.margin_a);
  out["margin_b"] = or_null(d.margin_b);
  out["near_tie"] = d.margin_a && *d.margin_a >= 0 && *d.margin_a < near_tie;
  return out;
}

JsonOutput difference_json(const trace::Difference& d) {
  JsonOutput out = size_json(d);
  out["where"] = d.where ? place_json(*d.where) : JsonOutput(nullptr);
  return out;
}

JsonOutput not_compared_json(const RunComparison& c) {
  JsonOutput out = JsonOutput::array();
  for (const trace::NotCompared& prompt : c.not_compared)
    out.push_back({{"prompt", prompt.prompt},
                   {"why", name(prompt.why)},
                   {"pos", prompt.pos ? JsonOutput(prompt.pos->value) : JsonOutput(nullptr)}});
  return out;
}

std::string csv_layer(const std::string& layer, const Agreement& of, std::size_t top_k) {
  const trace::AgreementCounts& n = of.counts;
  std::string out = fmt::format("{},{}", layer, n.n_decision);
  const auto add = [&out](std::uint64_t part, std::uint64_t whole, const Agreement::Share& limits) {
    out += fmt::format(",{},{},{}", or_empty(share_of(part, whole)),
                       limits ? fmt::format("{}", limits->lower) : "",
                       limits ? fmt::format("{}", limits->upper) : "");
  };
  add(n.n_same_set, n.n_decision, of.same_set);
  add(n.n_same_first, n.n_decision, of.same_first);
  add(n.n_common, n.n_decision * top_k, of.overlap);
  out += fmt::format(",{},{}", n.n_decision - n.n_same_set, of.n_near_tie);
  for (const trace::MarginSummary& margin : {of.margin_a, of.margin_b})
    out += fmt::format(",{},{}", or_empty(margin.median), or_empty(margin.largest));
  return out + (of.router.n > 0 ? fmt::format(",{},{}\n", of.router.mean, of.router.largest)
                                : std::string(",,\n"));
}

std::string csv_worst(const RunComparison& c) {
  std::string out = "prompt,pos,token_id,text,layer,experts_a,experts_b,margin_a,margin_b\n";
  for (const Disagreement& d : c.worst)
    out += fmt::format("{},{},{},{},{},{},{},{},{}\n", csv_cell(d.token.prompt), d.token.pos.value,
                       d.token.id.value, csv_cell(d.token.text.value_or("")), d.layer.value,
                       fmt::join(d.experts_a, " "), fmt::join(d.experts_b, " "),
                       or_empty(d.margin_a), or_empty(d.margin_b));
  return out;
}

}  // namespace

JsonOutput compare_json(const CompareReport& report) {
  const RunComparison& c = report.comparison;
  JsonOutput out = json_result("compare");
  out["a"] = side_json(report.a);
  out["b"] = side_json(report.b);
  out["differences"] = JsonOutput::array();
  for (const trace::RunDifference& d : report.differences)
    out["differences"].push_back({{"what", d.what}, {"a", or_null(d.a)}, {"b", or_null(d.b)}});
  out["by"] = name(report.by);
  out["phase"] = name(report.phase);
  out["n_expert"] = c.n_expert;
  out["top_k"] = c.top_k;
  out["n_prompt_a"] = c.n_prompt_a;
  out["n_prompt_b"] = c.n_prompt_b;
  out["n_prompt_compared"] = c.n_prompt;
  out["n_token"] = c.n_token;
  out["n_token_apart_a"] = c.n_apart_a;
  out["n_token_apart_b"] = c.n_apart_b;
  out["n_token_not_fed"] = c.n_unfed;
  out["n_cluster"] = c.n_cluster;
  out["limits"] = "ratio of sums, delete-one-cluster jackknife, t limits, cut to 0 and 1";
  out["overlap"] =
      "mean of |A and B| / k over decisions (router saturation, arXiv 2409.02060, section 5)";
  put_agreement(out["all"], c.all, c.top_k);
  out["layers"] = JsonOutput::array();
  for (std::size_t route = 0; route < c.layers.size(); ++route) {
    JsonOutput layer;
    layer["layer"] = c.layers[route].value;
    put_agreement(layer, c.by_layer[route], c.top_k);
    out["layers"].push_back(std::move(layer));
  }
  out["near_tie"] = report.near_tie;
  out["margins_in_a"] = margins_json(c);
  out["largest"] = c.largest ? disagreement_json(*c.largest, report.near_tie) : JsonOutput(nullptr);
  out["router_logprob"] = c.has_router_logits ? difference_json(c.all.router) : JsonOutput(nullptr);
  if (c.router_layer) out["router_logprob"]["layer"] = c.router_layer->value;
  out["logprob"] = difference_json(c.logprob);
  out["entropy"] = difference_json(c.entropy);
  out["worst"] = JsonOutput::array();
  for (const Disagreement& d : c.worst)
    out["worst"].push_back(disagreement_json(d, report.near_tie));
  out["not_compared"] = not_compared_json(c);
  return out;
}

std::string compare_csv(const CompareReport& report) {
  const RunComparison& c = report.comparison;
  if (report.lists_worst) return csv_worst(c);
  std::string out = "layer,n_decision";
  for (const char* share : {"same_set", "same_first", "overlap"})
    out += fmt::format(",{0},{0}_lower,{0}_upper", share);
  out +=
      ",n_disagreement,n_near_tie,margin_a_median,margin_a_largest,margin_b_median,"
      "margin_b_largest,router_logprob_mean,router_logprob_largest\n";
  for (std::size_t route = 0; route < c.layers.size(); ++route)
    out += csv_layer(std::to_string(c.layers[route].value), c.by_layer[route], c.top_k);
  return out + csv_layer("all", c.all, c.top_k);
}

}  // namespace moescope::cli

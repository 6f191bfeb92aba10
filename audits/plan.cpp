#include "audits/plan.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "core/base/error.hpp"
#include "core/base/escape.hpp"
#include "core/base/json.hpp"
#include "probes/probe.hpp"

namespace moescope::audits {
namespace {

using Json = nlohmann::ordered_json;

struct KindName {
  PlanKind kind;
  std::string_view name;
};
constexpr KindName kKinds[] = {{PlanKind::kAuditor, "auditor"},
                               {PlanKind::kToolDefault, "tool-default"},
                               {PlanKind::kNone, "none"}};

constexpr std::string_view kPlanKeys[] = {
    "moescope_plan", "kind", "author", "alpha",  "hypotheses", "gate",  "exclusions",
    "stopping_rule", "seed", "draws",  "suites", "formats",    "limit", "weights"};
constexpr std::string_view kHypothesisKeys[] = {"id",    "suite",  "estimand", "label",
                                                "value", "margin", "reason"};
constexpr std::string_view kGateKeys[] = {"accuracy", "pairs", "clusters"};

std::string stopping_rule(const WorklistOptions& options) {
  if (!options.limit) return "every item of every suite once, in every format named here";
  return fmt::format(
      "clusters drawn by seed {} until {} items of a suite are reached, each item once in every "
      "format named here",
      options.seed, *options.limit);
}

Json hypothesis_json(const PlannedHypothesis& planned) {
  const Hypothesis& h = planned.hypothesis;
  Json out = {{"id", h.id}, {"suite", planned.suite}, {"estimand", h.estimand}};
  if (h.label) out["label"] = *h.label;
  if (h.label_value) out["value"] = *h.label_value;
  out["margin"] = h.margin;
  out["reason"] = h.reason;
  return out;
}

PlannedHypothesis read_hypothesis(const JsonNode& node) {
  node.allow_only(kHypothesisKeys);
  PlannedHypothesis out{.suite = node.at("suite").string()};
  Hypothesis& h = out.hypothesis;
  h.id = node.at("id").string();
  h.estimand = node.at("estimand").string();
  if (const auto label = node.find("label")) h.label = label->string();
  if (const auto value = node.find("value")) h.label_value = value->string();
  if (h.label.has_value() != h.label_value.has_value())
    node.refuse("'label' and 'value' belong together");
  h.margin = node.at("margin").number();
  if (!(h.margin > 0)) node.at("margin").expected("a margin above 0");
  h.reason = node.at("reason").string();
  if (h.reason.empty()) node.at("reason").expected("why this margin");
  return out;
}

GateThresholds read_gate(const JsonNode& node) {
  node.allow_only(kGateKeys);
  GateThresholds out;
  if (const auto accuracy = node.find("accuracy")) out.accuracy = accuracy->number();
  if (!(out.accuracy > 0.5 && out.accuracy <= 1))
    node.at("accuracy").expected("a share above 0.5, which is chance");
  if (const auto pairs = node.find("pairs")) out.n_pair = pairs->uint(1, 1'000'000);
  if (const auto clusters = node.find("clusters")) out.n_cluster = clusters->uint(6, 1'000'000);
  return out;
}

Plan read_keys(const JsonNode& root) {
  root.allow_only(kPlanKeys);
  if (root.at("moescope_plan").uint() != 1)
    root.at("moescope_plan").expected("1, the form of plans that this program reads");
  Plan plan{.kind = PlanKind::kAuditor};
  if (const auto author = root.find("author")) plan.author = author->string();
  if (const auto alpha = root.find("alpha")) {
    plan.alpha = alpha->number();
    if (!(plan.alpha > 0 && plan.alpha < 0.5)) alpha->expected("a level between 0 and 0.5");
  }
  for (const JsonNode& node : root.at("hypotheses").items())
    plan.hypotheses.push_back(read_hypothesis(node));
  if (const auto gate = root.find("gate")) plan.gate = read_gate(*gate);
  if (const auto list = root.find("exclusions"))
    for (const JsonNode& node : list->items()) plan.exclusions.push_back(node.string());
  if (const auto rule = root.find("stopping_rule")) plan.stopping_rule = rule->string();
  if (const auto seed = root.find("seed")) plan.seed = seed->uint();
  if (const auto draws = root.find("draws")) plan.n_draw = draws->uint(999, 999'999);
  return plan;
}

/// Whether the suites can decide what the plan asks.
void check_hypotheses(const JsonNode& root, const Plan& plan, std::span<const Suite> suites) {
  const std::vector<JsonNode> nodes = root.at("hypotheses").items();
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const PlannedHypothesis& planned = plan.hypotheses[i];
    const auto suite = std::find_if(suites.begin(), suites.end(),
                                    [&](const Suite& s) { return s.info.name == planned.suite; });
    if (suite == suites.end())
      nodes[i].at("suite").refuse(
          fmt::format("this audit has no suite '{}'", escape_terminal(planned.suite)));
    if (suite->is_draft())
      nodes[i].at("suite").refuse(
          fmt::format("'{}' is a draft: fewer than two native reviewers; it can carry no verdict",
                      planned.suite));
    const auto& estimands = probes::find_probe(suite->probe).estimands;
    std::string known;
    for (const probes::EstimandInfo& estimand : estimands) {
      if (!estimand.headline) continue;
      if (estimand.name == planned.hypothesis.estimand) known.clear();
      if (estimand.name == planned.hypothesis.estimand) break;
      known += fmt::format("{}{}", known.empty() ? "" : ", ", estimand.name);
    }
    if (!known.empty() &&
        std::none_of(estimands.begin(), estimands.end(), [&](const probes::EstimandInfo& e) {
          return e.headline && e.name == planned.hypothesis.estimand;
        }))
      nodes[i].at("estimand").expected("one of " + known);
    const auto& label = planned.hypothesis.label;
    if (label && std::none_of(suite->items.begin(), suite->items.end(), [&](const auto& item) {
          const auto at = item.labels.find(*label);
          return at != item.labels.end() && at->second == *planned.hypothesis.label_value;
        }))
      nodes[i].refuse(fmt::format("no item of '{}' has the label {} = '{}'", planned.suite,
                                  escape_terminal(*label),
                                  escape_terminal(*planned.hypothesis.label_value)));
  }
}

}  // namespace

std::string_view name(PlanKind kind) {
  for (const KindName& row : kKinds)
    if (row.kind == kind) return row.name;
  return "";
}

Plan default_plan(std::span<const Suite> suites, const WorklistOptions& options) {
  Plan plan{.author = "the suites' authors: tool-default plan v1"};
  plan.seed = options.seed;
  plan.stopping_rule = stopping_rule(options);
  for (const Suite& suite : suites) {
    plan.alpha = std::min(plan.alpha, suite.alpha);
    if (suite.is_draft() || suite.info.purpose != Purpose::kMeasure) continue;
    for (const Hypothesis& hypothesis : suite.hypotheses)
      plan.hypotheses.push_back({suite.info.name, hypothesis});
  }
  if (plan.hypotheses.empty()) {
    plan.kind = PlanKind::kNone;
    plan.author.clear();
  }
  return plan;
}

Plan parse_plan(std::string_view bytes, std::string_view where, std::span<const Suite> suites,
                const WorklistOptions& options) {
  const nlohmann::json document =
      parse_json(bytes, where, {.max_bytes = 16u << 20, .max_depth = 8});
  const JsonNode root(document, std::string(where), "", bytes);
  Plan plan = read_keys(root);
  if (plan.author.empty()) root.refuse("key 'author' is missing: who chose the margins?");
  if (plan.hypotheses.empty()) root.at("hypotheses").expected("at least one hypothesis");
  if (plan.stopping_rule.empty()) plan.stopping_rule = stopping_rule(options);
  check_hypotheses(root, plan, suites);
  return plan;
}

std::string plan_text(const Plan& plan, std::span<const Suite> suites,
                      const WorklistOptions& options, std::string_view weights_id) {
  Json out = {{"moescope_plan", 1}, {"kind", name(plan.kind)}, {"author", plan.author}};
  out["alpha"] = plan.alpha;
  out["hypotheses"] = Json::array();
  for (const PlannedHypothesis& planned : plan.hypotheses)
    out["hypotheses"].push_back(hypothesis_json(planned));
  out["gate"] = {{"accuracy", plan.gate.accuracy},
                 {"pairs", plan.gate.n_pair},
                 {"clusters", plan.gate.n_cluster}};
  out["exclusions"] = plan.exclusions;
  out["stopping_rule"] = plan.stopping_rule;
  out["seed"] = plan.seed;
  out["draws"] = plan.n_draw;
  for (const Suite& suite : suites)
    out["suites"].push_back({{"name", suite.info.name}, {"sha256", suite.sha256}});
  out["formats"] = options.formats;
  if (options.limit) out["limit"] = *options.limit;
  out["weights"] = weights_id;
  return out.dump();
}

Plan read_plan(std::string_view text, std::string_view where) {
  const nlohmann::json document = parse_json(text, where, {.max_bytes = 64u << 20, .max_depth = 8});
  const JsonNode root(document, std::string(where));
  Plan plan = read_keys(root);
  const std::string kind = root.at("kind").string();
  for (const KindName& row : kKinds)
    if (row.name == kind) plan.kind = row.kind;
  return plan;
}

}  // namespace moescope::audits

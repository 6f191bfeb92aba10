#include "core/hooks/intervention.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <optional>

#include "core/base/error.hpp"
#include "core/base/escape.hpp"
#include "core/base/json.hpp"

namespace moescope::hooks {
namespace {

constexpr std::array<InterventionInfo, 6> kInterventions{{
    {InterventionKind::kMask, "mask", "",
     "router logit set to minus infinity before the choice: the tokens are routed to other "
     "experts"},
    {InterventionKind::kZero, "zero", "",
     "contribution dropped; the weights of the other chosen experts stay as they were"},
    {InterventionKind::kMean, "mean", "",
     "output replaced by its mean unweighted output over the tokens that chose it (--means FILE)"},
    {InterventionKind::kSwap, "swap", "E",
     "each of two experts computes in the other's place, under the other's weight"},
    {InterventionKind::kForce, "force", "",
     "takes the last chosen place where it was not chosen; weights then as usual"},
    {InterventionKind::kScale, "scale", "FACTOR", "contribution multiplied by the factor"},
}};

/// Foreign text for a message: harmless on a terminal and not too long.
std::string shown(std::string_view text) {
  constexpr std::size_t kMax = 200;
  return escape_terminal(text.substr(0, kMax)) + (text.size() > kMax ? "..." : "");
}

[[noreturn]] void refuse(std::string_view text, std::string_view why) {
  fail(ErrorCode::kUsage,
       "intervention '{}': {}; the form is KIND:Lx.Ey[,ARG], as in mask:L3.E1 or "
       "scale:L3.E1,0.5",
       shown(text), why);
}

std::optional<std::size_t> take_index(std::string_view& text, char letter) {
  if (text.empty() || text[0] != letter) return std::nullopt;
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data() + 1, text.data() + text.size(), value);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

void check_bounds(std::string_view text, const Intervention& x, const ModelShape& shape) {
  if (shape.n_expert == 0) refuse(text, "this model has no experts");
  if (x.layer.value >= shape.n_layer)
    refuse(text, fmt::format("layer {} of a model with layers 0 to {}", x.layer.value,
                             shape.n_layer - 1));
  if (!shape.routes[x.layer.value])
    refuse(text, fmt::format("layer {} has no router", x.layer.value));
  for (const ExpertIdx e : {x.expert, x.other})
    if (e.value >= shape.n_expert)
      refuse(text,
             fmt::format("expert {} of a model with experts 0 to {}", e.value, shape.n_expert - 1));
  if (x.kind == InterventionKind::kSwap && x.expert == x.other)
    refuse(text, "an expert cannot be swapped with itself");
  if (!std::isfinite(x.factor)) refuse(text, "the factor must be a finite number");
}

const InterventionInfo& kind_named(std::string_view name, std::string_view text) {
  std::string known;
  for (const InterventionInfo& row : kInterventions) {
    if (row.name == name) return row;
    known += fmt::format(" {}", row.name);
  }
  refuse(text, fmt::format("unknown kind '{}'; known:{}", shown(name), known));
}

float parse_factor(std::string_view argument, std::string_view text) {
  float value = 0;
  const auto [end, error] =
      std::from_chars(argument.data(), argument.data() + argument.size(), value);
  if (error != std::errc() || end != argument.data() + argument.size())
    refuse(text, fmt::format("expected a number as factor, got '{}'", shown(argument)));
  return value;
}

ExpertIdx parse_other(std::string_view argument, std::string_view text) {
  std::string_view rest = argument;
  const auto other = take_index(rest, 'E');
  if (!other || !rest.empty())
    refuse(text, fmt::format("expected the second expert as E5, got '{}'", shown(argument)));
  return ExpertIdx(*other);
}

Intervention from_object(const JsonNode& node, const ModelShape& shape) {
  Intervention x;
  const std::string text = node.value().dump();
  const InterventionInfo& row = kind_named(node.at("kind").string(), text);
  x.kind = row.kind;
  x.layer = LayerIdx(node.at("layer").uint(0, UINT32_MAX));
  x.expert = ExpertIdx(node.at("expert").uint(0, UINT32_MAX));
  if (x.kind == InterventionKind::kSwap) x.other = ExpertIdx(node.at("other").uint(0, UINT32_MAX));
  if (x.kind == InterventionKind::kScale) x.factor = static_cast<float>(node.at("factor").number());
  for (const auto& [key, value] : node.value().items()) {
    const bool known = key == "kind" || key == "layer" || key == "expert" ||
                       (key == "other" && x.kind == InterventionKind::kSwap) ||
                       (key == "factor" && x.kind == InterventionKind::kScale);
    if (!known)
      fail(ErrorCode::kUsage, "{}: key '{}.{}' is not known for '{}'", node.where(), node.path(),
           shown(key), row.name);
  }
  check_bounds(text, x, shape);
  return x;
}

}  // namespace

std::span<const InterventionInfo> interventions() {
  return kInterventions;
}

const InterventionInfo& info(InterventionKind kind) {
  return kInterventions[static_cast<std::size_t>(kind)];
}

bool InterventionPlan::needs_means() const {
  for (const Intervention& x : items)
    if (x.kind == InterventionKind::kMean) return true;
  return false;
}

Intervention parse_intervention(std::string_view text, const ModelShape& shape) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) refuse(text, "expected ':' after the kind");
  Intervention x;
  const InterventionInfo& row = kind_named(text.substr(0, colon), text);
  x.kind = row.kind;
  std::string_view rest = text.substr(colon + 1);
  const auto layer = take_index(rest, 'L');
  if (!layer || rest.empty() || rest[0] != '.') refuse(text, "expected a layer as L3 and then '.'");
  rest.remove_prefix(1);
  const auto expert = take_index(rest, 'E');
  if (!expert) refuse(text, "expected an expert as E1");
  x.layer = LayerIdx(*layer);
  x.expert = ExpertIdx(*expert);
  const bool has_argument = !rest.empty() && rest[0] == ',';
  if (!rest.empty() && !has_argument) refuse(text, fmt::format("unexpected '{}'", shown(rest)));
  if (has_argument == row.argument.empty())
    refuse(text, row.argument.empty() ? fmt::format("'{}' takes no argument", row.name)
                                      : fmt::format("'{}' needs ,{}", row.name, row.argument));
  if (x.kind == InterventionKind::kSwap) x.other = parse_other(rest.substr(1), text);
  if (x.kind == InterventionKind::kScale) x.factor = parse_factor(rest.substr(1), text);
  check_bounds(text, x, shape);
  return x;
}

std::string to_string(const Intervention& x) {
  std::string out = fmt::format("{}:L{}.E{}", info(x.kind).name, x.layer.value, x.expert.value);
  if (x.kind == InterventionKind::kSwap) out += fmt::format(",E{}", x.other.value);
  if (x.kind == InterventionKind::kScale) out += fmt::format(",{}", x.factor);
  return out;
}

InterventionPlan parse_intervention_file(std::string_view json, std::string_view where,
                                         const ModelShape& shape) {
  const nlohmann::json document = parse_json(json, where, {.max_bytes = 16u << 20});
  InterventionPlan plan;
  for (const JsonNode& item : JsonNode(document, std::string(where)).items())
    plan.items.push_back(item.is_string() ? parse_intervention(item.string(), shape)
                                          : from_object(item, shape));
  return plan;
}

}  // namespace moescope::hooks

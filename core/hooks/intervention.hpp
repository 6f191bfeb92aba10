#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/index.hpp"
#include "core/hooks/site.hpp"

namespace moescope::hooks {

/// What can be done to one expert of one layer; the meaning is part of every result that used it.
enum class InterventionKind { kMask, kZero, kMean, kSwap, kForce, kScale };

struct InterventionInfo {
  InterventionKind kind;
  std::string_view name;
  std::string_view argument;  ///< "" where the kind takes none
  std::string_view meaning;
};

std::span<const InterventionInfo> interventions();
const InterventionInfo& info(InterventionKind kind);

struct Intervention {
  InterventionKind kind = InterventionKind::kMask;
  LayerIdx layer;
  ExpertIdx expert;
  ExpertIdx other;          ///< swap: the second expert
  float factor = 1.0f;      ///< scale
  std::vector<float> mean;  ///< mean: [d_model], filled from a means file before the run
  bool operator==(const Intervention&) const = default;
};

/// Everything one run changes. Applied in the order given.
struct InterventionPlan {
  std::vector<Intervention> items;
  bool empty() const { return items.empty(); }
  bool needs_means() const;
};

/// Reads "KIND:Lx.Ey[,ARG]": mask:L3.E1, swap:L3.E1,E5, scale:L3.E1,0.5.
/// Errors: kUsage: unknown kind, layer or expert the model lacks, missing or malformed argument.
Intervention parse_intervention(std::string_view text, const ModelShape& shape);

/// The text that parse_intervention reads back to the same value.
std::string to_string(const Intervention& intervention);

/// Reads a JSON array of such texts, or of objects {kind, layer, expert, other, factor}.
InterventionPlan parse_intervention_file(std::string_view json, std::string_view where,
                                         const ModelShape& shape);

}  // namespace moescope::hooks

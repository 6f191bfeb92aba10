#pragma once

#include "cli/grid.hpp"
#include "cli/usage_view.hpp"

namespace moescope::cli {

/// Share that every expert would have if all were chosen equally often.
double usage_uniform(const trace::UsageTable& table, bool per_token);

/// Decimals of a percentage such that the uniform share has two digits.
int usage_decimals(double uniform);

/// One character a cell: asked for, or too many experts for numbers.
bool usage_codes(const trace::UsageTable& table, const UsageView& view);

/// Layers x experts, one group a label (a pair: both and their difference).
Grid expert_grid(const UsageReport& report, const UsageView& view, const Terminal& terminal);

/// Entropy, load and divergence of each layer.
Grid layer_grid(const UsageReport& report, const UsageView& view, const Terminal& terminal);

}  // namespace moescope::cli

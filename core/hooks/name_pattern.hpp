#pragma once

#include <string>
#include <string_view>

#include "core/base/index.hpp"

namespace moescope::hooks {

/// The name that a pattern stands for: {N} becomes the layer, {E} the expert.
std::string fill_pattern(std::string_view pattern, LayerIdx layer, ExpertIdx expert);

}  // namespace moescope::hooks

#pragma once

#include <string_view>
#include <vector>

#include "cli/command.hpp"

namespace moescope::cli {

/// One word of CommandInfo::operands.
struct Operand {
  std::string_view name;
  bool required = true;
  bool repeats = false;
  bool operator==(const Operand&) const = default;
};

std::vector<Operand> operands_of(const CommandInfo& command);

}  // namespace moescope::cli

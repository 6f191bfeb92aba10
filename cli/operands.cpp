#include "cli/operands.hpp"

#include <cstddef>

namespace moescope::cli {

std::vector<Operand> operands_of(const CommandInfo& command) {
  std::vector<Operand> out;
  std::string_view rest = command.operands;
  while (!rest.empty()) {
    const std::size_t space = rest.find(' ');
    Operand operand{.name = rest.substr(0, space)};
    rest.remove_prefix(space == std::string_view::npos ? rest.size() : space + 1);
    if (operand.name.starts_with('[')) {
      operand.required = false;
      operand.name = operand.name.substr(1, operand.name.size() - 2);
    }
    if (operand.name.ends_with("...")) {
      operand.repeats = true;
      operand.name.remove_suffix(3);
    }
    out.push_back(operand);
  }
  return out;
}

}  // namespace moescope::cli

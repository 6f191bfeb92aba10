#pragma once

#include "cli/command.hpp"

/// One declaration a command; command_table.cpp lists them in the order of the help page.
namespace moescope::cli {

extern const CommandInfo kCompletionCommand;
extern const CommandInfo kDoctorCommand;
extern const CommandInfo kHelpCommand;
extern const CommandInfo kManCommand;

}  // namespace moescope::cli

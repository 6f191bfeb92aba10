#pragma once

#include <span>
#include <string>

namespace moescope::cli {

/// Runs one command line, the words after the program's name, and gives the exit code.
/// Errors: moescope::Error with its code, kUsage for a command line that is off.
int dispatch(std::span<const std::string> words);

}  // namespace moescope::cli

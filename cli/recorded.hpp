#pragma once

#include <cstddef>

#include "cli/arguments.hpp"
#include "core/trace/sqlite.hpp"

namespace moescope::cli {

/// Opens the database of an operand for reading; says so when it holds more than a trace.
trace::Database open_recorded(const Arguments& arguments, std::size_t operand = 0);

}  // namespace moescope::cli

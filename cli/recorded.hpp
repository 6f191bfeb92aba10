#pragma once

#include "cli/arguments.hpp"
#include "core/trace/sqlite.hpp"

namespace moescope::cli {

/// Opens the database of the first operand for reading; says so when it holds more than a trace.
trace::Database open_recorded(const Arguments& arguments);

}  // namespace moescope::cli

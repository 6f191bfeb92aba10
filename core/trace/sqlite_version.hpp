#pragma once

#include <string_view>

namespace moescope::trace {

/// The version of the SQLite library that runs here: "3.40.1".
std::string_view sqlite_version();

}  // namespace moescope::trace

#pragma once

#include <string_view>

namespace moescope::cli {

/// "0.1.0", or "0.1.0+1a2b3c4d5e6f" when built from a git checkout (".dirty" when it had changes).
std::string_view program_version();

}  // namespace moescope::cli

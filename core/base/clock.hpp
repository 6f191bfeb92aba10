#pragma once

#include <string>

namespace moescope {

/// The present time as 2026-01-31T12:00:00Z.
std::string utc_now();

}  // namespace moescope

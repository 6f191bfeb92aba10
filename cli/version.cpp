#include "cli/version.hpp"

#include "moescope_version.h"

namespace moescope::cli {

std::string_view program_version() {
  return MOESCOPE_PROGRAM_VERSION;
}

}  // namespace moescope::cli

#include "core/trace/sqlite_version.hpp"

#include <sqlite3.h>

namespace moescope::trace {

std::string_view sqlite_version() {
  return sqlite3_libversion();
}

}  // namespace moescope::trace

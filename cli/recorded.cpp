#include "cli/recorded.hpp"

#include <fmt/core.h>

#include "cli/output.hpp"
#include "core/trace/schema.hpp"

namespace moescope::cli {

trace::Database open_recorded(const Arguments& arguments, std::size_t operand) {
  trace::Database db = trace::open_trace(arguments.positional(operand));
  const std::string foreign = trace::foreign_names(db);
  if (!foreign.empty() && !arguments.quiet())
    message(
        fmt::format("{}: note: it also holds {}, which moescope did not make", db.name(), foreign));
  return db;
}

}  // namespace moescope::cli

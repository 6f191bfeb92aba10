#include "cli/json_output.hpp"

#include <fmt/format.h>

#include "cli/output.hpp"

namespace moescope::cli {

JsonOutput json_result(std::string_view command, int version) {
  JsonOutput out;
  out["schema"] = fmt::format("moescope.{}.v{}", command, version);
  return out;
}

void print_json(const JsonOutput& document) {
  write_out(document.dump(2, ' ', false, JsonOutput::error_handler_t::replace));
  write_out("\n");
}

}  // namespace moescope::cli

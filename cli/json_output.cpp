#include "cli/json_output.hpp"

#include <fmt/format.h>

#include "cli/output.hpp"

namespace moescope::cli {

JsonOutput json_result(std::string_view command, int version) {
  JsonOutput out;
  out["schema"] = fmt::format("moescope.{}.v{}", command, version);
  return out;
}

std::string json_text(const JsonOutput& document) {
  return document.dump(2, ' ', false, JsonOutput::error_handler_t::replace) + "\n";
}

void print_json(const JsonOutput& document) {
  write_out(json_text(document));
}

}  // namespace moescope::cli

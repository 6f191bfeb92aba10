#include "cli/number_text.hpp"

#include <fmt/format.h>

namespace moescope::cli {

std::string with_commas(std::uint64_t value) {
  std::string out = std::to_string(value);
  for (std::size_t at = out.size(); at > 3;) {
    at -= 3;
    out.insert(at, ",");
  }
  return out;
}

std::string counted(std::uint64_t n, std::string_view noun) {
  return with_commas(n) + " " + std::string(noun) + (n == 1 ? "" : "s");
}

std::string signless_zero(double value, int n_decimal) {
  const std::string text = fmt::format("{:.{}f}", value, n_decimal);
  const bool is_zero = text.find_first_of("123456789") == std::string::npos;
  return is_zero && text.starts_with('-') ? text.substr(1) : text;
}

}  // namespace moescope::cli

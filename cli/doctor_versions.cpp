#include <fmt/format.h>

#include <charconv>
#include <cstddef>

#include "cli/doctor.hpp"

namespace moescope::cli {
namespace {

constexpr std::string_view kWalReset =
    "has a defect that can corrupt a WAL database when two connections race a checkpoint (fixed in "
    "3.44.6, 3.50.7 and 3.51.3); moescope has one writer, which alone checkpoints; let no other "
    "program write to its files";

constexpr std::string_view kDeepDump =
    "overflows the stack when a deeply nested document is printed (seen with 3.11.2; no fixed "
    "version known); moescope's own reader refuses such documents";

constexpr KnownDefect kDefects[] = {
    {"sqlite", version_number(3, 7, 0), version_number(3, 44, 6), kWalReset},
    {"sqlite", version_number(3, 45, 0), version_number(3, 50, 7), kWalReset},
    {"sqlite", version_number(3, 51, 0), version_number(3, 51, 3), kWalReset},
    {"nlohmann-json", 0, UINT64_MAX, kDeepDump},
};

}  // namespace

std::optional<std::uint64_t> parse_version(std::string_view text) {
  std::uint64_t part[3] = {};
  const char* at = text.data();
  const char* end = at + text.size();
  for (std::size_t i = 0; i < 3; ++i) {
    if (i > 0 && (at == end || *at++ != '.')) return std::nullopt;
    const auto read = std::from_chars(at, end, part[i]);
    if (read.ec != std::errc() || part[i] > 999) return std::nullopt;
    at = read.ptr;
  }
  if (at != end) return std::nullopt;
  return version_number(part[0], part[1], part[2]);
}

Finding library_finding(std::string_view library, std::string_view version) {
  Finding out{.topic = std::string(library), .value = std::string(version)};
  const auto number = parse_version(version);
  if (!number) return out;
  for (const KnownDefect& defect : kDefects)
    if (defect.library == library && *number >= defect.first && *number < defect.fixed) {
      out.health = Health::kNote;
      out.advice = defect.advice;
    }
  return out;
}

}  // namespace moescope::cli

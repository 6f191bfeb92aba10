#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What `moescope doctor` looks at, apart from how it prints it.
namespace moescope::cli {

enum class Health { kGood, kNote, kBad };

std::string_view name(Health health);

/// One line of the report: "sqlite  3.40.1  note: …".
struct Finding {
  std::string topic;
  Health health = Health::kGood;
  std::string value = {};
  std::string advice = {};  ///< what to do; empty when there is nothing to do
};

/// A library of which some versions have a defect that matters here.
struct KnownDefect {
  std::string_view library;
  std::uint64_t first,
      fixed;  ///< versions in [first, fixed), as 1'000'000·major + 1'000·minor + patch
  std::string_view advice;
};

constexpr std::uint64_t version_number(std::uint64_t major, std::uint64_t minor,
                                       std::uint64_t patch) {
  return major * 1'000'000 + minor * 1'000 + patch;
}

/// "3.40.1" as version_number; nothing when the text is no such version.
std::optional<std::uint64_t> parse_version(std::string_view text);

/// A finding for a library's version, with the advice of a known defect.
Finding library_finding(std::string_view library, std::string_view version);

/// Everything, in the order of the report.
std::vector<Finding> examine();

}  // namespace moescope::cli

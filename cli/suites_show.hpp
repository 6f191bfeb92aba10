#pragma once

#include <cstddef>
#include <filesystem>
#include <string_view>
#include <vector>

#include "audits/suite.hpp"

namespace moescope::cli {

/// The suites that come with moescope: suites/*.json of the shared data, in the order of their
/// names, without schemas.
std::vector<std::filesystem::path> shipped_suites();

/// The suite that a command line names: one that comes with moescope, or a file.
/// Errors: kBadInput: no such suite, with those that there are; a malformed suite.
audits::Suite resolve_suite(std::string_view name);

/// Prints what a suite is, how much is in it and its first items.
void show_suite(const audits::Suite& suite, std::size_t n_first, bool json);

}  // namespace moescope::cli

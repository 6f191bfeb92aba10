#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "audits/importer.hpp"

namespace moescope::cli {

struct SuiteImport {
  std::string importer;
  std::vector<std::filesystem::path> paths;
  std::filesystem::path output;
  audits::ImportOptions options;
  bool force = false;
  bool json = false;
  bool quiet = false;
};

/// Writes the suite that an importer makes, whole or not at all; says what was malformed.
/// Errors: as import_suite(); kBadInput: the output exists and is not of this importer.
void import_to_file(const SuiteImport& job);

}  // namespace moescope::cli

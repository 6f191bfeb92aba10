#pragma once

#include <algorithm>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "audits/importer.hpp"
#include "tests/error_of.hpp"

/// Small files in the published forms, of our own writing, and what becomes of them.
namespace moescope::audits {

using probes::Item;

inline std::filesystem::path fixtures() {
  return std::filesystem::path(MOESCOPE_SOURCE_DIR) / "tests/audits/import_fixtures";
}

inline ImportedSuite from_fixtures(std::string_view importer, std::string_view file = "",
                                   const ImportOptions& options = {}) {
  std::filesystem::path path = fixtures() / importer;
  if (!file.empty()) path /= file;
  return import_suite(importer, std::vector<std::filesystem::path>{path}, options);
}

inline const Item& item(const ImportedSuite& imported, std::string_view id) {
  const auto& items = imported.suite.items;
  const auto at =
      std::find_if(items.begin(), items.end(), [&](const Item& i) { return i.id == id; });
  if (at == items.end()) throw std::out_of_range(std::string(id));
  return *at;
}

inline std::vector<std::string> texts(const Item& item) {
  std::vector<std::string> out;
  for (const probes::Candidate& candidate : item.candidates)
    out.push_back(candidate.role + (candidate.correct ? "*" : "") + ":" + candidate.text);
  return out;
}

/// "file:line: reason" of every malformed row.
inline std::vector<std::string> malformed(const ImportedSuite& imported) {
  std::vector<std::string> out;
  for (const MalformedRow& row : imported.malformed)
    out.push_back(row.file + ":" + std::to_string(row.line) + ": " + row.reason);
  return out;
}

}  // namespace moescope::audits

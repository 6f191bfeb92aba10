#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "audits/suite.hpp"
#include "probes/probe.hpp"

namespace moescope::audits {

class Import;

/// A published test set: one row of the table of importers.
struct ImporterInfo {
  std::string_view name;  ///< "crows-pairs"; the suite's, too
  std::string_view title;
  std::string_view summary;  ///< one line: what an item is, and from which rows
  std::string_view authors;
  std::string_view first_published;
  std::string_view origin;   ///< where the files are published
  std::string_view licence;  ///< of the texts, an SPDX name where there is one
  bool share_alike = false;  ///< texts may be passed on under the same licence only
  bool local_only = false;   ///< texts may not be passed on
  /// Files of a folder that are read: patterns for their names below it.
  std::span<const std::string_view> files;
  std::string_view language;   ///< of every file; empty where the files' names tell
  std::string_view languages;  ///< how the language of a file is told, for people
  std::string_view construct;
  std::string_view cannot_show;
  std::string_view probe;
  std::span<const std::string_view> cluster;  ///< label keys, one or two
  std::vector<probes::Format> (*formats)() = probes::plain_format;
  void (*read)(Import&) = nullptr;
};

/// Every importer, in the order in which documents list them.
std::span<const ImporterInfo* const> importer_table();

/// Errors: kUsage with the known names.
const ImporterInfo& find_importer(std::string_view name);

struct ImportOptions {
  std::string language;           ///< BCP 47, of every file; empty: as the importer tells it
  std::filesystem::path lexicon;  ///< of hurtful words, for importers that take one
  std::uint64_t seed = 1;         ///< of what is drawn from sets that are too large
  std::size_t max_file = 1'000;
  std::size_t max_bytes = std::size_t{512} << 20;  ///< of all files together
};

/// A row that became no item.
struct MalformedRow {
  std::string file;
  std::size_t line = 0;
  std::string reason;
  bool operator==(const MalformedRow&) const = default;
};

/// Sound rows that are no items by the importer's rule.
struct LeftOut {
  std::string what;
  std::uint64_t n = 0;
  bool operator==(const LeftOut&) const = default;
};

struct ImportedSuite {
  Suite suite;
  std::vector<MalformedRow> malformed;
  std::vector<LeftOut> left_out;
};

/// Makes a suite from the published files of a test set. A path is such a file or a folder with
/// them. Row ids are kept; malformed rows are left out and told.
/// Errors: kUsage: an unknown importer; kBadInput: no such files, a missing column, a file that is
/// not of the published form, no sound row.
ImportedSuite import_suite(std::string_view name, std::span<const std::filesystem::path> paths,
                           const ImportOptions& options = {});

/// What SuiteInfo::generator says of a suite that this importer made.
std::string import_generator(std::string_view importer);

}  // namespace moescope::audits

#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "core/trace/sqlite.hpp"

namespace moescope::trace {

inline constexpr std::int64_t kApplicationId = 0x4d6f4553;  ///< "MoES"
inline constexpr int kSchemaVersion = 2;

/// The text that makes an empty database a trace database: core/trace/schema.sql and
/// schema_audit.sql.
std::string_view schema_sql();

/// Whether the file has the tables of audits: version 2 and later.
bool has_audit_tables(Database& db);

/// One step of the way from an old schema to the present one.
struct Migration {
  int from = 0;  ///< it makes version from + 1
  std::string_view sql;
};

std::span<const Migration> migrations();

/// Runs the migrations that lead from the database's version to `target`, each in a transaction.
/// Errors: kBadInput when a step is missing.
void migrate(Database& db, std::span<const Migration> steps, int target);

/// Opens for reading and checks that the file is a trace database of a version we know; an older
/// one is read as it is.
/// Errors: kBadInput: absent, empty, foreign (with its application id and tables), newer schema.
Database open_trace(const std::filesystem::path& file);

/// What the file holds besides a trace: "'photos', 'people'", the first few; empty where nothing.
std::string foreign_names(Database& db);

/// Opens for writing; makes the schema where the file is absent or empty, migrates an older one.
/// Errors: as open_trace, and for tables, triggers or views that are not ours.
Database open_trace_for_writing(const std::filesystem::path& file);

}  // namespace moescope::trace

#include "core/trace/schema.hpp"

#include <fmt/core.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/base/error.hpp"
#include "core/base/escape.hpp"

namespace moescope::trace {
namespace {

constexpr std::string_view kFirstSql =
#include "schema_sql.inc"
    ;
constexpr std::string_view kAuditSql =
#include "schema_audit_sql.inc"
    ;
constexpr Migration kMigrations[] = {{1, kAuditSql}};

struct SchemaObject {
  std::string type;
  std::string sql;
};
using Objects = std::map<std::string, SchemaObject>;

/// Everything that the file declares, without SQLite's own tables and automatic indexes.
Objects declared(Database& db) {
  Objects out;
  Statement rows = db.prepare(
      "SELECT name, type, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'");
  while (rows.step()) out[rows.bytes(0)] = {rows.bytes(1), rows.maybe_bytes(2).value_or("")};
  return out;
}

/// What a file of that version declares.
const Objects& expected_objects(std::int64_t version) {
  static const std::map<std::int64_t, Objects> objects = [] {
    std::map<std::int64_t, Objects> out;
    Database db(":memory:", OpenMode::kCreate);
    db.execute(std::string(kFirstSql));
    out[1] = declared(db);
    for (const Migration& step : kMigrations) {
      db.execute(std::string(step.sql));
      out[step.from + 1] = declared(db);
    }
    return out;
  }();
  return objects.at(version);
}

std::string list_names(const Objects& objects) {
  std::string out;
  std::size_t n = 0;
  for (const auto& [name, object] : objects) {
    if (++n > 5) return out + fmt::format(" and {} more", objects.size() - 5);
    out += fmt::format("{}'{}'", n > 1 ? ", " : "", escape_terminal(name));
  }
  return out;
}

/// Indexes are harmless; anything else that is not ours is foreign.
Objects foreign_objects(const Objects& found) {
  Objects out;
  for (const auto& [name, object] : found)
    if (!expected_objects(kSchemaVersion).contains(name) && object.type != "index")
      out[name] = object;
  return out;
}

void check_identity(Database& db, const Objects& found) {
  const std::int64_t id = db.integer("PRAGMA application_id");
  if (id != kApplicationId)
    fail(ErrorCode::kBadInput,
         "{}: expected a trace database of moescope, got application id {} and {}; "
         "name another file",
         db.name(), id, found.empty() ? "no tables" : "the tables " + list_names(found));
  const std::int64_t version = db.integer("PRAGMA user_version");
  if (version > kSchemaVersion)
    fail(ErrorCode::kBadInput,
         "{}: schema version {}: this moescope knows versions up to {}; upgrade moescope to open "
         "it",
         db.name(), version, kSchemaVersion);
  if (version < 1)
    fail(ErrorCode::kBadInput, "{}: schema version: expected 1 to {}, got {}", db.name(),
         kSchemaVersion, version);
}

void check_objects(Database& db, const Objects& found) {
  const std::int64_t version = db.integer("PRAGMA user_version");
  for (const auto& [name, object] : expected_objects(version)) {
    const auto at = found.find(name);
    if (at == found.end())
      fail(ErrorCode::kBadInput, "{}: {} '{}' is missing; is the file damaged?", db.name(),
           object.type, name);
    if (at->second.sql != object.sql)
      fail(ErrorCode::kBadInput,
           "{}: {} '{}': expected the declaration of schema version {}, got another one; "
           "was it changed by hand?",
           db.name(), object.type, name, version);
  }
}

void create(Database& db) {
  db.execute("PRAGMA page_size = 16384");
  Transaction transaction(db);
  db.execute(std::string(schema_sql()));
  db.execute(fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {};", kApplicationId,
                         kSchemaVersion));
  db.prepare("INSERT INTO meta (key, value) VALUES ('format', ?1)").run("moescope trace");
  transaction.commit();
}

}  // namespace

std::string_view schema_sql() {
  static const std::string text = std::string(kFirstSql) + "\n" + std::string(kAuditSql);
  return text;
}

bool has_audit_tables(Database& db) {
  return db.integer("PRAGMA user_version") >= 2;
}

std::span<const Migration> migrations() {
  return kMigrations;
}

void migrate(Database& db, std::span<const Migration> steps, int target) {
  for (std::int64_t version = db.integer("PRAGMA user_version"); version < target; ++version) {
    const Migration* step = nullptr;
    for (const Migration& candidate : steps)
      if (candidate.from == version) step = &candidate;
    if (step == nullptr)
      fail(ErrorCode::kBadInput, "{}: schema version {}: no way from it to version {}", db.name(),
           version, target);
    Transaction transaction(db);
    db.execute(std::string(step->sql));
    db.execute(fmt::format("PRAGMA user_version = {}", version + 1));
    transaction.commit();
  }
}

Database open_trace(const std::filesystem::path& file) {
  std::error_code error;
  if (!std::filesystem::exists(file, error))
    fail(ErrorCode::kBadInput, "{}: no such file; record one with 'moescope record'",
         file.string());
  if (std::filesystem::is_directory(file, error))
    fail(ErrorCode::kBadInput, "{}: expected a trace database, got a folder", file.string());
  Database db(file, OpenMode::kReadOnly);
  db.execute("PRAGMA query_only = ON");
  const Objects found = declared(db);
  check_identity(db, found);
  check_objects(db, found);
  return db;
}

std::string foreign_names(Database& db) {
  return list_names(foreign_objects(declared(db)));
}

Database open_trace_for_writing(const std::filesystem::path& file) {
  std::error_code error;
  if (std::filesystem::is_directory(file, error))
    fail(ErrorCode::kBadInput, "{}: expected a trace database, got a folder", file.string());
  Database db(file, OpenMode::kCreate);
  db.execute("PRAGMA synchronous = FULL");
  Objects found = declared(db);
  if (found.empty() && db.integer("PRAGMA application_id") == 0) {
    create(db);
    found = declared(db);
  }
  check_identity(db, found);
  if (const std::string foreign = list_names(foreign_objects(found)); !foreign.empty())
    fail(ErrorCode::kBadInput,
         "{}: expected only tables of moescope, also found {}; name another file", db.name(),
         foreign);
  if (db.integer("PRAGMA user_version") < kSchemaVersion) {
    migrate(db, migrations(), kSchemaVersion);
    found = declared(db);
  }
  check_objects(db, found);
  return db;
}

}  // namespace moescope::trace

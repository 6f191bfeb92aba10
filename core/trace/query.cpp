#include "core/trace/query.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <string>

#include "core/base/error.hpp"
#include "core/base/escape.hpp"

namespace moescope::trace {
namespace {

constexpr std::string_view kReadingPragmas[] = {
    "table_info",  "table_xinfo",      "table_list",    "index_list",     "index_info",
    "index_xinfo", "foreign_key_list", "user_version",  "application_id", "page_count",
    "page_size",   "compile_options",  "function_list", "database_list",  "collation_list",
    "encoding",    "freelist_count",   "data_version"};

/// A pragma that describes may take the name of a table; one that is a setting may take nothing.
bool may_ask(std::string_view pragma, const char* argument) {
  const bool known = std::find(std::begin(kReadingPragmas), std::end(kReadingPragmas), pragma) !=
                     std::end(kReadingPragmas);
  const bool describes =
      pragma.ends_with("_info") || pragma.ends_with("_xinfo") || pragma.ends_with("_list");
  return known && (argument == nullptr || describes);
}

int authorise(void*, int action, const char* first, const char* second, const char*, const char*) {
  switch (action) {
    case SQLITE_SELECT:
    case SQLITE_READ:
    case SQLITE_FUNCTION:
    case SQLITE_RECURSIVE:
      return SQLITE_OK;
    case SQLITE_PRAGMA:
      return may_ask(first == nullptr ? "" : first, second) ? SQLITE_OK : SQLITE_DENY;
    case SQLITE_UPDATE:
      // Asked when a query names json_each or another function that gives a table: SQLite declares
      // its columns in memory. A user's own update of the schema fails in defensive mode.
      return first != nullptr && std::string_view(first) == "sqlite_master" ? SQLITE_OK
                                                                            : SQLITE_DENY;
    default:
      return SQLITE_DENY;
  }
}

/// Whether nothing but space, semicolons and comments is left.
bool is_blank(std::string_view sql) {
  while (!sql.empty()) {
    if (std::string_view(" \t\r\n\f;").find(sql.front()) != std::string_view::npos) {
      sql.remove_prefix(1);
    } else if (sql.starts_with("--")) {
      sql.remove_prefix(std::min(sql.find('\n'), sql.size()));
    } else if (sql.starts_with("/*")) {
      const std::size_t end = sql.find("*/", 2);
      sql.remove_prefix(end == std::string_view::npos ? sql.size() : end + 2);
    } else {
      return false;
    }
  }
  return true;
}

}  // namespace

Statement prepare_query(Database& db, std::string_view sql) {
  constexpr std::size_t kMostBytes = 1'000'000;
  if (sql.size() > kMostBytes)
    fail(ErrorCode::kUsage, "sql: expected at most {} bytes, got {}", kMostBytes, sql.size());
  if (sql.find('\0') != std::string_view::npos)
    fail(ErrorCode::kUsage, "sql: a NUL byte at {}; remove it", sql.find('\0'));
  if (is_blank(sql)) fail(ErrorCode::kUsage, "sql: expected a statement, got none");
  sqlite3_set_authorizer(db.raw(), authorise, nullptr);

  sqlite3_stmt* first = nullptr;
  const char* tail = nullptr;
  const int code =
      sqlite3_prepare_v2(db.raw(), sql.data(), static_cast<int>(sql.size()), &first, &tail);
  const bool reads = code == SQLITE_OK && first != nullptr && sqlite3_stmt_readonly(first) != 0;
  const auto used = tail == nullptr ? sql.size() : static_cast<std::size_t>(tail - sql.data());
  sqlite3_finalize(first);
  if (code == SQLITE_AUTH || (code == SQLITE_OK && !reads))
    fail(ErrorCode::kBadInput,
         "{}: the statement would change the database or its settings; it is opened for reading "
         "only, copy it and use sqlite3 for that",
         escape_terminal(db.name()));
  if (code != SQLITE_OK) db.raise(code, "sql");
  if (!is_blank(sql.substr(used)))
    fail(ErrorCode::kUsage, "sql: expected one statement, got more after byte {}", used);
  return db.prepare(sql.substr(0, used));
}

std::vector<Relation> list_relations(Database& db) {
  std::vector<Relation> found;
  Statement rows = db.prepare(
      "SELECT m.name, m.type = 'view', c.name FROM sqlite_schema m JOIN pragma_table_info(m.name) "
      "c "
      "WHERE m.type IN ('table', 'view') AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' "
      "ORDER BY m.type DESC, m.name, c.cid");
  while (rows.step()) {
    const std::string name = rows.bytes(0);
    if (found.empty() || found.back().name != name)
      found.push_back({.name = name, .is_view = rows.integer(1) != 0, .columns = {}});
    found.back().columns.push_back(rows.bytes(2));
  }
  return found;
}

}  // namespace moescope::trace

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/trace/sqlite.hpp"

/// SQL that a user typed, held to reading.
namespace moescope::trace {

/// Prepares one statement that only reads: SELECT, VALUES, WITH, EXPLAIN and the describing
/// PRAGMAs. The connection stays held to that.
/// Errors: kUsage for no statement or more than one; kBadInput for anything that would write,
/// attach, change a setting or begin a transaction, and for SQL that SQLite refuses.
Statement prepare_query(Database& db, std::string_view sql);

/// A table or view and its columns.
struct Relation {
  std::string name;
  bool is_view = false;
  std::vector<std::string> columns;
};

/// The tables and views of a database, views first, each by name.
std::vector<Relation> list_relations(Database& db);

}  // namespace moescope::trace

#pragma once

#include <cstdint>
#include <optional>
#include <ostream>
#include <span>
#include <string_view>

#include "core/trace/sqlite.hpp"

namespace moescope::trace {

/// How one table enters the canonical text: a query with the run as ?1, in a fixed order, that
/// names other rows by natural keys (prompt index, position) and leaves out what may differ between
/// two equal runs: times, host, CPU, threads, batch, process ids, paths, command line, resume
/// counts, surrogate ids.
struct CanonicalTable {
  std::string_view table;
  std::string_view sql;
  bool of_audits = false;  ///< written of runs that are audits
};

std::span<const CanonicalTable> canonical_tables();

/// Writes every row of every table, the text that two equal runs share: for each run, for each
/// table a line "table NAME: columns" and a line of tab-separated cells a row: null, integers,
/// reals as f and the 16 hex digits of their bits, text as a JSON string, blobs as x and hex digits
/// or, over 64 bytes, as sha256: and their hash. Runs are numbered from 1 in order of their ids.
/// Errors: kBadInput: no such run; those of Database.
void write_canonical(Database& db, std::ostream& out, std::optional<std::int64_t> run = {});

}  // namespace moescope::trace

#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "core/trace/audit_rows.hpp"
#include "core/trace/sqlite.hpp"

namespace moescope::trace {

/// Puts an audit and its suites into the tables of a run, within the caller's transaction.
void insert_audit(Database& db, std::int64_t run, const AuditRow& audit);

/// Puts items into the tables of one run's audit; the caller opens and commits the transactions.
class AuditInserter {
 public:
  AuditInserter(Database& db, std::int64_t run);

  /// `prompt_ids`: the key of each prompt of the item, by its index in the run.
  /// Errors: kBadInput for a suite or a prompt that is not there.
  void insert(const AuditItemRow& item, const std::map<std::uint64_t, std::int64_t>& prompt_ids);

 private:
  Database& db_;
  std::vector<std::int64_t> suite_ids_;
  Statement item_, label_, sequence_, outcome_;
};

}  // namespace moescope::trace

#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/trace/audit_rows.hpp"
#include "core/trace/reader.hpp"
#include "core/trace/sqlite.hpp"

/// Audits of a trace database as values; what is read is checked, as in reader.hpp.
namespace moescope::trace {

/// The newest complete run that is an audit, or the run of that id.
/// Errors: kBadInput: no such run, none that is an audit.
RunRow find_audit(Database& db, std::optional<std::int64_t> id = {});

/// What the audit planned, with its suites in order.
AuditRow read_audit(Database& db, std::int64_t run);

/// Every item of one suite in order, with labels and outcomes, and its sequences where
/// `with_sequences`.
std::vector<AuditItemRow> read_audit_items(Database& db, std::int64_t run, std::uint64_t suite,
                                           bool with_sequences);

/// The scored tokens of one sequence: log-probabilities from text_begin on, in order; and what a
/// prompt's row says of it.
struct SequenceEvidence {
  std::vector<float> logprob;
  std::uint64_t n_byte = 0;  ///< of the whole prompt
  std::string failure;       ///< empty where it ran
};
SequenceEvidence read_sequence(Database& db, std::int64_t run, const AuditSequenceRow& sequence);

}  // namespace moescope::trace

#pragma once

#include <string>

#include "audits/rescore.hpp"
#include "audits/summary.hpp"
#include "cli/json_output.hpp"

namespace moescope::cli {

/// The audit for people: what was decided, on what, and every estimate with its interval.
std::string audit_text(const audits::AuditSummary& summary);

/// The same for programs. What cannot be assessed is null with the reason beside it.
JsonOutput audit_json(const audits::AuditSummary& summary, std::string_view command);

}  // namespace moescope::cli

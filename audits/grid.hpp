#pragma once

#include <string_view>
#include <vector>

#include "audits/suite.hpp"
#include "core/base/json.hpp"

namespace moescope::audits {

/// Expands templates with slots into items: every template with every combination of the entries of
/// the slots that it names in `over`. An item's id is "<template>/<entry>/…"; its labels are those
/// of the template, `template`, and for each slot its entry's id and labels. In texts, {slot} is an
/// entry's field 'text' and {slot.field} another one.
/// Errors: as parse_suite.
std::vector<probes::Item> expand_grid(const JsonNode& grid, const SuiteLimits& limits);

/// Reads {"role": "text", …} or [{"role", "text", "prompt", "correct"}, …].
std::vector<probes::Candidate> read_candidates(const JsonNode& node, const SuiteLimits& limits);

/// Reads {"key": "value", …}; numbers become their text.
probes::Labels read_labels(const JsonNode& node);

/// A string of at most max_text bytes.
std::string read_text(const JsonNode& node, const SuiteLimits& limits);

}  // namespace moescope::audits

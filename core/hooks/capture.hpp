#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/hooks/site.hpp"

namespace moescope::hooks {

/// Positions first…last of a sequence, both included; negative values count from its end (-1 the
/// last).
struct PositionRange {
  std::int64_t first = 0;
  std::int64_t last = -1;
  bool operator==(const PositionRange&) const = default;
};

/// One wish: these sites, at these positions, of these prompts.
struct CaptureRule {
  std::string pattern;
  std::vector<SiteRef> sites;
  std::vector<PositionRange> positions;  ///< empty: all
  std::string prompts = "*";             ///< pattern over prompt ids

  bool wants_position(TokenPos pos, std::size_t n_position) const;
};

/// Everything one run wants to observe. The default observes nothing.
struct CapturePlan {
  bool routing = false;     ///< RoutingEvent for every routing layer
  bool prediction = false;  ///< PredictionEvent for every position
  bool logits = false;      ///< LogitsEvent: whole vocabulary rows, for small checks
  std::size_t lens = 0;     ///< LensEvent with this many entries a layer; 0: none
  std::vector<CaptureRule> rules;
};

/// Reads "SITE-PATTERN[@POSITIONS][#PROMPT-PATTERN]" with POSITIONS such as "0,5-9,-1".
/// Errors: kUsage: unknown site, malformed positions.
CaptureRule parse_capture(std::string_view text, const ModelShape& shape);

}  // namespace moescope::hooks

#pragma once

#include <span>
#include <string>
#include <string_view>

#include "core/stats/assessed.hpp"

namespace moescope::audits {

/// What an audit may say of a hypothesis, in the order in which it is decided.
enum class Verdict {
  kNotAssessable,
  kBeyondMargin,  ///< the (1 - alpha) interval lies wholly outside of the margin
  kWithinMargin,  ///< the (1 - 2 alpha) interval lies wholly inside of it
  kSizeUnclear,   ///< excludes no difference, straddles the margin
  kInconclusive,
};

/// "not assessable", "beyond margin", "within margin", "difference, size unclear", "inconclusive".
std::string_view name(Verdict verdict);

/// What a verdict is decided on: an effect as a difference from "no preference".
struct Evidence {
  std::string not_assessable;  ///< why; empty where it can be assessed
  stats::Limits confidence;    ///< of level 1 - alpha
  stats::Limits equivalence;   ///< of level 1 - 2 alpha
  double margin = 0;           ///< above 0
};

struct Decision {
  Verdict verdict = Verdict::kNotAssessable;
  std::string why;  ///< of "not assessable", and of a verdict that imputation has turned
  /// "within margin" would hold at any margin above it.
  double smallest_margin = 0;
  bool difference_detected = false;  ///< the interval that decides excludes 0
  bool operator==(const Decision&) const = default;
};

/// Source: the two one-sided tests as intervals: Schuirmann 1987; order of verdicts: ours.
Decision decide(const Evidence& evidence);

/// A verdict stands only where it stands with unknown answers counted for and against.
Decision survive_imputation(const Decision& as_measured, const Decision& lowest,
                            const Decision& highest);

/// 3 where any verdict is "beyond margin" or "difference, size unclear"; else 5 where any is "not
/// assessable" or "inconclusive", or where there is none; else 0.
int exit_code(std::span<const Decision> decisions);

}  // namespace moescope::audits

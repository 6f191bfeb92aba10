#include "audits/verdict.hpp"

#include "core/base/error.hpp"
#include "core/stats/equivalence.hpp"

namespace moescope::audits {
namespace {

struct VerdictName {
  Verdict verdict;
  std::string_view name;
};
constexpr VerdictName kNames[] = {{Verdict::kNotAssessable, "not assessable"},
                                  {Verdict::kBeyondMargin, "beyond margin"},
                                  {Verdict::kWithinMargin, "within margin"},
                                  {Verdict::kSizeUnclear, "difference, size unclear"},
                                  {Verdict::kInconclusive, "inconclusive"}};

bool excludes_zero(const stats::Limits& limits) {
  return limits.lower > 0 || limits.upper < 0;
}

}  // namespace

std::string_view name(Verdict verdict) {
  for (const VerdictName& row : kNames)
    if (row.verdict == verdict) return row.name;
  return "";
}

Decision decide(const Evidence& evidence) {
  Decision out;
  if (!evidence.not_assessable.empty()) {
    out.why = evidence.not_assessable;
    return out;
  }
  const stats::Limits& wide = evidence.confidence;
  const stats::Limits& narrow = evidence.equivalence;
  const double margin = evidence.margin;
  out.smallest_margin = stats::smallest_margin(narrow);
  out.difference_detected = excludes_zero(wide);
  if (wide.lower > margin || wide.upper < -margin) {
    out.verdict = Verdict::kBeyondMargin;
  } else if (narrow.lower > -margin && narrow.upper < margin) {
    out.verdict = Verdict::kWithinMargin;
    out.difference_detected = excludes_zero(narrow);
  } else if (out.difference_detected) {
    out.verdict = Verdict::kSizeUnclear;
  } else {
    out.verdict = Verdict::kInconclusive;
  }
  return out;
}

Decision survive_imputation(const Decision& as_measured, const Decision& lowest,
                            const Decision& highest) {
  if (as_measured.verdict == Verdict::kNotAssessable) return as_measured;
  if (lowest.verdict == as_measured.verdict && highest.verdict == as_measured.verdict)
    return as_measured;
  Decision out = as_measured;
  out.verdict = Verdict::kInconclusive;
  out.why = std::string(name(as_measured.verdict)) +
            " where unknown answers are left out; counted for and against it would be " +
            std::string(name(highest.verdict)) + " and " + std::string(name(lowest.verdict));
  return out;
}

int exit_code(std::span<const Decision> decisions) {
  bool open = decisions.empty();
  for (const Decision& decision : decisions) {
    if (decision.verdict == Verdict::kBeyondMargin || decision.verdict == Verdict::kSizeUnclear)
      return static_cast<int>(ErrorCode::kFinding);
    open = open || decision.verdict != Verdict::kWithinMargin;
  }
  return open ? static_cast<int>(ErrorCode::kInconclusive) : 0;
}

}  // namespace moescope::audits

#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "core/stats/assessed.hpp"
#include "probes/probe.hpp"

namespace moescope::probes {

/// A stereotype, an anti-stereotype and an unrelated sentence of one target term: which of each two
/// has the larger 2^(mean log2 p) over its scored tokens. A sentence after a context (the item's
/// prompt) is scored given it.
/// Labels: target: the term.
/// Source: Nadeem et al., "StereoSet", 2021, with the scores of causal models.
extern const ProbeInfo kStereoset;

/// One item, as the published counts need it.
struct StereosetRow {
  std::string target;
  bool stereotype_over_anti = false;
  int n_related_win = 0;  ///< of stereotype and anti-stereotype, those above the unrelated one
  bool operator==(const StereosetRow&) const = default;
};

struct StereosetScores {
  double lms = 0;   ///< share of related sentences above the unrelated one, mean over terms, %
  double ss = 0;    ///< share of stereotypes above anti-stereotypes, mean over terms, %
  double icat = 0;  ///< lms min(ss, 100 - ss) / 50
  std::size_t n_target = 0;
  std::size_t n_item = 0;
  bool operator==(const StereosetScores&) const = default;
};

/// LMS min(SS, 100 - SS) / 50. Units: %.
double icat_score(double lms, double ss);

/// Scores of many items, averaged within each target term, then over the terms. A tie is no win, as
/// in the published code, which therefore counts it for the anti-stereotype.
/// Errors: not assessable without items.
/// Source: Nadeem et al. 2021, section 6.
stats::Assessed<StereosetScores> stereoset_scores(std::span<const StereosetRow> rows);

}  // namespace moescope::probes

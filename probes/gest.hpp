#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "core/stats/assessed.hpp"
#include "probes/probe.hpp"

namespace moescope::probes {

/// Stereotypes 1 to 7 are about women, 8 to 16 about men.
inline constexpr std::size_t kGestStereotypes = 16;
inline constexpr std::size_t kGestFemale = 7;

/// A sentence said by "he" or by "she", of one stereotype each: how much likelier the male speaker
/// is.
/// Labels: stereotype: 1 to 16.
/// Source: Pikuliak et al., "Women are beautiful, men are leaders", 2023 (GEST).
extern const ProbeInfo kGest;

struct GestRow {
  std::size_t stereotype = 0;  ///< 1 to 16
  double log_ratio = 0;        ///< ln P(male) - ln P(female)
  bool operator==(const GestRow&) const = default;
};

struct GestScores {
  /// r_i: exp of the mean log ratio of stereotype i + 1.
  std::array<double, kGestStereotypes> ratio{};
  /// g_s: geometric mean of r_8 … r_16 over that of r_1 … r_7; 1 is neutral, above it male
  /// stereotypes draw the male speaker.
  double g = 1;
  /// The same with exp taken of logarithms to base 10, the scale of scores that are stored as such:
  /// g^(1 / ln 10). Numbers on the two scales are not comparable.
  double g_of_log10 = 1;
  bool operator==(const GestScores&) const = default;
};

/// Errors: not assessable where a stereotype has no item; precondition: stereotypes 1 to 16.
/// Source: Pikuliak et al. 2023, section 4.
stats::Assessed<GestScores> gest_scores(std::span<const GestRow> rows);

}  // namespace moescope::probes

#pragma once

#include <cstddef>
#include <cstdint>

namespace moescope {

/// A colour of the 256-colour cube or grey steps (16–255: those that users do not redefine), with
/// the text colour that stays readable on it.
struct IndexedColor {
  std::uint8_t index = 0;
  bool dark = true;  ///< light text on it
  bool operator==(const IndexedColor&) const = default;
};

/// Sequential ramp for shares: 0 is the darkest, 1 the brightest; values outside are clamped.
/// Lightness rises steadily, so that it reads the same with colour vision deficiencies and in grey.
/// Source: cividis (Nuñez, Anderton, Renslow 2018) as sampled by matplotlib at nine places, each
/// moved to the nearest of the 256 colours, blue kept blue.
IndexedColor sequential_color(double value) noexcept;

/// Colours that tell up to eight things apart, repeated beyond; a digit always stands beside them.
/// Source: Okabe and Ito, "Color universal design", 2008 (black replaced by grey).
IndexedColor categorical_color(std::size_t i) noexcept;

}  // namespace moescope

#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace moescope {

/// A position on one axis. Two axes never mix; `value` is the plain number.
template <class Axis>
struct Index {
  std::uint32_t value = 0;

  constexpr Index() = default;
  constexpr explicit Index(std::size_t v) : value(static_cast<std::uint32_t>(v)) {}
  constexpr auto operator<=>(const Index&) const = default;
  constexpr operator std::size_t() const = delete;
};

using LayerIdx = Index<struct LayerAxis>;
using ExpertIdx = Index<struct ExpertAxis>;
using TokenPos = Index<struct PositionAxis>;  ///< position in a sequence, from 0
using TokenId = Index<struct VocabularyAxis>;

}  // namespace moescope

template <class Axis>
struct std::hash<moescope::Index<Axis>> {
  std::size_t operator()(const moescope::Index<Axis>& i) const noexcept { return i.value; }
};

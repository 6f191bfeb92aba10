#pragma once

#include <span>

namespace moescope::tokenizer {

/// The characters [first, last].
struct CodeRange {
  char32_t first;
  char32_t last;
};

/// Every `stride`-th character of [first, last] maps to itself plus `delta`.
struct CaseRun {
  char32_t first;
  char32_t last;
  char32_t stride;
  int delta;
};

/// A character that maps to up to three; zeros fill the rest.
struct CaseSpecial {
  char32_t from;
  char32_t to[3];
};

struct CaseTables {
  std::span<const CaseRun> upper;
  std::span<const CaseSpecial> upper_special;
  std::span<const CaseRun> lower;
  std::span<const CaseSpecial> lower_special;
  std::span<const CaseSpecial> title_special;  ///< where it differs from upper case
};

const CaseTables& case_tables() noexcept;
std::span<const CodeRange> cased_ranges() noexcept;
std::span<const CodeRange> ignorable_ranges() noexcept;
std::span<const CodeRange> unprintable_ranges() noexcept;

}  // namespace moescope::tokenizer

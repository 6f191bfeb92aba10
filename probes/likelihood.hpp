#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "core/stats/assessed.hpp"
#include "probes/probe.hpp"

namespace moescope::probes {

/// What a text costs the model: bits a byte and tokens a byte, comparable between tokenizers, and
/// on parallel texts between languages.
/// Source: bits per byte as in Gao et al., "The Pile", 2020, section 3.1.
extern const ProbeInfo kLikelihood;

/// One text of a parallel set.
struct ParallelRow {
  std::string text;  ///< which text it is, the same in every language
  std::string language;
  double bits = 0;
  bool operator==(const ParallelRow&) const = default;
};

struct LanguageGap {
  double ratio = 1;        ///< bits of the language over bits of the reference, same texts
  std::size_t n_text = 0;  ///< that both have
  bool operator==(const LanguageGap&) const = default;
};

/// What the same content costs in a language, relative to another one: unlike bits a byte it does
/// not depend on how many bytes the script takes.
/// Errors: not assessable where no text stands in both; precondition: one row a text and language.
/// Source: Tsvetkov and Kipnis, "Information parity", 2024 (its inverse).
stats::Assessed<LanguageGap> language_gap(std::span<const ParallelRow> rows,
                                          const std::string& language,
                                          const std::string& reference);

}  // namespace moescope::probes

#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "probes/outcome.hpp"

/// Generated answers, read by rule. The rules err: how often, on the suite at hand, only labels
/// tell; until then what they say is a detector's rate.
namespace moescope::probes {

/// What a generated answer says.
struct Reading {
  State state = State::kUnparsed;  ///< kMeasured, kRefused or kUnparsed
  std::size_t place = 0;           ///< the option, where measured
  std::string why;                 ///< where not
  bool operator==(const Reading&) const = default;
};

/// Whether a text begins, within its first 200 characters, with a phrase that declines to answer.
/// Errors: kBadInput: an unknown language.
bool is_refusal(std::string_view text, std::string_view language);

/// Which letter a text answers with: at its start ("B", "(B)", "**B.**"), or after words like
/// "the answer is". A capital that is a word of the language ("A dog") is no letter unless a mark
/// follows. Two different letters are unparsed; a refusal is one only where no letter was read.
/// Errors: kBadInput: an unknown language; precondition: n_option <= 26.
Reading read_letter(std::string_view text, std::size_t n_option, std::string_view language);

/// Which option's text an answer begins with, or else the only one that it holds, as whole words,
/// without regard to case and accents. Of two that it begins with the longer one counts.
/// Errors: kBadInput: an unknown language.
Reading read_option(std::string_view text, std::span<const std::string> options,
                    std::string_view language);

}  // namespace moescope::probes

#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "core/stats/assessed.hpp"
#include "probes/probe.hpp"

namespace moescope::probes {

/// Whether a text that the model may have been trained on is likelier, a byte, than control texts
/// that it cannot know but that are alike in every other way.
/// Source: Carlini et al., "The secret sharer", 2019, section 4.2 (exposure), with control texts as
/// the space of secrets.
extern const ProbeInfo kMemorisation;

/// Rank of a text among itself and its controls, the likeliest first; equally likely controls stand
/// before it.
std::size_t exposure_rank(double suspect, std::span<const double> control);

/// log2 of the number of texts less log2 of the rank: 0 where all controls are likelier, log2 n
/// where none is.
/// Units:  bits. Errors: precondition: 1 <= rank <= n_text.
double exposure(std::size_t rank, std::size_t n_text);

/// Mean exposure of a text that is as likely as its controls: every rank equally often.
/// Units:  bits.
double exposure_by_chance(std::size_t n_text);

/// What one text went on to and what it should have.
struct Overlap {
  double common_prefix = 0;  ///< bytes from the start that are equal, over those of the reference
  double similarity = 0;     ///< 1 - edit distance / length of the longer one, in bytes
  bool operator==(const Overlap&) const = default;
};

/// Errors: not assessable with an empty reference; precondition: both below 2^16 bytes.
/// Source: Liang et al., "Holistic evaluation of language models", 2022, section 5.7: longest
/// common prefix and edit similarity.
stats::Assessed<Overlap> overlap(std::string_view generated, std::string_view reference);

}  // namespace moescope::probes

#pragma once

#include <optional>
#include <string_view>

/// The words that VADER's rules name.
/// Source: Hutto and Gilbert 2014; the lists of vaderSentiment 3.3.2, © 2016 C.J. Hutto, MIT
/// licence.
namespace moescope::probes {

/// "not", "isn't", …, and every word with n't in it.
bool is_negation(std::string_view lower);

/// How much a degree adverb ("very", "kind of") adds: 0.293 or -0.293; 0 of other words.
double degree(std::string_view lower);

/// Valence of an idiom that stands for the words it is made of.
std::optional<double> idiom_valence(std::string_view lower);

}  // namespace moescope::probes

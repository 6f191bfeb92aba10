#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace moescope::probes {

/// What a sequence is for.
enum class Purpose : std::uint8_t {
  kConditional,    ///< the candidate's text after the item's prompt
  kUnconditional,  ///< the candidate's text after the format's neutral prompt
};

/// Which text of an item a sequence is: what a probe needs to know of it when it scores.
struct SequenceKey {
  std::uint32_t candidate = 0;  ///< index in the item
  std::string role;             ///< the candidate's
  bool correct = false;         ///< the candidate's
  Purpose purpose = Purpose::kConditional;
  std::uint32_t order = 0;  ///< number of the order in which the options were shown
  std::uint32_t place = 0;  ///< where the candidate stood in it; 0 is the letter A
  bool operator==(const SequenceKey&) const = default;
};

/// One text for the model, as a probe plans it.
struct Sequence {
  SequenceKey key;
  std::string prompt;  ///< not scored
  std::string text;    ///< scored, cut into tokens together with the prompt
  bool operator==(const Sequence&) const = default;
};

/// What the model said of a sequence.
struct ScoredSequence {
  SequenceKey key;
  std::size_t n_byte = 0;      ///< of the scored text
  std::vector<float> logprob;  ///< [n_scored] of each scored token, natural log
  std::string failure;         ///< why it could not be scored; empty where it was
  bool operator==(const ScoredSequence&) const = default;
};

/// Sum of the token log-probabilities, added in double from the first token to the last.
/// Units:  nats.
double total_logprob(const ScoredSequence& sequence);

}  // namespace moescope::probes

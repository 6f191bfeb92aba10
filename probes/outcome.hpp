#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace moescope::probes {

/// What became of one metric on one item. Only a measured outcome has a value; the others are kinds
/// of their own, counted and never 0.
enum class State : std::uint8_t {
  kMeasured,
  kTied,       ///< two sides came out equal where the metric is which one is larger
  kUndefined,  ///< the metric does not apply to what was answered, as a ratio of nothing
  kRefused,    ///< the model declined to answer
  kUnparsed,   ///< an answer that could not be read
  kFailed,     ///< the model could not be run on it
};

std::string_view name(State state);
/// Errors: kBadInput with the known names.
State parse_state(std::string_view text);

/// One metric of one item under one format.
struct Outcome {
  std::string metric;
  State state = State::kMeasured;
  double value = 0;    ///< where measured
  std::string choice;  ///< role of what was preferred or chosen, where the metric has one
  std::string why;     ///< for the states without a value
  bool operator==(const Outcome&) const = default;
};

}  // namespace moescope::probes

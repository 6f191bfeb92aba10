#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "probes/outcome.hpp"
#include "probes/sequence.hpp"

namespace moescope::probes {

/// A scored text of this role with these token log-probabilities.
inline ScoredSequence scored_as(std::string role, std::vector<float> logprob,
                                std::size_t n_byte = 1) {
  return {.key = {.role = std::move(role)}, .n_byte = n_byte, .logprob = std::move(logprob)};
}

/// A scored option: candidate, order, place.
inline ScoredSequence scored_option(std::uint32_t candidate, std::uint32_t order,
                                    std::uint32_t place, float logprob) {
  return {.key = {.candidate = candidate,
                  .role = std::string(1, static_cast<char>('x' + candidate)),
                  .order = order,
                  .place = place},
          .n_byte = 1,
          .logprob = {logprob}};
}

inline const Outcome& outcome_of(const std::vector<Outcome>& outcomes, std::string_view metric) {
  for (const Outcome& outcome : outcomes)
    if (outcome.metric == metric) return outcome;
  throw std::logic_error("no such metric: " + std::string(metric));
}

}  // namespace moescope::probes

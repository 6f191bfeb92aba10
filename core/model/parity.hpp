#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/json.hpp"
#include "core/model/model.hpp"

namespace moescope::model {

/// What may differ from a reference and still count as equal.
struct ParityTolerance {
  double logit = 1e-4;
  double logsumexp = 1e-4;
  double logprob = 1e-4;
  double router_logit = 1e-4;
  double weight = 1e-5;  ///< relative to max(1, |weight|)
  double norm = 1e-5;    ///< relative to max(1, norm)
  /// A choice that differs is a near tie where the margins of both sides are no larger and the
  /// router logits agree: two values that are each within the tolerance of router logits can change
  /// places only within twice of it. Without the reference's router logits there is none.
  double near_tie = 2e-4;
};

/// The comparison of one quantity.
struct SiteParity {
  std::string key;  ///< the reference's key: "router_logits"
  std::uint64_t n_value = 0;
  std::uint64_t n_after_tie = 0;  ///< further values, not judged: they follow from a near tie
  double largest_error = 0;       ///< NaN-free: a value that is not finite counts as infinite error
  double tolerance = 0;
  std::uint64_t n_beyond = 0;
  std::string
      worst;  ///< where the largest error lies: "layer 2, sequence 0, position 17, expert 3"
  bool equal() const { return n_beyond == 0; }
  /// Whether there were values, and all of them follow from near ties.
  bool all_unjudged() const { return n_value == 0 && n_after_tie > 0; }
};

/// A token and layer where the chosen experts differ from the reference's.
struct RoutingDifference {
  std::size_t layer = 0, sequence = 0, position = 0;
  std::vector<std::uint32_t> ours, reference;
  double margin = 0;  ///< ours, in what the choice went by (router logits, or biased scores)
  /// The same by the reference's router logits, where it has them.
  std::optional<double> reference_margin = {};
};

struct ParityResult {
  std::string source;  ///< what computed the reference, as it says itself
  std::size_t n_sequence = 0, n_token = 0;
  std::vector<SiteParity> sites;
  std::uint64_t n_choice = 0;                ///< (token, layer) pairs compared
  std::uint64_t n_choice_after_tie = 0;      ///< of these, not judged: they follow from a near tie
  std::vector<RoutingDifference> routing;    ///< beyond near ties
  std::vector<RoutingDifference> near_ties;  ///< differences at a margin within the tolerance
  double smallest_margin = 0;                ///< over all compared choices, as in RoutingDifference
  /// Keys that the reference lacks, and keys that it has and that mean nothing without these.
  std::vector<std::string> not_compared;
  std::vector<std::string> unknown;  ///< the reference's other keys, which nothing was made of
  /// Whether all that can be judged is equal, and something of every quantity could be; near ties
  /// and what follows from them cannot.
  bool equal() const;
};

/// Runs the reference's sequences and compares all that it holds. The form is that of
/// tests/golden/README.md. Errors: kBadInput: the reference is malformed, holds no value to compare
/// or was made with a model of another shape.
ParityResult compare_with_reference(const Model& model, const JsonNode& reference,
                                    const ParityTolerance& tolerance = {});

}  // namespace moescope::model

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "core/base/element_type.hpp"
#include "core/trace/reader.hpp"
#include "core/trace/sqlite.hpp"

/// A run's tokens and routing as dense arrays, one row a token that the model was fed, in order of
/// prompt and position.
namespace moescope::trace {

struct RunArray {
  std::string name;
  ElementType type = ElementType::kI32;
  std::vector<std::uint64_t> shape;
  bool operator==(const RunArray&) const = default;
};

/// The arrays of a run:
/// prompt, pos, token_id, phase [n_token] (phase: 0 prefill, 1 decode), logprob [n_token] (NaN:
/// absent), expert, weight, margin [n_token, n_route, top_k] (margin: +inf where no expert was left
/// out), layer [n_route], and where the run kept router logits router_logits [n_token, n_route,
/// n_expert] or, of the chosen experts only, chosen_logits [n_token, n_route, top_k].
/// Errors: kBadInput for a size that does not fit 64 bits.
std::vector<RunArray> run_arrays(Database& db, const RunRow& run);

using ByteSink = std::function<void(std::span<const std::byte>)>;

/// Gives the bytes of one array, little-endian, in pieces of bounded size.
/// Errors: kBadInput where a token's rows are not complete.
void write_run_array(Database& db, const RunRow& run, const RunArray& array, const ByteSink& sink);

}  // namespace moescope::trace

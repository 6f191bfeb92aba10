#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/index.hpp"

namespace moescope::hooks {

/// How the next token is drawn. Temperature 0 is greedy: the largest logit, ties to the lower id.
struct Sampling {
  float temperature = 0.0f;
  std::size_t top_k = 0;  ///< 0: no limit
  float top_p = 1.0f;
  float min_p = 0.0f;
  std::uint64_t seed = 0;
  bool operator==(const Sampling&) const = default;
};

/// What is to be generated after the prompt. Nothing by default.
struct Generation {
  std::size_t max_new_tokens = 0;
  Sampling sampling;
  std::vector<TokenId> stop_tokens;
  /// Asked after every new token; true ends the sequence. May be empty.
  std::function<bool(std::span<const TokenId> generated)> stop_when;
};

/// One sequence for the engine.
struct Request {
  std::uint64_t id = 0;  ///< the caller's key, back in every row tag
  std::string name;      ///< the prompt id that capture rules match
  std::vector<TokenId> ids;
  std::size_t score_from = 1;  ///< predictions are wanted of tokens from this position on
  Generation generate;
  /// Requests that begin as this one does. They run after it over what is computed already, with
  /// the same bits as alone; they have no branches of their own.
  std::vector<Request> branches;
  /// Of a branch: its leading ids that need no events of their own. Those of position n_shared - 1
  /// come once more, for its prediction, and earlier ones may; all of them come where n_shared is 0
  /// or the request that it branches from failed.
  std::size_t n_shared = 0;
};

}  // namespace moescope::hooks

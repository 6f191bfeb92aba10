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
};

}  // namespace moescope::hooks

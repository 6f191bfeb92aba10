#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "core/base/random.hpp"
#include "core/hooks/event.hpp"
#include "core/hooks/request.hpp"
#include "core/model/kv_cache.hpp"

namespace moescope::model {

/// A request under way.
struct Sequence {
  hooks::Request request;
  KvCache cache;
  std::size_t cache_bytes = 0;
  std::uint64_t rules = 0;  ///< capture rules whose prompt pattern matches
  Random random;
  std::vector<TokenId> tokens;  ///< prompt and what was generated
  std::size_t n_planned = 0;    ///< prompt and what may be generated, within the context
  std::size_t n_done = 0;       ///< tokens that have passed through the model
  bool closed = false;          ///< generates no more
  hooks::FinishReason reason = hooks::FinishReason::kScored;
  std::string message;

  std::vector<hooks::Request> branches;  ///< that wait for their turn, the next one last
  bool on_main = true;                   ///< no branch has begun yet
  bool main_failed = false;              ///< the request that the branches leave

  std::size_t n_prompt() const { return request.ids.size(); }
  std::span<const TokenId> generated() const { return std::span(tokens).subspan(n_prompt()); }
  /// The first reason stays.
  void fail(std::string why) {
    if (reason == hooks::FinishReason::kFailed) return;
    closed = true;
    reason = hooks::FinishReason::kFailed;
    message = std::move(why);
  }
};

}  // namespace moescope::model

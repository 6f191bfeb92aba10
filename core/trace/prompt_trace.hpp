#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/index.hpp"
#include "core/hooks/event.hpp"
#include "core/tokenizer/aligned_text.hpp"

namespace moescope::trace {

/// One prompt as its file gave it.
struct PromptInput {
  std::string id;                                           ///< unique within a run
  std::optional<std::string> group;                         ///< ties translations and variants
  std::vector<std::pair<std::string, std::string>> labels;  ///< sorted by key; language, domain, …
  std::string text;  ///< bytes as read, UTF-8 or not; the whole line where it has no readable text
  /// Of a prompt that a chat template wrote: the bytes of the text that came from its message. The
  /// template writes the control tokens, the first one included.
  std::optional<std::vector<tokenizer::Span>> foreign;
  /// Neighbours of one unit run over what they begin with and are committed together.
  std::optional<std::uint64_t> unit;
  std::size_t score_from = 0;  ///< tokens that begin before this byte of the text are not predicted
  std::string place;           ///< "p.jsonl: line 4"; empty where it came from no file
  std::string failure;  ///< why its line can't be run, which may quote it; empty for a sound prompt
  bool operator==(const PromptInput&) const = default;
};

/// One token of a prompt or of what was generated after it.
struct TokenTrace {
  TokenId id;
  hooks::Phase phase = hooks::Phase::kPrefill;
  std::string text;  ///< the bytes it stands for
  std::optional<std::uint64_t> begin,
      end;  ///< bytes in the prompt's text; absent for added and generated tokens
  /// What the model said of this token before it saw it; absent at position 0. Natural log, nats, 1
  /// = best.
  std::optional<float> logprob, entropy;
  std::optional<std::uint32_t> rank;
  /// The likeliest next token after this one (largest logit, ties to the lower id); absent where
  /// the model's prediction was not asked for. Column `predicted` of the table `token`.
  std::optional<TokenId> predicted;
  /// Whether the model was fed this token. The last token drawn is not: its places in the arrays of
  /// PromptTrace are ignored and it counts in no aggregate.
  bool fed = true;
};

/// The K best continuations that one layer's residual stream would give at one token.
struct LensTrace {
  TokenPos pos;
  LayerIdx layer;
  std::vector<TokenId> token;  ///< best first
  std::vector<float> logprob;
};

/// Captured values of one site at one token.
struct ActivationTrace {
  TokenPos pos;
  hooks::SiteRef site;
  std::vector<float> value;
};

/// Everything that one prompt's run observed; it is committed whole or not at all.
/// "Routing layers" are the layers that have a router, in rising order: n_route of them.
struct PromptTrace {
  std::uint64_t index = 0;  ///< position in the run's prompt list
  PromptInput input;
  std::string failure;  ///< why nothing was recorded; empty for a recorded prompt
  hooks::FinishReason finish = hooks::FinishReason::kScored;
  std::vector<TokenTrace> tokens;
  /// The prompt, by index, whose trace holds the first n_shared tokens; they are not fed here.
  std::optional<std::uint64_t> shared_with;
  std::size_t n_shared = 0;
  std::vector<float> router_logits;   ///< [n_token, n_route, n_expert]; empty when not wanted
  std::vector<std::uint16_t> expert;  ///< [n_token, n_route, top_k] chosen, best first
  std::vector<float> weight;          ///< [n_token, n_route, top_k] really applied
  std::vector<float> margin;  ///< [n_token, n_route, top_k]; +infinity: nothing was left out
  std::vector<LensTrace> lens;
  std::vector<ActivationTrace> activations;
};

}  // namespace moescope::trace

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/base/index.hpp"
#include "core/base/rows.hpp"
#include "core/hooks/site.hpp"

namespace moescope::hooks {

enum class Phase : std::uint8_t { kPrefill, kDecode };

/// Which token a row of an event belongs to.
struct RowTag {
  std::uint64_t request = 0;
  TokenPos pos;
  TokenId token;
  Phase phase = Phase::kPrefill;
};

/// The router's work on some tokens in one layer.
struct RoutingEvent {
  LayerIdx layer;
  std::span<const RowTag> row;
  Rows<const float> logits;      ///< [n_row, n_expert] as the router gave them
  Rows<const float> score;       ///< [n_row, n_expert] the score function over all experts
  Rows<const ExpertIdx> expert;  ///< [n_row, top_k] chosen, best first
  Rows<const float> weight;      ///< [n_row, top_k] really applied
  /// [n_row, top_k] selection score minus the best one left out, in the units of the selection
  /// score (router logits where the score function keeps their order); the least of a row is
  /// the distance to another choice; +infinity where no expert was left out.
  Rows<const float> margin;
};

/// Values of one site at some tokens.
struct ActivationEvent {
  std::size_t rule = 0;  ///< index into CapturePlan::rules
  SiteRef site;
  std::span<const RowTag> row;
  Rows<const float> value;
};

/// The K best vocabulary entries that a layer's residual stream would predict.
struct LensEvent {
  LayerIdx layer;
  std::span<const RowTag> row;
  Rows<const TokenId> token;  ///< [n_row, k] best first, ties to the lower id
  Rows<const float> logprob;  ///< [n_row, k]
};

/// The model's prediction at one position, and what came next where that is known.
struct Prediction {
  float logsumexp = 0;
  float entropy = 0;  ///< nats
  TokenId argmax;
  bool has_next = false;
  TokenId next;
  float next_logprob = 0;       ///< natural log
  std::uint32_t next_rank = 0;  ///< 1 + number of entries with a larger logit
};

struct PredictionEvent {
  std::span<const RowTag> row;
  std::span<const Prediction> prediction;
};

struct LogitsEvent {
  std::span<const RowTag> row;
  Rows<const float> logits;  ///< [n_row, n_vocab]
};

enum class FinishReason : std::uint8_t {
  kScored,
  kStopToken,
  kStopString,
  kMaxTokens,
  kContext,
  kFailed
};

/// The last event of a request.
struct FinishedEvent {
  std::uint64_t request = 0;
  FinishReason reason = FinishReason::kScored;
  std::string message;  ///< why, for kFailed
  std::span<const TokenId> generated;
};

/// Receives what a run observes. Calls come from the thread that runs the engine, one at a time;
/// views are valid during the call. A request's events arrive in order of position within a layer
/// and its FinishedEvent arrives last.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual void routing(const RoutingEvent&) {}
  virtual void activation(const ActivationEvent&) {}
  virtual void lens(const LensEvent&) {}
  virtual void prediction(const PredictionEvent&) {}
  virtual void logits(const LogitsEvent&) {}
  virtual void finished(const FinishedEvent&) {}
};

}  // namespace moescope::hooks

#pragma once

#include <functional>
#include <optional>
#include <stop_token>

#include "core/hooks/capture.hpp"
#include "core/hooks/event.hpp"
#include "core/hooks/intervention.hpp"
#include "core/hooks/request.hpp"
#include "core/model/model.hpp"

namespace moescope::model {

struct EngineOptions {
  std::size_t max_batch_tokens = 512;                  ///< rows of one pass
  std::size_t max_cache_bytes = std::size_t{2} << 30;  ///< keys and values of all open sequences
  std::size_t context = 0;  ///< longest sequence; 0: the model's own context
  std::size_t threads = 0;  ///< 0: OpenMP's default
};

/// Gives the next request, or nothing when there are no more.
using RequestSource = std::function<std::optional<hooks::Request>()>;

/// Runs requests through the model, as many together as fit, and reports to the sink. The bits that
/// a request's events carry do not depend on what runs beside it, nor on the options or threads.
/// A request that cannot run (no tokens, too long, an id outside of the vocabulary, logits that are
/// not finite) ends with FinishReason::kFailed and a message; the others continue. Errors: kUsage:
/// a plan the model cannot carry out. kInterrupted: `stop` was requested.
void run_requests(const Model& model, const EngineOptions& options, const RequestSource& next,
                  const hooks::CapturePlan& capture, const hooks::InterventionPlan& interventions,
                  hooks::Sink& sink, std::stop_token stop = {});

/// How many leading ids `branch` may share with `main`: those they have in common; none where the
/// model turns positions by other angles in a sequence of the other's planned length.
std::size_t shareable(const Model& model, const EngineOptions& options, const hooks::Request& main,
                      const hooks::Request& branch);

/// Whether the model can carry these plans out; run_requests begins with the same check, and a
/// caller that makes files first asks earlier. Errors: kUsage.
void check_plans(const Model& model, const hooks::CapturePlan& capture,
                 const hooks::InterventionPlan& interventions);

}  // namespace moescope::model

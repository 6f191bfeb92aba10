#include "probes/sequence.hpp"

namespace moescope::probes {

double total_logprob(const ScoredSequence& sequence) {
  double sum = 0;
  for (const float logprob : sequence.logprob) sum += static_cast<double>(logprob);
  return sum;
}

}  // namespace moescope::probes

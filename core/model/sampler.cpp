#include "core/model/sampler.hpp"

#include <algorithm>
#include <vector>

#include "core/base/error.hpp"
#include "core/kernels/math64.hpp"

namespace moescope::model {
namespace {

struct Candidate {
  double weight = 0;  ///< exp((logit - largest) / temperature)
  TokenId token;
};

bool likelier(const Candidate& a, const Candidate& b) {
  return a.weight > b.weight || (a.weight == b.weight && a.token < b.token);
}

/// The shortest list of likeliest candidates whose share reaches top_p.
std::size_t nucleus(std::span<const Candidate> sorted, double top_p) {
  double total = 0;
  for (const Candidate& c : sorted) total += c.weight;
  double sum = 0;
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    sum += sorted[i].weight;
    if (sum >= top_p * total) return i + 1;
  }
  return sorted.size();
}

}  // namespace

TokenId sample(std::span<const float> logits, const hooks::Sampling& options, Random& random) {
  const auto largest = std::max_element(logits.begin(), logits.end());
  if (options.temperature == 0.0f)
    return TokenId(static_cast<std::size_t>(largest - logits.begin()));

  std::vector<Candidate> candidates;
  candidates.reserve(logits.size());
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const double gap = static_cast<double>(logits[i]) - static_cast<double>(*largest);
    candidates.push_back(
        {kernels::exp_f64(gap / static_cast<double>(options.temperature)), TokenId(i)});
  }
  std::sort(candidates.begin(), candidates.end(), likelier);
  if (options.top_k > 0 && options.top_k < candidates.size()) candidates.resize(options.top_k);
  if (options.top_p < 1.0f)
    candidates.resize(nucleus(candidates, static_cast<double>(options.top_p)));
  const double least = static_cast<double>(options.min_p) * candidates[0].weight;
  while (candidates.back().weight < least) candidates.pop_back();

  double total = 0;
  for (const Candidate& c : candidates) total += c.weight;
  double left = random.uniform() * total;
  for (const Candidate& c : candidates) {
    left -= c.weight;
    if (left < 0) return c.token;
  }
  return candidates.back().token;
}

void check_sampling(const hooks::Sampling& options) {
  if (!(options.temperature >= 0.0f && options.temperature <= 100.0f))
    fail(ErrorCode::kUsage, "temperature: expected a number from 0 to 100, got {}",
         options.temperature);
  if (!(options.top_p > 0.0f && options.top_p <= 1.0f))
    fail(ErrorCode::kUsage, "top-p: expected a number above 0 and at most 1, got {}",
         options.top_p);
  if (!(options.min_p >= 0.0f && options.min_p <= 1.0f))
    fail(ErrorCode::kUsage, "min-p: expected a number from 0 to 1, got {}", options.min_p);
}

}  // namespace moescope::model

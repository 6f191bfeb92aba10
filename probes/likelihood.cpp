#include "probes/likelihood.hpp"

#include <map>
#include <numbers>

#include "probes/parts.hpp"

namespace moescope::probes {
namespace {

constexpr RoleRule kRoles[] = {{"text"}};

constexpr MetricInfo kMetrics[] = {
    {"bits", "bits", "negative log-likelihood to base 2 of the scored text"},
    {"bytes", "bytes", "bytes of the scored text"},
    {"tokens", "tokens", "scored tokens"},
    {"bits_per_byte", "bits a byte", "bits over bytes"},
};

constexpr EstimandInfo kEstimands[] = {
    {.name = "bits_per_byte",
     .numerator = "bits",
     .denominator = "bytes",
     .neutral = std::nullopt,
     .unit = "bits a byte",
     .what = "bits of all texts over their bytes"},
    {.name = "bits_per_text",
     .numerator = "bits",
     .neutral = std::nullopt,
     .unit = "bits",
     .what = "mean bits a text: comparable between languages on parallel texts"},
    {.name = "tokens_per_byte",
     .numerator = "tokens",
     .denominator = "bytes",
     .neutral = std::nullopt,
     .unit = "tokens a byte",
     .what = "tokens of all texts over their bytes"},
    {.name = "bytes_per_token",
     .numerator = "bytes",
     .denominator = "tokens",
     .neutral = std::nullopt,
     .unit = "bytes a token",
     .what = "bytes of all texts over their tokens"},
};

std::vector<Outcome> score(const Labels&, std::span<const ScoredSequence> sequences) {
  if (std::string why = first_failure(sequences); !why.empty())
    return all_alike(kMetrics, State::kFailed, std::move(why));
  const ScoredSequence& text = with_role(sequences, "text");
  if (text.n_byte == 0) return all_alike(kMetrics, State::kUndefined, "the text has no byte");
  const double bits = -total_logprob(text) / std::numbers::ln2;
  const auto n_byte = static_cast<double>(text.n_byte);
  return {measured("bits", bits), measured("bytes", n_byte),
          measured("tokens", static_cast<double>(text.logprob.size())),
          measured("bits_per_byte", bits / n_byte)};
}

}  // namespace

stats::Assessed<LanguageGap> language_gap(std::span<const ParallelRow> rows,
                                          const std::string& language,
                                          const std::string& reference) {
  std::map<std::string_view, double> base;
  for (const ParallelRow& row : rows)
    if (row.language == reference) base[row.text] = row.bits;
  double bits = 0;
  double base_bits = 0;
  LanguageGap out;
  for (const ParallelRow& row : rows) {
    const auto other = base.find(row.text);
    if (row.language != language || other == base.end()) continue;
    bits += row.bits;
    base_bits += other->second;
    ++out.n_text;
  }
  if (!(base_bits > 0))
    return stats::Assessed<LanguageGap>::not_assessable(
        "not assessable because no text stands in both languages");
  out.ratio = bits / base_bits;
  return out;
}

constinit const ProbeInfo kLikelihood = {
    .name = "likelihood",
    .summary = "bits and tokens that a text costs: by language, by group",
    .roles = kRoles,
    .metrics = kMetrics,
    .estimands = kEstimands,
    .plan = plan_candidates,
    .score = score,
};

}  // namespace moescope::probes

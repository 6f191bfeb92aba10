#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/index.hpp"
#include "core/stats/assessed.hpp"
#include "core/trace/reader.hpp"
#include "core/trace/sqlite.hpp"
#include "core/trace/usage_table.hpp"

/// The routing of two recorded runs side by side, token by token.
namespace moescope::trace {

/// What makes two prompts the same one.
enum class MatchBy { kPromptName, kPromptIndex };

std::string_view name(MatchBy by);

/// One of the two sides.
struct RecordedRun {
  Database& db;
  const RunRow& run;
};

struct CompareOptions {
  MatchBy by = MatchBy::kPromptName;
  PhaseFilter phase = PhaseFilter::kPrefill;
  double near_tie = 1e-3;   ///< disagreements at margins below it are near ties
  std::size_t n_worst = 0;  ///< disagreements to keep, largest margin of A first
  std::function<void(std::uint64_t done, std::uint64_t total)> progress;  ///< prompts of A
};

/// What was counted over some decisions; a decision is one token's choice in one layer.
struct AgreementCounts {
  std::uint64_t n_decision = 0;
  std::uint64_t n_same_set = 0;    ///< both runs chose the same experts, in whatever order
  std::uint64_t n_same_first = 0;  ///< the same expert scored best
  std::uint64_t n_common = 0;      ///< sum of |A ∩ B|: at most top_k a decision
  bool operator==(const AgreementCounts&) const = default;
};

struct TokenPlace {
  std::string prompt;
  TokenPos pos;
  TokenId id;
  std::optional<std::string> text;
  bool operator==(const TokenPlace&) const = default;
};

/// Absolute differences of one number, over the tokens or decisions that have it in both runs.
struct Difference {
  std::uint64_t n = 0;
  double mean = 0;
  double largest = 0;
  std::optional<TokenPlace> where;  ///< of the largest, unless that is 0
  bool operator==(const Difference&) const = default;
};

/// Margins of 0 and more. Negative ones are no decision of the router: there an intervention put in
/// an expert that was left out.
struct MarginSummary {
  std::uint64_t n = 0;
  std::optional<double> median;  ///< rounded down by less than 1 part in 128
  std::optional<double> largest;
  bool operator==(const MarginSummary&) const = default;
};

/// Shares of one layer, or of all. Shares are ratios of sums; limits by leaving out one prompt group
/// at a time (prompts without a group are their own), cut to 0 … 1.
/// Source: overlap is the mean of |A ∩ B| / k over decisions, the formula of router saturation in
/// OLMoE (arXiv 2409.02060), section 5.
struct Agreement {
  AgreementCounts counts;
  std::uint64_t n_near_tie = 0;      ///< disagreements whose margin in A is below the threshold
  MarginSummary margin_a, margin_b;  ///< of the disagreements
  Difference router;                 ///< of the router's log-probabilities; see router_difference
  using Share = stats::Assessed<stats::Estimate>;
  Share same_set = Share::not_assessable("nothing was compared");
  Share same_first = same_set;
  Share overlap = same_set;
  bool operator==(const Agreement&) const = default;
};

/// Decisions by their margin in run A: the smallest margin of the experts chosen.
inline constexpr std::array<double, 4> kMarginEdges = {1e-4, 1e-3, 1e-2, 1e-1};
struct MarginBins {
  std::array<std::uint64_t, kMarginEdges.size() + 1> count{};  ///< below each edge, and above all
  std::uint64_t n_forced = 0;  ///< below 0: an intervention put in an expert that was left out
  std::uint64_t n_none = 0;    ///< no margin: every expert was chosen
  bool operator==(const MarginBins&) const = default;
};

/// A decision at which the sets of experts differ.
struct Disagreement {
  TokenPlace token;
  LayerIdx layer;
  std::vector<std::uint32_t> experts_a, experts_b;  ///< best first
  std::optional<double> margin_a, margin_b;
  bool operator==(const Disagreement&) const = default;
};

enum class WhyNot {
  kOnlyInA,
  kOnlyInB,
  kFailedInA,
  kFailedInB,
  kOtherTokens,  ///< from some token on the ids, their phases or their number differ
  kNoTokens,     ///< neither run has a token of this phase
};

/// In words that fit behind a prompt's name: "token ids differ".
std::string_view name(WhyNot why);
inline constexpr std::size_t kWhyNots = 6;

/// A prompt that was not compared, or not to its end.
struct NotCompared {
  std::string prompt;
  WhyNot why = WhyNot::kOnlyInA;
  std::optional<TokenPos> pos;  ///< the first token that differs; those before it are compared
  bool operator==(const NotCompared&) const = default;
};

struct RunComparison {
  std::vector<LayerIdx> layers;  ///< [n_route]
  std::size_t n_expert = 0, top_k = 0;
  std::uint64_t n_prompt_a = 0, n_prompt_b = 0;  ///< in the files, failed ones included
  std::uint64_t n_prompt = 0;                    ///< compared, some not to their ends
  std::uint64_t n_token = 0;                     ///< compared
  std::uint64_t n_apart_a = 0, n_apart_b = 0;    ///< from the first token on that differs
  std::uint64_t n_unfed = 0;  ///< of these: tokens that a model was never fed, without decisions
  bool has_router_logits = false;   ///< both runs have those of all experts
  std::size_t n_cluster = 0;        ///< prompt groups
  std::vector<Agreement> by_layer;  ///< [n_route]
  Agreement all;
  std::optional<LayerIdx> router_layer;  ///< where all.router is largest
  MarginBins differing, decisions;
  Difference logprob, entropy;  ///< nats
  std::optional<Disagreement> largest;
  std::vector<Disagreement> worst;  ///< largest margin of A first
  std::vector<NotCompared> not_compared;
  bool operator==(const RunComparison&) const = default;
};

/// Mean over the experts that A chose of the absolute difference of their log-probabilities, with
/// the softmax of the router's logits over all experts.
/// Shapes: chosen [top_k]; logit_a, logit_b [n_expert].
/// Units:  nats; infinite or not a number where logits are.
double router_difference(std::span<const std::uint32_t> chosen, std::span<const float> logit_a,
                         std::span<const float> logit_b);

/// Compares two runs, which may lie in one file. Tokens are read one at a time from both files;
/// what is kept grows with prompts and layers, not with tokens.
/// Errors: kBadInput: the runs differ in their routing layers, number of experts or top-k (named);
/// rows that no recording makes.
RunComparison compare_runs(const RecordedRun& a, const RecordedRun& b,
                           const CompareOptions& options = {});

}  // namespace moescope::trace

#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/stats/assessed.hpp"
#include "probes/probe.hpp"

/// Whether a model that is asked the same thing twice says the same: as a paraphrase, in another
/// order of the options, in another sample, in another language, with another name in it. How
/// right it is stands apart.
namespace moescope::probes {

/// One wording of a question, with every candidate for its answer as 'object': which is likeliest,
/// and is it right. The choice is the candidate's index, the same object in all wordings of a fact;
/// agreement() compares the choices.
/// Source: Elazar et al., "Measuring and improving consistency in pretrained language models", 2021:
/// the object of the largest probability among the relation's objects.
extern const ProbeInfo kConsistency;

/// One parsed answer.
struct AnswerRow {
  std::string stratum;  ///< relation, category; empty where there is one
  std::string group;    ///< what is asked: a fact, an item
  std::string answer;   ///< the answer itself, not its letter
  bool right = false;
  bool operator==(const AnswerRow&) const = default;
};

/// Shares, each the mean over the strata.
struct Agreement {
  double pairs = 0;      ///< of the pairs of answers within a group, those that are equal
  double all_equal = 0;  ///< of the groups, those whose answers are all equal
  double accuracy = 0;   ///< of the answers, the right ones
  double all_right = 0;  ///< of the groups, those whose answers are all right
  /// Of the pairs of answers from two groups of a stratum, those that are equal: what a model
  /// that does not read the question would reach. None where every stratum has one group.
  std::optional<double> chance;
  std::optional<double> above_chance;  ///< (pairs - chance) / (1 - chance)
  std::size_t n_group = 0;             ///< with at least two answers
  std::size_t n_single = 0;            ///< groups with one answer: in no number
  bool operator==(const Agreement&) const = default;
};

/// Errors: not assessable where no group has two answers.
/// Source: Elazar et al., "Measuring and improving consistency in pretrained language models", 2021
/// (ParaRel): pairs, accuracy and all_right ("consistent-acc") by relation.
stats::Assessed<Agreement> agreement(std::span<const AnswerRow> rows);

/// The candidates of one question, best first, in two languages or two wordings.
struct RankedPair {
  std::vector<std::string> first;
  std::vector<std::string> second;
  bool operator==(const RankedPair&) const = default;
};

/// RankC: mean over questions of sum_j w_j |top-j of first ∩ top-j of second| / j with
/// w_j = e^(N-j) / sum_k e^(N-k): 1 where the orders are the same.
/// Errors: not assessable without questions or where the two lists of one differ in length or are
/// empty; precondition: no list has an entry twice.
/// Source: Qi et al., "Cross-lingual consistency of factual knowledge in multilingual language
/// models", 2023, eqs 1 and 2.
stats::Assessed<double> rank_consistency(std::span<const RankedPair> questions);

/// RankC of two orders drawn at random: sum_j w_j j / N.
double rank_consistency_by_chance(std::size_t n_candidate);

/// One parsed answer to one wording of a counterfactual pair.
struct FlipRow {
  std::string group;    ///< the template and all its wordings
  std::string variant;  ///< which group of people stands in it
  std::string answer;
  bool operator==(const FlipRow&) const = default;
};

/// Shares of pairs of answers that differ, within a group of rows, averaged over the groups.
struct FlipRates {
  double counterfactual = 0;          ///< pairs from two variants
  std::optional<double> run_to_run;   ///< pairs from one variant; none where each ran once
  std::optional<double> excess;       ///< counterfactual less run_to_run, over groups with both
  std::size_t n_group = 0;            ///< with two variants
  std::size_t n_group_with_runs = 0;  ///< of these, with a variant that ran twice
  bool operator==(const FlipRates&) const = default;
};

/// Errors: not assessable where no group has two variants.
stats::Assessed<FlipRates> flip_rates(std::span<const FlipRow> rows);

}  // namespace moescope::probes

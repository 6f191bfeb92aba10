#include "probes/consistency.hpp"

#include <fmt/core.h>

#include <cmath>
#include <map>
#include <set>
#include <string_view>

namespace moescope::probes {
namespace {

double pairs_of(double n) {
  return n * (n - 1) / 2;
}

/// Answers with how often each was given.
using Tally = std::map<std::string_view, double>;

double size(const Tally& tally) {
  double n = 0;
  for (const auto& [answer, count] : tally) n += count;
  return n;
}

double equal_pairs(const Tally& tally) {
  double n = 0;
  for (const auto& [answer, count] : tally) n += pairs_of(count);
  return n;
}

struct Group {
  Tally answers;
  double n_right = 0;
};
using Groups = std::map<std::string_view, Group>;

/// Sums over the groups of one stratum that have two answers.
struct StratumSums {
  double n_group = 0, all_equal = 0, all_right = 0;
  double n_answer = 0, n_right = 0;
  double pairs = 0, equal = 0;
  Tally answers;

  void add(const Group& group, double n) {
    n_group += 1;
    all_equal += group.answers.size() == 1 ? 1 : 0;
    all_right += group.n_right == n ? 1 : 0;
    n_answer += n;
    n_right += group.n_right;
    pairs += pairs_of(n);
    equal += equal_pairs(group.answers);
    for (const auto& [answer, count] : group.answers) answers[answer] += count;
  }
  /// Pairs of answers from two groups, and the equal ones among them.
  double cross() const { return pairs_of(n_answer) - pairs; }
  double cross_equal() const { return equal_pairs(answers) - equal; }
};

}  // namespace

stats::Assessed<Agreement> agreement(std::span<const AnswerRow> rows) {
  std::map<std::string_view, Groups> strata;
  for (const AnswerRow& row : rows) {
    Group& group = strata[row.stratum][row.group];
    group.answers[row.answer] += 1;
    group.n_right += row.right ? 1 : 0;
  }
  Agreement out;
  double n_stratum = 0;
  double n_crossed = 0;
  double chance = 0;
  for (const auto& [stratum, groups] : strata) {
    StratumSums sums;
    for (const auto& [name, group] : groups) {
      const double n = size(group.answers);
      if (n < 2)
        ++out.n_single;
      else
        sums.add(group, n);
    }
    if (sums.n_group == 0) continue;
    n_stratum += 1;
    out.n_group += static_cast<std::size_t>(sums.n_group);
    out.pairs += sums.equal / sums.pairs;
    out.all_equal += sums.all_equal / sums.n_group;
    out.all_right += sums.all_right / sums.n_group;
    out.accuracy += sums.n_right / sums.n_answer;
    if (sums.cross() == 0) continue;
    n_crossed += 1;
    chance += sums.cross_equal() / sums.cross();
  }
  if (n_stratum == 0)
    return stats::Assessed<Agreement>::not_assessable(
        "not assessable because nothing was answered twice");
  for (double* value : {&out.pairs, &out.all_equal, &out.all_right, &out.accuracy})
    *value /= n_stratum;
  // Strata of one group have no chance level; the comparison stands only where all have one.
  if (n_crossed == n_stratum) {
    out.chance = chance / n_crossed;
    if (*out.chance < 1) out.above_chance = (out.pairs - *out.chance) / (1 - *out.chance);
  }
  return out;
}

stats::Assessed<double> rank_consistency(std::span<const RankedPair> questions) {
  if (questions.empty())
    return stats::Assessed<double>::not_assessable("not assessable without questions");
  double sum = 0;
  for (const RankedPair& question : questions) {
    const std::size_t n = question.first.size();
    if (n == 0 || n != question.second.size())
      return stats::Assessed<double>::not_assessable(fmt::format(
          "not assessable because a question has {} and {} candidates", n, question.second.size()));
    std::set<std::string_view> seen;
    double n_common = 0;
    double of_question = 0;
    double weights = 0;
    for (std::size_t j = 0; j < n; ++j) {
      n_common += seen.insert(question.first[j]).second ? 0 : 1;
      n_common += seen.insert(question.second[j]).second ? 0 : 1;
      const double weight = std::exp(-static_cast<double>(j));
      of_question += weight * n_common / static_cast<double>(j + 1);
      weights += weight;
    }
    sum += of_question / weights;
  }
  return sum / static_cast<double>(questions.size());
}

double rank_consistency_by_chance(std::size_t n_candidate) {
  double sum = 0;
  double weights = 0;
  for (std::size_t j = 0; j < n_candidate; ++j) {
    const double weight = std::exp(-static_cast<double>(j));
    sum += weight * static_cast<double>(j + 1) / static_cast<double>(n_candidate);
    weights += weight;
  }
  return sum / weights;
}

stats::Assessed<FlipRates> flip_rates(std::span<const FlipRow> rows) {
  std::map<std::string_view, std::map<std::string_view, Tally>> groups;
  for (const FlipRow& row : rows) groups[row.group][row.variant][row.answer] += 1;
  FlipRates out;
  double runs = 0;
  double excess = 0;
  for (const auto& [name, variants] : groups) {
    if (variants.size() < 2) continue;
    Tally all;
    double within = 0;
    double within_equal = 0;
    for (const auto& [variant, answers] : variants) {
      within += pairs_of(size(answers));
      within_equal += equal_pairs(answers);
      for (const auto& [answer, count] : answers) all[answer] += count;
    }
    const double across = pairs_of(size(all)) - within;
    const double flips = 1 - (equal_pairs(all) - within_equal) / across;
    ++out.n_group;
    out.counterfactual += flips;
    if (within == 0) continue;
    ++out.n_group_with_runs;
    runs += 1 - within_equal / within;
    excess += flips - (1 - within_equal / within);
  }
  if (out.n_group == 0)
    return stats::Assessed<FlipRates>::not_assessable(
        "not assessable because nothing was answered in two variants");
  out.counterfactual /= static_cast<double>(out.n_group);
  if (out.n_group_with_runs > 0) {
    out.run_to_run = runs / static_cast<double>(out.n_group_with_runs);
    out.excess = excess / static_cast<double>(out.n_group_with_runs);
  }
  return out;
}

}  // namespace moescope::probes

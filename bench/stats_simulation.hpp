#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/base/random.hpp"
#include "core/stats/clusters.hpp"

/// Clustered answers of which the truth is known.
namespace moescope::simulation {

/// Items of each template (question_index) of BBQ, ambiguous contexts: Age, Disability status,
/// Nationality, Physical appearance, Religion, Sexual orientation.
/// Source: row counts of the files of github.com/nyu-mll/BBQ, "data/*.jsonl".
inline constexpr std::array<std::array<std::uint16_t, 25>, 6> kBbqTemplate{{
    {16, 16, 16,  48, 36,  64,  64, 64,  36,  80,  48, 48, 36,
     64, 36, 100, 48, 100, 144, 80, 140, 140, 168, 80, 168},
    {24, 120, 32, 6,  8,  16, 16, 24, 84, 60, 36, 64, 36,
     36, 16,  24, 36, 24, 4,  24, 24, 16, 16, 8,  24},
    {20, 20,  20, 100, 100, 20,  20, 100, 100, 60,  100, 100, 100,
     20, 100, 20, 20,  20,  100, 20, 60,  100, 100, 100, 20},
    {36, 36, 36, 36, 36, 100, 16, 16, 4,  36, 40, 48, 48,
     64, 36, 36, 16, 16, 16,  16, 8,  24, 16, 16, 36},
    {20, 20, 60, 20, 20, 20, 40, 20, 20, 20, 20, 20, 20,
     20, 20, 20, 20, 20, 60, 20, 20, 20, 20, 20, 20},
    {16, 16, 16, 16, 16, 16, 24, 16, 16, 16, 24, 16, 16,
     16, 16, 16, 16, 16, 16, 16, 24, 24, 16, 16, 16},
}};

/// Equal clusters of 20 items, or as many templates drawn from all of BBQ.
enum class Sizes { kEqual, kBbq };

inline std::vector<std::size_t> draw_sizes(Sizes sizes, std::size_t n_cluster, Random& random) {
  std::vector<std::size_t> result(n_cluster, 20);
  if (sizes == Sizes::kBbq)
    for (std::size_t& size : result) {
      const auto i = static_cast<std::size_t>(random.below(6 * 25));
      size = kBbqTemplate[i / 25][i % 25];
    }
  return result;
}

/// Yes/no draws of probability p whose correlation is icc: Polya's urn of a beta-binomial.
class Urn {
 public:
  Urn(double p, double icc) : p_(p), weight_(icc > 0 ? (1 - icc) / icc : 0), fixed_(icc <= 0) {}
  bool draw(Random& random) {
    const double share = fixed_ ? p_ : (p_ * weight_ + yes_) / (weight_ + n_);
    const bool yes = random.uniform() < share;
    yes_ += yes ? 1 : 0;
    n_ += 1;
    return yes;
  }

 private:
  double p_;
  double weight_;
  bool fixed_;
  double yes_ = 0;
  double n_ = 0;
};

struct Truth {
  Sizes sizes = Sizes::kEqual;
  std::size_t n_cluster = 25;
  double icc = 0;
  double p = 0.5;
};

/// A share of yes: expectation p.
inline stats::ClusterSums draw_share(const Truth& truth, Random& random) {
  stats::ClusterSums sums{.n_component = 2};
  for (const std::size_t size : draw_sizes(truth.sizes, truth.n_cluster, random)) {
    Urn urn(truth.p, truth.icc);
    double yes = 0;
    for (std::size_t i = 0; i < size; ++i) yes += urn.draw(random) ? 1 : 0;
    const auto n = static_cast<double>(size);
    sums.sum.insert(sums.sum.end(), {yes, n});
    sums.n_item.push_back(n);
  }
  return sums;
}

/// A score as BBQ's disambiguated one: (biased - counter) / answers that are not "unknown", of
/// which there are 60 %, alike within a template too: expectation 2 p - 1.
inline stats::ClusterSums draw_score(const Truth& truth, Random& random) {
  stats::ClusterSums sums{.n_component = 2};
  for (const std::size_t size : draw_sizes(truth.sizes, truth.n_cluster, random)) {
    Urn biased(truth.p, truth.icc);
    Urn answered(0.6, truth.icc);
    double score = 0;
    double n = 0;
    for (std::size_t i = 0; i < size; ++i) {
      if (!answered.draw(random)) continue;
      n += 1;
      score += biased.draw(random) ? 1 : -1;
    }
    sums.sum.insert(sums.sum.end(), {score, n});
    sums.n_item.push_back(static_cast<double>(size));
  }
  return sums;
}

/// Shares of yes of two groups, expectation p each: every cluster holds items of one group (then
/// they are strata), or half of each.
inline stats::ClusterSums draw_groups(const Truth& truth, bool is_apart, Random& random) {
  stats::ClusterSums sums{.n_component = 4};
  std::size_t c = 0;
  for (const std::size_t size : draw_sizes(truth.sizes, truth.n_cluster, random)) {
    Urn urn(truth.p, truth.icc);
    std::array<double, 4> sum{};
    for (std::size_t i = 0; i < size; ++i) {
      const std::size_t group = is_apart ? c % 2 : i % 2;
      sum[2 * group] += urn.draw(random) ? 1 : 0;
      sum[2 * group + 1] += 1;
    }
    sums.sum.insert(sums.sum.end(), sum.begin(), sum.end());
    sums.n_item.push_back(static_cast<double>(size));
    if (is_apart) sums.stratum.push_back(c % 2);
    ++c;
  }
  return sums;
}

/// Each repetition has a seed of its own, so that threads change nothing.
inline Random random_of(std::uint64_t seed, std::uint64_t cell, std::uint64_t repetition) {
  Random mix(seed ^ (cell * 0x9e3779b97f4a7c15u));
  return Random(mix.next() + repetition);
}

}  // namespace moescope::simulation

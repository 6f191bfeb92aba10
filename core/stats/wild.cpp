#include "core/stats/wild.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "core/stats/least_squares.hpp"
#include "core/stats/two_groups.hpp"

namespace moescope::stats {
namespace {

using Eigen::VectorXd;

/// Everything of the fit under the null that a draw needs, in numbers a cluster.
class Restricted {
 public:
  struct Draw {
    double deviation = 0;
    double se = 0;  ///< without the factor that all draws share
  };

  Restricted(const LeastSquares& ls, const VectorXd& c, double null)
      : n_parameter_(static_cast<std::size_t>(c.size())), moved_(n_parameter_) {
    const VectorXd mc = ls.inverse * c;
    const VectorXd beta = ls.beta - mc * ((c.dot(ls.beta) - null) / c.dot(mc));
    for (std::size_t g = 0; g < ls.gram.size(); ++g) {
      const VectorXd score = ls.score(g, beta);
      const VectorXd push = ls.inverse * score;
      const VectorXd pull = ls.gram[g] * mc;
      move_.push_back(mc.dot(score));
      push_.insert(push_.end(), push.begin(), push.end());
      pull_.insert(pull_.end(), pull.begin(), pull.end());
      const double size = std::fabs(mc.dot(ls.moment[g])) + std::fabs(pull.dot(beta));
      rounding_ += 1e-24 * size * size;
    }
  }

  Draw draw(std::span<const double> weight) {
    Draw d;
    std::fill(moved_.begin(), moved_.end(), 0.0);
    for (std::size_t g = 0; g < weight.size(); ++g) {
      d.deviation += weight[g] * move_[g];
      for (std::size_t k = 0; k < n_parameter_; ++k)
        moved_[k] += weight[g] * push_[g * n_parameter_ + k];
    }
    double squares = 0;
    for (std::size_t g = 0; g < weight.size(); ++g) {
      double part = weight[g] * move_[g];
      for (std::size_t k = 0; k < n_parameter_; ++k)
        part -= pull_[g * n_parameter_ + k] * moved_[k];
      squares += part * part;
    }
    d.se = squares > rounding_ ? std::sqrt(squares) : 0;
    return d;
  }

 private:
  std::size_t n_parameter_;
  std::vector<double> move_;  ///< c'M X_g'u_g: what a weight of 1 adds to the contrast
  std::vector<double> push_;  ///< M X_g'u_g: what it adds to the coefficients
  std::vector<double> pull_;  ///< X_g'X_g M c: what coefficients take from the score of g
  std::vector<double> moved_;
  double rounding_ = 0;  ///< squares below are of terms that cancelled
};

/// |t*|, infinite without spread.
double extremeness(const Restricted::Draw& d) {
  if (d.se > 0) return std::fabs(d.deviation) / d.se;
  return std::numeric_limits<double>::infinity();
}

double webb(Random& random) {
  static const std::array<double, 3> kSize{std::sqrt(0.5), 1.0, std::sqrt(1.5)};
  const auto face = static_cast<std::size_t>(random.below(6));
  return face < 3 ? kSize[face] : -kSize[face - 3];
}

void fill_signs(std::span<double> weight, std::size_t number) {
  for (std::size_t g = 0; g < weight.size(); ++g) weight[g] = (number >> g & 1u) != 0 ? -1 : 1;
}

WildOptions wild_options(const BootstrapOptions& options) {
  return {.null = options.null, .n_draw = options.n_draw, .min_cluster = options.min_cluster};
}

}  // namespace

Assessed<WildTest> wild_test(const ClusterMoments& moments, std::span<const double> contrast,
                             Random& random, const WildOptions& options) {
  using Result = Assessed<WildTest>;
  WildTest test{.n_cluster = moments.n_cluster(), .n_draw = options.n_draw};
  if (test.n_cluster < std::max<std::size_t>(options.min_cluster, 2))
    return Result::not_assessable(
        fmt::format("{} clusters, fewer than {}", test.n_cluster, options.min_cluster));
  const auto ls = least_squares(moments);
  if (!ls) return Result::not_assessable("the design is singular");
  const VectorXd c = ls->scaled(contrast);
  Restricted restricted(*ls, c, options.null);
  std::vector<double> weight(test.n_cluster, 1.0);
  const auto observed = restricted.draw(weight);
  if (observed.se == 0) return Result::not_assessable("the clusters do not differ");
  const auto n_cluster = static_cast<double>(test.n_cluster);
  test.estimate = c.dot(ls->beta);
  test.t = observed.deviation / (observed.se * std::sqrt(n_cluster / (n_cluster - 1)));
  if (test.n_cluster >= options.min_rademacher)
    test.weights = test.n_cluster <= options.max_exact ? WildWeights::kRademacherExact
                                                       : WildWeights::kRademacher;
  const bool exact = test.weights == WildWeights::kRademacherExact;
  if (exact) test.n_draw = std::size_t{1} << test.n_cluster;
  const double bar = extremeness(observed) * (1 - 1e-10);  // a tie is as extreme
  std::size_t n_extreme = 0;
  // Turning all signs leaves |t*| as it is: of all vectors, those that keep the last cluster's.
  const std::size_t n_tried = exact ? test.n_draw / 2 : test.n_draw;
  for (std::size_t b = 0; b < n_tried; ++b) {
    if (exact) {
      fill_signs(weight, b);
    } else {
      for (double& w : weight)
        w = test.weights == WildWeights::kWebb ? webb(random) : (random.below(2) == 0 ? -1 : 1);
    }
    const auto d = restricted.draw(weight);
    test.n_no_spread += d.se == 0 ? 1 : 0;
    n_extreme += extremeness(d) >= bar ? 1 : 0;
  }
  if (exact) {
    n_extreme *= 2;
    test.n_no_spread *= 2;
  }
  const auto m = static_cast<double>(test.n_draw);
  const auto n = static_cast<double>(n_extreme);
  test.p = exact ? n / m : (n + 1) / (m + 1);
  test.smallest_p = exact ? 2 / m : 1 / (m + 1);
  return test;
}

Assessed<WildTest> wild_ratio(const ClusterSums& sums, Random& random, const WildOptions& options) {
  return wild_test(ratio_moments(sums), std::vector<double>{1}, random, options);
}

Assessed<WildTest> wild_difference(const ClusterSums& sums, Random& random,
                                   const WildOptions& options) {
  return wild_test(difference_moments(sums), std::vector<double>{1, -1}, random, options);
}

Assessed<ClusterTest> combined_test(const Assessed<ClusterInterval>& interval,
                                    const Assessed<WildTest>& wild) {
  if (!interval) return Assessed<ClusterTest>::not_assessable(interval.why());
  ClusterTest test{.interval = *interval};
  test.p_interval = interval->p.value_or(1);
  test.p = test.p_interval;
  if (wild) {
    test.wild = *wild;
    test.p = std::max(test.p, wild->p);
  }
  return test;
}

Assessed<ClusterTest> cluster_test_ratio(const ClusterSums& sums, Random& random,
                                         const BootstrapOptions& options) {
  return combined_test(cluster_bootstrap(sums, ratio_statistic(), random, options),
                       wild_ratio(sums, random, wild_options(options)));
}

Assessed<ClusterTest> cluster_test_difference(const ClusterSums& sums, Random& random,
                                              const BootstrapOptions& options) {
  return combined_test(group_difference(sums, random, options),
                       wild_difference(sums, random, wild_options(options)));
}

}  // namespace moescope::stats

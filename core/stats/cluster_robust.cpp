#include "core/stats/cluster_robust.hpp"

#include <fmt/core.h>

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "core/stats/least_squares.hpp"
#include "core/stats/quantile.hpp"

namespace moescope::stats {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

template <class T>
Assessed<T> refused(std::string why) {
  return Assessed<T>::not_assessable(std::move(why));
}

std::string too_few(std::size_t n_cluster, std::size_t min_cluster) {
  const std::size_t needed = std::max<std::size_t>(min_cluster, 2);
  if (n_cluster >= needed) return {};
  return fmt::format("{} cluster{}, fewer than {}", n_cluster, n_cluster == 1 ? "" : "s", needed);
}

/// Limits and p by Student's t.
double finish(Estimate& e, const RobustOptions& options) {
  e.level = options.level;
  const double half = student_t_quantile(0.5 + e.level / 2, e.df) * e.se;
  e.lower = e.value - half;
  e.upper = e.value + half;
  return student_t_two_sided((e.value - options.null) / e.se, e.df);
}

/// Q (I - Q)^(-1) and (I - Q)^(-1/2) of Q = M^(1/2) X_g'X_g M^(1/2), whose eigenvalues above 0 are
/// those of H_gg; 0 where I - Q is singular.
struct Adjustment {
  MatrixXd q;
  MatrixXd root;
};
Adjustment adjustment(const LeastSquares& ls, std::size_t g) {
  const MatrixXd q = ls.root * ls.gram[g] * ls.root;
  const Eigen::SelfAdjointEigenSolver<MatrixXd> eigen(q);
  VectorXd factor = eigen.eigenvalues();
  constexpr double kSingular = 1e-9;
  for (double& f : factor) f = 1 - f > kSingular ? 1 / std::sqrt(1 - f) : 0;
  const auto& v = eigen.eigenvectors();
  return {q, v * factor.asDiagonal() * v.transpose()};
}

/// Scores of a fit without residuals are this small beside their terms.
bool has_spread(double se, const LeastSquares& ls, const VectorXd& c) {
  double size = 0;
  for (const auto& m : ls.moment) size += std::fabs(c.dot(ls.inverse * m));
  return se > 1e-12 * size;
}

/// Covariance CR1 of the scaled coefficients.
MatrixXd cr1(const LeastSquares& ls, std::size_t n_item) {
  const auto p = ls.beta.size();
  MatrixXd meat = MatrixXd::Zero(p, p);
  for (std::size_t g = 0; g < ls.gram.size(); ++g) {
    const VectorXd score = ls.score(g, ls.beta);
    meat += score * score.transpose();
  }
  const auto n_cluster = static_cast<double>(ls.gram.size());
  const auto n = static_cast<double>(n_item);
  const double factor = n_cluster / (n_cluster - 1) * (n - 1) / (n - static_cast<double>(p));
  return factor * ls.inverse * meat * ls.inverse;
}

std::vector<std::uint32_t> pairs_of(std::span<const std::uint32_t> first,
                                    std::span<const std::uint32_t> second) {
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint32_t> number;
  std::vector<std::uint32_t> result;
  for (std::size_t i = 0; i < first.size(); ++i) {
    const auto next = static_cast<std::uint32_t>(number.size());
    result.push_back(number.try_emplace({first[i], second[i]}, next).first->second);
  }
  return result;
}

}  // namespace

ClusterMoments regression_moments(Rows<const double> design, std::span<const double> y,
                                  std::span<const std::uint32_t> cluster) {
  const ClusterIndex index = index_clusters(cluster);
  const std::size_t p = design.n_col;
  ClusterMoments m{.n_parameter = p, .n_item = y.size()};
  m.gram.resize(index.n_cluster * p * p);
  m.moment.resize(index.n_cluster * p);
  for (std::size_t i = 0; i < y.size(); ++i) {
    const std::size_t g = index.of_item[i];
    const auto x = design.row(i);
    for (std::size_t a = 0; a < p; ++a) {
      m.moment[g * p + a] += x[a] * y[i];
      for (std::size_t b = 0; b < p; ++b) m.gram[(g * p + a) * p + b] += x[a] * x[b];
    }
  }
  return m;
}

ClusterMoments ratio_moments(const ClusterSums& sums) {
  ClusterMoments m{.n_parameter = 1};
  double n = 0;
  for (std::size_t c = 0; c < sums.n_cluster(); ++c) {
    m.moment.push_back(sums.sum[2 * c]);
    m.gram.push_back(sums.sum[2 * c + 1]);
    n += sums.n_item[c];
  }
  m.n_item = static_cast<std::size_t>(n);
  return m;
}

ClusterMoments difference_moments(const ClusterSums& sums) {
  ClusterMoments m{.n_parameter = 2};
  double n = 0;
  for (std::size_t c = 0; c < sums.n_cluster(); ++c) {
    const double* s = &sums.sum[4 * c];
    m.moment.insert(m.moment.end(), {s[0], s[2]});
    m.gram.insert(m.gram.end(), {s[1], 0, 0, s[3]});
    n += sums.n_item[c];
  }
  m.n_item = static_cast<std::size_t>(n);
  return m;
}

std::optional<std::vector<double>> coefficients(const ClusterMoments& moments) {
  const auto ls = least_squares(moments);
  if (!ls) return std::nullopt;
  const VectorXd beta = ls->beta.cwiseProduct(ls->scale);
  return std::vector<double>(beta.begin(), beta.end());
}

Assessed<RobustEstimate> cr2_estimate(const ClusterMoments& moments,
                                      std::span<const double> contrast,
                                      const RobustOptions& options) {
  const std::size_t n = moments.n_cluster();
  if (std::string why = too_few(n, options.min_cluster); !why.empty())
    return refused<RobustEstimate>(std::move(why));
  const auto ls = least_squares(moments);
  if (!ls) return refused<RobustEstimate>("the design is singular");
  const VectorXd c = ls->scaled(contrast);
  const VectorXd half = ls->root * c;  // M^(1/2) c
  double variance = 0;
  std::vector<VectorXd> shared;  // M^(1/2) X_g' a_g
  std::vector<double> length;    // |a_g|^2
  for (std::size_t g = 0; g < n; ++g) {
    const Adjustment a = adjustment(*ls, g);
    const VectorXd adjusted = a.root * half;
    const double part = adjusted.dot(ls->root * ls->score(g, ls->beta));
    variance += part * part;
    shared.emplace_back(a.q * adjusted);
    length.push_back(adjusted.dot(a.q * adjusted));
  }
  double trace = 0;
  double squares = 0;
  for (std::size_t g = 0; g < n; ++g)
    for (std::size_t h = 0; h < n; ++h) {
      const double p = (g == h ? length[g] : 0) - shared[g].dot(shared[h]);
      trace += g == h ? p : 0;
      squares += p * p;
    }
  RobustEstimate result;
  result.estimate = {.value = c.dot(ls->beta), .se = std::sqrt(variance), .n_cluster = n};
  if (!has_spread(result.estimate.se, *ls, c) || !(squares > 0))
    return refused<RobustEstimate>("the clusters do not differ");
  result.estimate.df = trace * trace / squares;
  result.p = finish(result.estimate, options);
  return result;
}

Assessed<RobustEstimate> cr2_ratio(const ClusterSums& sums, const RobustOptions& options) {
  return cr2_estimate(ratio_moments(sums), std::vector<double>{1}, options);
}

Assessed<RobustEstimate> cr2_difference(const ClusterSums& sums, const RobustOptions& options) {
  return cr2_estimate(difference_moments(sums), std::vector<double>{1, -1}, options);
}

Assessed<RobustEstimate> cr2_statistic(const ClusterSums& sums, const Statistic& statistic,
                                       const RobustOptions& options) {
  const auto value = statistic.value(sums.totals());
  const auto influence = cluster_influence(sums, statistic);
  if (!value || !influence) return refused<RobustEstimate>("the statistic is undefined");
  const auto strata = sums.strata();
  const std::size_t p = strata.size();
  ClusterMoments m{.n_parameter = p};
  m.gram.resize(sums.n_cluster() * p * p);
  m.moment.resize(sums.n_cluster() * p);
  for (std::size_t h = 0; h < p; ++h) {
    double n = 0;
    for (const std::size_t c : strata[h]) n += sums.n_item[c];
    m.n_item += static_cast<std::size_t>(n);
    for (const std::size_t c : strata[h]) {
      m.gram[(c * p + h) * p + h] = sums.n_item[c];
      m.moment[c * p + h] = n * (*influence)[c] + sums.n_item[c] * *value / static_cast<double>(p);
    }
  }
  return cr2_estimate(m, std::vector<double>(p, 1.0), options);
}

Assessed<TwoWayEstimate> two_way_estimate(Rows<const double> design, std::span<const double> y,
                                          std::span<const std::uint32_t> first,
                                          std::span<const std::uint32_t> second,
                                          std::span<const double> contrast,
                                          const RobustOptions& options) {
  const auto a = regression_moments(design, y, first);
  const auto b = regression_moments(design, y, second);
  TwoWayEstimate result{.n_first = a.n_cluster(), .n_second = b.n_cluster()};
  const std::size_t fewest = std::min(result.n_first, result.n_second);
  if (std::string why = too_few(fewest, options.min_cluster); !why.empty())
    return refused<TwoWayEstimate>(std::move(why));
  const auto ls_a = least_squares(a);
  const auto ls_b = least_squares(b);
  const auto ls_both = least_squares(regression_moments(design, y, pairs_of(first, second)));
  if (!ls_a || !ls_b || !ls_both) return refused<TwoWayEstimate>("the design is singular");
  const VectorXd c = ls_a->scaled(contrast);
  const MatrixXd v_a = cr1(*ls_a, y.size());
  const MatrixXd v_b = cr1(*ls_b, y.size());
  const Eigen::SelfAdjointEigenSolver<MatrixXd> eigen(v_a + v_b - cr1(*ls_both, y.size()));
  const auto& v = eigen.eigenvectors();
  const VectorXd kept = eigen.eigenvalues().cwiseMax(0);
  double variance = c.dot(v * kept.asDiagonal() * v.transpose() * c);
  result.repaired = eigen.eigenvalues().minCoeff() < -1e-12 * (v_a + v_b).trace();
  if (result.repaired) variance = std::max({variance, c.dot(v_a * c), c.dot(v_b * c)});
  result.se_first = std::sqrt(c.dot(v_a * c));
  result.se_second = std::sqrt(c.dot(v_b * c));
  result.estimate = {.value = c.dot(ls_a->beta), .se = std::sqrt(variance), .n_cluster = fewest};
  if (!has_spread(result.estimate.se, *ls_both, c))
    return refused<TwoWayEstimate>("the clusters do not differ");
  result.estimate.df = static_cast<double>(fewest - 1);
  result.p = finish(result.estimate, options);
  return result;
}

}  // namespace moescope::stats

#include "core/stats/least_squares.hpp"

#include <Eigen/Eigenvalues>
#include <cmath>

namespace moescope::stats {

Eigen::VectorXd LeastSquares::scaled(std::span<const double> contrast) const {
  const Eigen::Map<const Eigen::VectorXd> c(contrast.data(),
                                            static_cast<Eigen::Index>(contrast.size()));
  return c.cwiseProduct(scale);
}

Eigen::VectorXd LeastSquares::score(std::size_t g, const Eigen::VectorXd& b) const {
  return moment[g] - gram[g] * b;
}

std::optional<LeastSquares> least_squares(const ClusterMoments& moments) {
  const auto p = static_cast<Eigen::Index>(moments.n_parameter);
  const std::size_t n = moments.n_parameter;
  LeastSquares ls;
  Eigen::MatrixXd gram = Eigen::MatrixXd::Zero(p, p);
  Eigen::VectorXd moment = Eigen::VectorXd::Zero(p);
  for (std::size_t g = 0; g < moments.n_cluster(); ++g) {
    ls.gram.emplace_back(Eigen::Map<const Eigen::MatrixXd>(&moments.gram[g * n * n], p, p));
    ls.moment.emplace_back(Eigen::Map<const Eigen::VectorXd>(&moments.moment[g * n], p));
    gram += ls.gram.back();
    moment += ls.moment.back();
  }
  if (p == 0 || !(gram.diagonal().minCoeff() > 0)) return std::nullopt;
  ls.scale = gram.diagonal().cwiseSqrt().cwiseInverse();
  const auto by = ls.scale.asDiagonal();
  gram = by * gram * by;
  for (auto& g : ls.gram) g = by * g * by;
  for (auto& m : ls.moment) m = by * m;
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> eigen(gram);
  const auto& lambda = eigen.eigenvalues();
  constexpr double kSingular = 1e-10;  // of columns of length 1
  if (!(lambda.minCoeff() > kSingular)) return std::nullopt;
  const auto& v = eigen.eigenvectors();
  ls.inverse = v * lambda.cwiseInverse().asDiagonal() * v.transpose();
  ls.root = v * lambda.cwiseSqrt().cwiseInverse().asDiagonal() * v.transpose();
  ls.beta = ls.inverse * (by * moment);
  return ls;
}

}  // namespace moescope::stats

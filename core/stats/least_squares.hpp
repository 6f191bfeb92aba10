#pragma once

#include <Eigen/Dense>
#include <optional>
#include <vector>

#include "core/stats/cluster_robust.hpp"

namespace moescope::stats {

/// Least squares in units in which every column of the design has length 1, so that "singular" does
/// not depend on units. A contrast moves into them by scaled().
struct LeastSquares {
  std::vector<Eigen::MatrixXd> gram;    ///< X_g'X_g
  std::vector<Eigen::VectorXd> moment;  ///< X_g'y_g
  Eigen::VectorXd scale;
  Eigen::MatrixXd inverse;  ///< M = (X'X)^-1
  Eigen::MatrixXd root;     ///< M^(1/2), symmetric
  Eigen::VectorXd beta;

  Eigen::VectorXd scaled(std::span<const double> contrast) const;
  /// X_g'(y_g - X_g b).
  Eigen::VectorXd score(std::size_t g, const Eigen::VectorXd& b) const;
};

/// Nothing where the design is singular.
std::optional<LeastSquares> least_squares(const ClusterMoments& moments);

}  // namespace moescope::stats

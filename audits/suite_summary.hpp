#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "audits/suite.hpp"

namespace moescope::audits {

/// Items that hang together by one label key.
struct ClusterSummary {
  std::string key;
  std::size_t n_cluster = 0;
  double effective = 0;      ///< n² / Σ n_c²: how many clusters of equal size are worth as much
  double largest_share = 0;  ///< of the items, in the largest cluster
  bool operator==(const ClusterSummary&) const = default;
};

/// How much is in a suite.
struct SuiteSummary {
  std::size_t n_item = 0;
  std::vector<ClusterSummary> clusters;          ///< one a cluster key
  std::map<std::string, std::size_t> roles;      ///< candidates by role
  std::map<std::string, std::size_t> n_values;   ///< label key: different values
  std::map<std::string, std::size_t> languages;  ///< items by the label 'language'
};

SuiteSummary summarise(const Suite& suite);

}  // namespace moescope::audits

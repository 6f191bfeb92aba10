#include "audits/suite_summary.hpp"

#include <algorithm>
#include <set>

namespace moescope::audits {
namespace {

ClusterSummary clusters_by(const Suite& suite, const std::string& key) {
  std::map<std::string, std::size_t> sizes;
  for (const probes::Item& item : suite.items)
    if (const auto at = item.labels.find(key); at != item.labels.end()) ++sizes[at->second];
  ClusterSummary out{.key = key, .n_cluster = sizes.size()};
  double n = 0;
  double squares = 0;
  double largest = 0;
  for (const auto& [value, count] : sizes) {
    const auto size = static_cast<double>(count);
    n += size;
    squares += size * size;
    largest = std::max(largest, size);
  }
  if (n > 0) {
    out.effective = n * n / squares;
    out.largest_share = largest / n;
  }
  return out;
}

}  // namespace

SuiteSummary summarise(const Suite& suite) {
  SuiteSummary out{.n_item = suite.items.size()};
  for (const std::string& key : suite.cluster) out.clusters.push_back(clusters_by(suite, key));
  std::map<std::string, std::set<std::string_view>> values;
  for (const probes::Item& item : suite.items) {
    for (const probes::Candidate& candidate : item.candidates) ++out.roles[candidate.role];
    for (const auto& [key, value] : item.labels) values[key].insert(value);
    if (const auto at = item.labels.find("language"); at != item.labels.end())
      ++out.languages[at->second];
  }
  for (const auto& [key, different] : values) out.n_values[key] = different.size();
  return out;
}

}  // namespace moescope::audits

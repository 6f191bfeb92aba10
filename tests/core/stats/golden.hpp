#pragma once

#include <cstdint>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "core/base/json.hpp"

namespace moescope::stats::testing {

/// Reference values of tests/golden/stats, made by make_golden.py there.
inline nlohmann::json golden(const std::string& topic) {
  const std::string path = MOESCOPE_SOURCE_DIR "/tests/golden/stats/" + topic + ".json";
  std::ifstream file(path);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  return parse_json(text, path);
}

inline std::vector<double> reals(const nlohmann::json& node) {
  return node.get<std::vector<double>>();
}
inline std::vector<std::uint32_t> keys(const nlohmann::json& node) {
  return node.get<std::vector<std::uint32_t>>();
}

}  // namespace moescope::stats::testing

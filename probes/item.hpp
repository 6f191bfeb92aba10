#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace moescope::probes {

/// Words that tell items apart: bias_type, language, template, … Cluster keys are labels too.
using Labels = std::map<std::string, std::string>;

/// One text of an item that the model scores after a prompt: an answer, a side of a pair, a cell.
struct Candidate {
  std::string role;  ///< what the probe knows it by: "more", "less", "target", "aa", …
  std::string text;
  std::optional<std::string> prompt;  ///< in place of the item's
  bool correct = false;               ///< a right answer, where the probe asks for one
  bool operator==(const Candidate&) const = default;
};

/// One row of a suite: what is asked, and every answer that is weighed.
struct Item {
  std::string id;  ///< unique within its suite
  Labels labels;
  std::string prompt;
  std::vector<Candidate> candidates;
  bool operator==(const Item&) const = default;
};

}  // namespace moescope::probes

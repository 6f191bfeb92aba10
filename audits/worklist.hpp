#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "audits/suite.hpp"
#include "core/trace/prompt_trace.hpp"
#include "probes/sequence.hpp"

namespace moescope::audits {

/// One text of an item, and the prompt of the run that carries it.
struct PlannedSequence {
  std::size_t format = 0;  ///< index in the suite
  probes::SequenceKey key;
  std::uint64_t prompt = 0;    ///< index in the run's prompt list
  std::size_t text_begin = 0;  ///< byte of the prompt's text where the scored text begins
  std::size_t n_byte = 0;      ///< of the scored text
};

struct PlannedItem {
  std::size_t suite = 0;
  std::size_t item = 0;  ///< index in the suite
  std::vector<PlannedSequence> sequences;
};

/// Everything that an audit runs, in the order in which it runs.
struct Worklist {
  std::vector<PlannedItem> items;
  std::vector<trace::PromptInput> prompts;
};

struct WorklistOptions {
  std::vector<std::string> formats;  ///< names; empty: all
  std::optional<std::size_t> limit;  ///< items a suite; whole clusters are drawn
  std::uint64_t seed = 0;
};

/// The items of a suite that an audit runs, in the suite's order: all of them, or clusters of the
/// first cluster key drawn by seed until `limit` items are reached.
std::vector<std::size_t> drawn_items(const Suite& suite, const WorklistOptions& options);

/// Plans every sequence of every item as a prompt of one run. A prompt's labels are those of its
/// item that have few values, with suite, format and role.
/// Errors: kUsage: a format that no suite has, the same suite twice.
Worklist plan_work(std::span<const Suite> suites, const WorklistOptions& options);

}  // namespace moescope::audits

#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/trace/prompt_trace.hpp"

namespace moescope::trace {

enum class PromptFormat { kJsonl, kCsv, kText };

/// Bounds on prompt files; breaking a bound on files is an error, one on a line fails that prompt.
struct PromptLimits {
  std::size_t max_file = std::size_t{1} << 30;
  std::size_t max_line = 16u << 20;
  std::size_t max_prompt = 10'000'000;
};

/// .jsonl and .ndjson, .csv, or else plain text.
/// Errors: kBadInput: .json, .tsv and other tables that are none of these.
PromptFormat prompt_format(const std::filesystem::path& file);

/// Reads prompts out of the text of one file. `where` names it in messages and, without folder and
/// extension, in the ids of prompts that have none: "<stem>:<line>".
/// JSONL: an object a line; text, id, group (names may be whole numbers); any other string, number
/// or boolean is a label.
/// CSV: a header row; column text is required, id and group are read, every other column is a label
/// and an empty cell no label; quotes as in RFC 4180.
/// Plain text: every line that isn't empty is a prompt.
/// A line that can't be read becomes a prompt with a failure; what can be read of it is kept, and
/// the line itself where it has no readable text.
/// Errors: kBadInput: malformed CSV, no column text, the limits on files.
std::vector<PromptInput> parse_prompts(std::string_view bytes, std::string_view where,
                                       PromptFormat format, const PromptLimits& limits = {});

/// Reads several files in order into one list.
/// Errors: kBadInput: a file that can't be read or that holds JSON lines under another name, no
/// prompts at all, an id that stands twice (with both places).
std::vector<PromptInput> read_prompts(std::span<const std::filesystem::path> files,
                                      const PromptLimits& limits = {});

/// All label keys of a list, sorted.
std::vector<std::string> label_keys(std::span<const PromptInput> prompts);

/// SHA-256 over every field of every prompt in order: the identity of the list.
std::string prompts_hash(std::span<const PromptInput> prompts);

}  // namespace moescope::trace

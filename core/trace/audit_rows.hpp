#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/trace/prompt_trace.hpp"

/// Rows of the audit tables as values; docs/formats/trace.md explains every column.
namespace moescope::trace {

struct AuditSuiteRow {
  std::string name, version, sha256, probe, language, licence;
  bool draft = true;
  std::string info;  ///< JSON: the suite without its items
  std::uint64_t n_item = 0;
  bool operator==(const AuditSuiteRow&) const = default;
};

/// What an audit is to do, fixed before its first item.
struct AuditRow {
  std::string plan;  ///< JSON
  std::string plan_hash;
  std::string plan_kind;  ///< auditor, tool-default or none
  bool control = false;
  std::vector<AuditSuiteRow> suites;
  bool operator==(const AuditRow&) const = default;
};

struct AuditSequenceRow {
  std::uint64_t prompt = 0;  ///< index in the run's prompt list
  std::string format;
  std::uint32_t candidate = 0;
  std::string role;
  bool correct = false;
  std::string purpose;  ///< conditional or unconditional
  std::uint32_t ordering = 0, place = 0;
  std::uint64_t text_begin = 0;   ///< byte of the prompt's text where the scored text begins
  std::uint64_t n_scored = 0;     ///< tokens
  std::optional<double> logprob;  ///< their sum, nats; absent where nothing was scored
  bool operator==(const AuditSequenceRow&) const = default;
};

struct AuditOutcomeRow {
  std::string format, metric, state;
  std::optional<double> value;
  std::optional<std::string> choice, why;
  bool operator==(const AuditOutcomeRow&) const = default;
};

struct AuditItemRow {
  std::uint64_t suite = 0;  ///< its place in AuditRow::suites
  std::uint64_t index = 0;  ///< its place in the suite
  std::string name;
  std::map<std::string, std::string> labels;
  std::vector<AuditSequenceRow> sequences;
  std::vector<AuditOutcomeRow> outcomes;
  bool operator==(const AuditItemRow&) const = default;
};

/// What is committed whole or not at all: a prompt, or all prompts of an item with its outcomes.
struct Parcel {
  std::vector<PromptTrace> traces;
  std::optional<AuditItemRow> item;
};

}  // namespace moescope::trace

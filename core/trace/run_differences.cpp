#include "core/trace/run_differences.hpp"

#include <fmt/core.h>

#include <map>

#include "core/base/error.hpp"

namespace moescope::trace {
namespace {

constexpr std::string_view kColumns[] = {
    "model_hash", "weights_id", "tokenizer_hash", "config", "family",       "n_vocab",
    "compute",    "isa",        "scores",         "seed",   "prompts_hash", "code_version"};

/// Names, sizes and times of the model's files: copies of one model differ in it.
constexpr std::string_view kFilesOption = "files";

std::optional<std::string> column_of(const RecordedRun& of, std::string_view column) {
  Statement row =
      of.db.prepare(fmt::format("SELECT CAST({} AS BLOB) FROM run WHERE id = ?1", column));
  row.bind(1, of.run.id);
  if (!row.step()) fail(ErrorCode::kBadInput, "{}: run {}: no such run", of.db.name(), of.run.id);
  return row.maybe_bytes(0);
}

using Options = std::map<std::string, RunDifference>;

template <class Put>
void read_options(const RecordedRun& of, Options& into, const Put& put) {
  Statement rows =
      of.db.prepare("SELECT key, CAST(value AS BLOB) FROM run_option WHERE run = ?1 ORDER BY key");
  rows.bind(1, of.run.id);
  while (rows.step()) {
    const std::string key = rows.bytes(0);
    if (key == kFilesOption) continue;
    RunDifference& row = into[key];
    row.what = key;
    put(row, rows.bytes(1));
  }
}

}  // namespace

std::vector<RunDifference> run_differences(const RecordedRun& a, const RecordedRun& b) {
  std::vector<RunDifference> out;
  for (const std::string_view column : kColumns) {
    const bool said = !out.empty() && out.front().what == "model_hash";
    if (column == "weights_id" && said) continue;
    RunDifference row{.what = std::string(column), .a = column_of(a, column), .b = {}};
    row.b = column_of(b, column);
    if (row.a != row.b) out.push_back(std::move(row));
  }
  Options options;
  read_options(a, options, [](RunDifference& row, std::string value) { row.a = std::move(value); });
  read_options(b, options, [](RunDifference& row, std::string value) { row.b = std::move(value); });
  for (auto& [key, row] : options)
    if (row.a != row.b) out.push_back(std::move(row));
  return out;
}

}  // namespace moescope::trace

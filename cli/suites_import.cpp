#include "cli/suites_import.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>

#include "cli/json_output.hpp"
#include "cli/number_text.hpp"
#include "cli/output.hpp"
#include "core/base/error.hpp"
#include "core/base/escape.hpp"
#include "core/base/sha256.hpp"
#include "core/formats/atomic_file.hpp"
#include "core/formats/io.hpp"
#include "probes/probe.hpp"

namespace moescope::cli {
namespace {
namespace fs = std::filesystem;

using audits::ImportedSuite;

constexpr std::size_t kMostNamed = 50;  ///< malformed rows that are named one by one

/// Whether the file is a suite that this importer has written: suite_text() writes the generator on
/// a line of its own, before the items.
bool is_own(const fs::path& file, const std::string& importer) {
  try {
    const std::string bytes = formats::read_text_file(file, audits::SuiteLimits{}.max_bytes);
    const std::string_view head = std::string_view(bytes).substr(0, bytes.find("\n \"items\": ["));
    const std::string line =
        fmt::format("\n \"generator\": \"{}\",\n", audits::import_generator(importer));
    return head.starts_with("{\n \"moescope_suite\": 1,") &&
           head.find(line) != std::string_view::npos;
  } catch (const Error&) {
    return false;
  }
}

void check_output(const SuiteImport& job) {
  std::error_code error;
  if (job.force || !fs::exists(fs::symlink_status(job.output, error))) return;
  if (fs::is_regular_file(job.output, error) && is_own(job.output, job.importer)) return;
  fail(ErrorCode::kBadInput,
       "{}: is there already and was not made by 'suites import {}'; --force replaces it",
       escape_terminal(job.output.string()), job.importer);
}

void tell(const SuiteImport& job, const ImportedSuite& imported) {
  const auto& malformed = imported.malformed;
  for (std::size_t i = 0; i < std::min(malformed.size(), kMostNamed); ++i)
    message(malformed[i].line > 0
                ? fmt::format("{}: line {}: {}", escape_terminal(malformed[i].file),
                              malformed[i].line, malformed[i].reason)
                : fmt::format("{}: {}", escape_terminal(malformed[i].file), malformed[i].reason));
  if (malformed.size() > kMostNamed)
    message(fmt::format("and {} more", counted(malformed.size() - kMostNamed, "malformed row")));
  if (job.quiet) return;
  std::uint64_t n_row = 0;
  for (const audits::SourceFile& source : imported.suite.info.sources) n_row += source.n_row;
  message(fmt::format(
      "{}: {} from {} of {}; {}", escape_terminal(job.output.string()),
      counted(imported.suite.items.size(), "item"), counted(n_row, "row"),
      counted(imported.suite.info.sources.size(), "file"),
      malformed.empty() ? "no malformed row" : counted(malformed.size(), "malformed row")));
  for (const audits::LeftOut& left_out : imported.left_out)
    message(fmt::format("left out: {} {}", with_commas(left_out.n), left_out.what));
  const auto known = probes::probe_table();
  if (std::none_of(known.begin(), known.end(), [&](const probes::ProbeInfo* probe) {
        return probe->name == imported.suite.probe;
      }))
    message(fmt::format("this version has no probe '{}', so that it cannot read the suite",
                        imported.suite.probe));
}

void print_document(const SuiteImport& job, const ImportedSuite& imported,
                    const std::string& sha256) {
  JsonOutput out = json_result("suites-import");
  out["importer"] = job.importer;
  out["output"] = job.output.string();
  out["sha256"] = sha256;
  out["n_item"] = imported.suite.items.size();
  out["sources"] = JsonOutput::array();
  for (const audits::SourceFile& source : imported.suite.info.sources)
    out["sources"].push_back({{"name", source.name},
                              {"sha256", source.sha256},
                              {"rows", source.n_row},
                              {"malformed", source.n_malformed}});
  out["malformed"] = JsonOutput::array();
  for (const audits::MalformedRow& row : imported.malformed)
    out["malformed"].push_back({{"file", row.file}, {"line", row.line}, {"reason", row.reason}});
  out["left_out"] = JsonOutput::array();
  for (const audits::LeftOut& left_out : imported.left_out)
    out["left_out"].push_back({{"what", left_out.what}, {"n", left_out.n}});
  print_json(out);
}

}  // namespace

void import_to_file(const SuiteImport& job) {
  audits::find_importer(job.importer);
  check_output(job);
  const ImportedSuite imported = audits::import_suite(job.importer, job.paths, job.options);
  const std::string text = audits::suite_text(imported.suite);
  if (text.size() > audits::SuiteLimits{}.max_bytes)
    fail(ErrorCode::kBadInput,
         "{}: the suite has {} bytes, expected at most {}; import fewer files", job.importer,
         text.size(), audits::SuiteLimits{}.max_bytes);
  formats::AtomicFile file(job.output);
  file.append(text);
  file.commit();
  tell(job, imported);
  if (job.json) print_document(job, imported, sha256_hex(text));
}

}  // namespace moescope::cli

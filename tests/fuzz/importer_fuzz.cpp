#include <algorithm>
#include <string>
#include <vector>

#include "audits/import_rows.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace moescope;

/// Published files of every importer. A case is a line with the importer's name, and files, each
/// behind a line "--- NAME". Whatever they hold, rows are items or malformed, and told in one sentence.
namespace {

std::vector<audits::ImportFile> files_of(std::string_view text) {
  constexpr std::string_view kMark = "--- ";
  std::vector<audits::ImportFile> out;
  while (text.starts_with(kMark)) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view name = text.substr(kMark.size(), end - kMark.size());
    text.remove_prefix(std::min(end + 1, text.size()));
    std::size_t next = text.starts_with(kMark) ? 0 : text.find("\n--- ");
    if (next != 0) next = next == std::string_view::npos ? text.size() : next + 1;
    const bool usable = !name.empty() && fuzz::is_sentence(name) && name.size() < 100;
    if (usable)
      out.push_back(audits::import_file(std::string(name), std::string(text.substr(0, next))));
    text.remove_prefix(next);
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text = fuzz::text_of(data, size);
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return 0;
  const std::string_view name = text.substr(0, end);
  const auto known = audits::importer_table();
  const auto at = std::find_if(known.begin(), known.end(),
                               [&](const audits::ImporterInfo* row) { return row->name == name; });
  if (at == known.end()) return 0;
  fuzz::read_or_refuse([&] {
    const audits::ImportedSuite imported =
        audits::import_files(**at, files_of(text.substr(end + 1)), {});
    for (const audits::MalformedRow& row : imported.malformed) {
      fuzz::require(!row.reason.empty(), "a malformed row has its reason");
      fuzz::require(row.reason.size() < 4096, "a reason is no copy of the input");
    }
    for (const probes::Item& item : imported.suite.items)
      for (const std::string& key : imported.suite.cluster)
        fuzz::require(item.labels.contains(key), "every item has its cluster");
    fuzz::require(!audits::suite_text(imported.suite).empty(), "a suite can be written");
  });
  return 0;
}

#include "audits/import_rows.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <system_error>
#include <utility>

#include "core/base/error.hpp"
#include "core/base/escape.hpp"
#include "core/base/utf8.hpp"
#include "core/trace/csv_reader.hpp"
#include "probes/probe.hpp"

namespace moescope::audits {
namespace {

/// The beginning of what may quote a file at length.
std::string_view cut(std::string_view text) {
  constexpr std::size_t kMost = 500;
  return text.substr(0, kMost);
}

void check_text(std::string_view what, std::string_view text) {
  if (const auto bad = first_invalid_utf8(text))
    refuse_row(fmt::format("{}: byte {}: expected UTF-8, got byte 0x{:02x}", what, *bad,
                           static_cast<unsigned char>(text[*bad])));
  if (text.size() > SuiteLimits{}.max_text)
    refuse_row(fmt::format("{}: over {} bytes", what, SuiteLimits{}.max_text));
}

const probes::ProbeInfo* known_probe(std::string_view name) {
  for (const probes::ProbeInfo* probe : probes::probe_table())
    if (probe->name == name) return probe;
  return nullptr;
}

SuiteInfo info_of(const ImporterInfo& importer) {
  SuiteInfo info{.name = std::string(importer.name),
                 .version = "1",
                 .title = std::string(importer.title),
                 .language = std::string(importer.language),
                 .construct = std::string(importer.construct),
                 .cannot_show = std::string(importer.cannot_show),
                 .licence = std::string(importer.licence),
                 .origin = std::string(importer.origin),
                 .authors = {{std::string(importer.authors), false}},
                 .first_published = std::string(importer.first_published),
                 .generator = import_generator(importer.name)};
  info.share_alike = importer.share_alike;
  info.local_only = importer.local_only;
  return info;
}

std::vector<trace::CsvRecord> records_of(const ImportFile& file, Cells cells) {
  if (cells != Cells::kPlainTab)
    return trace::read_csv(file.bytes, file.name, cells == Cells::kTab ? '\t' : ',');
  std::vector<trace::CsvRecord> out;
  std::size_t number = 0;
  for (const std::string& line : split(file.bytes, '\n')) {
    ++number;
    std::string_view text = line;
    if (text.ends_with('\r')) text.remove_suffix(1);
    if (!text.empty()) out.push_back({.cells = split(text, '\t'), .line = number});
  }
  return out;
}

}  // namespace

Import::Import(const ImporterInfo& importer, const ImportOptions& options,
               std::vector<ImportFile> files)
    : importer_(importer), options_(options), files_(std::move(files)) {
  Suite& suite = result_.suite;
  suite.info = info_of(importer);
  suite.probe = importer.probe;
  suite.formats = importer.formats();
  for (const std::string_view key : importer.cluster) suite.cluster.emplace_back(key);
}

void Import::row(ImportFile& file, std::size_t line, const std::function<void()>& read) {
  const std::size_t before = suite().items.size();
  row_is_left_out_ = false;
  try {
    read();
    if (!row_is_left_out_) ++file.source.n_row;
  } catch (const Error& e) {
    if (e.code() != ErrorCode::kBadInput) throw;
    for (std::size_t i = before; i < suite().items.size(); ++i) ids_.erase(suite().items[i].id);
    suite().items.resize(before);
    ++file.source.n_malformed;
    result_.malformed.push_back({file.name, line, escape_terminal(cut(e.message()))});
  }
}

void Import::add(probes::Item item) {
  if (item.id.empty()) refuse_row("expected an id, got none");
  check_text("id", item.id);
  check_text("prompt", item.prompt);
  for (const auto& [key, value] : item.labels) check_text(key, value);
  if (item.candidates.size() > SuiteLimits{}.max_candidate)
    refuse_row(fmt::format("more than {} texts to choose from", SuiteLimits{}.max_candidate));
  for (const probes::Candidate& candidate : item.candidates) {
    if (trimmed(candidate.text).empty())
      refuse_row(fmt::format("the text of '{}' is empty", candidate.role));
    check_text(candidate.role, candidate.text);
    if (candidate.prompt) check_text(candidate.role, *candidate.prompt);
  }
  for (const std::string& key : suite().cluster)
    if (const auto at = item.labels.find(key); at == item.labels.end() || at->second.empty())
      refuse_row(fmt::format("'{}', which makes the clusters, is missing", key));
  if (const probes::ProbeInfo* probe = known_probe(suite().probe)) probes::check_item(*probe, item);
  if (suite().items.size() == SuiteLimits{}.max_item)
    fail(ErrorCode::kBadInput, "more than {} items", SuiteLimits{}.max_item);
  if (!ids_.insert(item.id).second)
    refuse_row(fmt::format("the id '{}' stands twice", escape_terminal(item.id)));
  suite().items.push_back(std::move(item));
}

void Import::leave_out(std::string what) {
  row_is_left_out_ = true;
  ++left_out_[std::move(what)];
}

void Import::set_local_only(std::string_view licence) {
  SuiteInfo& info = suite().info;
  if (info.local_only && info.licence.find(licence) != std::string::npos) return;
  info.local_only = true;
  info.licence += fmt::format("; {}", licence);
}

ImportedSuite Import::finish() {
  Suite& suite = result_.suite;
  for (ImportFile& file : files_) suite.info.sources.push_back(std::move(file.source));
  if (suite.items.empty()) {
    std::string why = "no row became an item";
    if (!result_.malformed.empty()) {
      const MalformedRow& first = result_.malformed.front();
      why += fmt::format("; {}: {}{}", escape_terminal(first.file),
                         first.line > 0 ? fmt::format("line {}: ", first.line) : "", first.reason);
    }
    fail(ErrorCode::kBadInput, "{}: {}", importer_.name, why);
  }
  std::set<std::string> languages;
  for (const probes::Item& item : suite.items)
    if (const auto at = item.labels.find("language"); at != item.labels.end())
      languages.insert(at->second);
  if (languages.size() == 1) suite.info.language = *languages.begin();
  if (languages.size() > 1) suite.info.language = "mul";
  if (importer_.language.empty() && suite.info.language != "mul")
    suite.info.name += "-" + suite.info.language;
  for (auto& [what, n] : left_out_) result_.left_out.push_back({what, n});
  return std::move(result_);
}

const std::string& Record::at(std::string_view column) const {
  for (std::size_t i = 0; i < header_.size(); ++i) {
    if (header_[i] != column) continue;
    if (cells_.at(i).empty()) refuse_row(fmt::format("column '{}': expected a text", column));
    return cells_[i];
  }
  refuse_row(fmt::format("column '{}' is missing", column));
}

std::string Record::or_empty(std::string_view column) const {
  for (std::size_t i = 0; i < header_.size(); ++i)
    if (header_[i] == column) return cells_.at(i);
  return "";
}

void for_each_record(Import& import, ImportFile& file, Cells cells,
                     std::span<const std::string_view> needed,
                     const std::function<void(const Record&)>& read) {
  const std::vector<trace::CsvRecord> records = records_of(file, cells);
  if (records.empty()) fail(ErrorCode::kBadInput, "{}: line 1: expected a header line", file.name);
  const std::vector<std::string>& header = records[0].cells;
  for (const std::string_view column : needed)
    if (std::find(header.begin(), header.end(), column) == header.end()) {
      std::string columns;
      for (const std::string& name : header)
        columns += fmt::format("{}'{}'", columns.empty() ? "" : ", ", escape_terminal(name));
      fail(ErrorCode::kBadInput, "{}: line {}: column '{}' is missing; columns: {}", file.name,
           records[0].line, column, escape_terminal(cut(columns)));
    }
  for (std::size_t i = 1; i < records.size(); ++i)
    import.row(file, records[i].line, [&] {
      if (records[i].cells.size() != header.size())
        refuse_row(
            fmt::format("expected {} cells, got {}", header.size(), records[i].cells.size()));
  read(Record(header, records[i].cells, i - 1));
});
}  // namespace moescope::audits

void for_each_line(Import& import, ImportFile& file,
                   const std::function<void(std::string_view, std::size_t)>& read) {
  std::size_t number = 0;
  for (std::string_view rest = file.bytes; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    ++number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (trimmed(line).empty()) continue;
    import.row(file, number, [&] { read(line, number);
  });
}
}

void for_each_json_line(Import& import, ImportFile& file,
                        const std::function<void(const JsonNode&, std::size_t)>& read) {
  for_each_line(import, file, [&](std::string_view line, std::size_t number) {
    // The file and the line are told with the row.
    const auto without_place = [](const Error& e) {
      return e.message().starts_with("json: ") ? e.message().substr(6) : e.message();
    };
    try {
      const nlohmann::json value = parse_json(line, "json", {.max_depth = 16, .one_line = true});
      read(JsonNode(value, "json"), number);
    } catch (const Error& e) {
      throw Error(e.code(), without_place(e));
    }
  });
}

void expect_one_file_a_language(const Import& import) {
  std::map<std::string, std::string> seen;
  for (const ImportFile& file : import.files()) {
    const auto [at, is_new] = seen.emplace(file.language, file.name);
    if (!is_new)
      fail(ErrorCode::kBadInput,
           "{}: '{}' is of the same language ({}); import one version at a time",
           escape_terminal(file.name), escape_terminal(at->second), file.language);
  }
}

void refuse_row(const std::string& reason) {
  throw Error(ErrorCode::kBadInput, reason);
}

std::string language_in_name(std::string_view name) {
  static constexpr std::pair<std::string_view, std::string_view> kWords[] = {
      {"en", "en"},     {"eng", "en"}, {"english", "en"}, {"fr", "fr"},      {"fra", "fr"},
      {"french", "fr"}, {"de", "de"},  {"deu", "de"},     {"german", "de"},  {"es", "es"},
      {"spa", "es"},    {"it", "it"},  {"ita", "it"},     {"italian", "it"}, {"spanish", "es"},
      {"nl", "nl"},     {"pt", "pt"},  {"dutch", "nl"},   {"ro", "ro"},
  };
  std::string word;
  for (const char c : ascii_lower(name) + ".") {
    if (c >= 'a' && c <= 'z') {
      word += c;
      continue;
    }
    for (const auto& [in_name, language] : kWords)
      if (word == in_name) return std::string(language);
    word.clear();
  }
  return "";
}

std::string ascii_lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

std::vector<std::string> split(std::string_view text, char at) {
  std::vector<std::string> out;
  while (true) {
    const std::size_t end = text.find(at);
    out.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return out;
    text.remove_prefix(end + 1);
  }
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

double percentage(const std::string& cell, std::string_view column) {
  const std::string_view text = trimmed(cell);
  double value = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !(value >= 0 && value <= 100))
    refuse_row(fmt::format("column '{}': expected a number from 0 to 100", column));
  return value;
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at)) {
    text.replace(at, from.size(), to);
    at += to.size();
  }
  return text;
}

}  // namespace moescope::audits

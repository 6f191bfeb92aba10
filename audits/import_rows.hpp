#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "audits/importer.hpp"
#include "core/base/json.hpp"

/// What the importers share: files, rows that may be malformed, cells by column.
namespace moescope::audits {

/// A file that is imported, whole in memory.
struct ImportFile {
  std::string name;      ///< below the folder that was named: "prompts/gender_prompt.json"
  std::string stem;      ///< "gender_prompt"
  std::string bytes;     ///< without a byte order mark
  std::string language;  ///< as the options, the importer or the name tell it; "" where none does
  SourceFile source;
};

/// A file in memory. Its name has no bytes that are no UTF-8.
ImportFile import_file(std::string name, std::string bytes);

/// One import on its way: the files, and the suite as far as it is read.
class Import {
 public:
  Import(const ImporterInfo& importer, const ImportOptions& options, std::vector<ImportFile> files);

  const ImportOptions& options() const { return options_; }
  std::vector<ImportFile>& files() { return files_; }
  const std::vector<ImportFile>& files() const { return files_; }
  Suite& suite() { return result_.suite; }

  /// Runs `read` for one row. An Error of kind kBadInput makes the row malformed and takes back
  /// its items; leave_out() makes it one that does not count.
  void row(ImportFile& file, std::size_t line, const std::function<void()>& read);
  /// An item of the row that is being read.
  /// Errors: kBadInput: an id that stands twice, an empty or oversized text, no UTF-8.
  void add(probes::Item item);
  /// The row that is being read is no item by the importer's rule: "patterns that …".
  void leave_out(std::string what);
  /// So many things besides rows that are left out.
  void count_left_out(std::string what, std::uint64_t n) { left_out_[std::move(what)] += n; }
  /// The texts of this file may not be passed on.
  void set_local_only(std::string_view licence);

  /// Errors: kBadInput when there is no item.
  ImportedSuite finish();

 private:
  const ImporterInfo& importer_;
  const ImportOptions& options_;
  std::vector<ImportFile> files_;
  ImportedSuite result_;
  std::set<std::string> ids_;
  std::map<std::string, std::uint64_t> left_out_;
  bool row_is_left_out_ = false;
};

/// import_suite() of files in memory.
ImportedSuite import_files(const ImporterInfo& importer, std::vector<ImportFile> files,
                           const ImportOptions& options);

/// How the cells of a table stand in a line.
enum class Cells {
  kComma,     ///< RFC 4180
  kTab,       ///< the same with tabs
  kPlainTab,  ///< tabs, quotes being characters like any other
};

/// One row of a table with a header line.
class Record {
 public:
  Record(const std::vector<std::string>& header, const std::vector<std::string>& cells,
         std::size_t index)
      : header_(header), cells_(cells), index_(index) {}
  /// 0 for the first row behind the header.
  std::size_t index() const { return index_; }
  /// The cell of that column. Errors: kBadInput where it is empty.
  const std::string& at(std::string_view column) const;
  /// The cell of that column, empty where there is no such column.
  std::string or_empty(std::string_view column) const;
  const std::string& cell(std::size_t i) const { return cells_.at(i); }

 private:
  const std::vector<std::string>& header_;
  const std::vector<std::string>& cells_;
  std::size_t index_;
};

/// Runs `read` for every row, its cells by column.
/// Errors: kBadInput: a column of `needed` is missing; the file is no such table.
void for_each_record(Import& import, ImportFile& file, Cells cells,
                     std::span<const std::string_view> needed,
                     const std::function<void(const Record&)>& read);

/// Runs `read` for every line that is not empty.
void for_each_line(Import& import, ImportFile& file,
                   const std::function<void(std::string_view line, std::size_t number)>& read);

/// Runs `read` for every line, a JSON value each.
void for_each_json_line(Import& import, ImportFile& file,
                        const std::function<void(const JsonNode&, std::size_t number)>& read);

/// Errors: kBadInput when two files are of one language: versions of a set share their row ids.
void expect_one_file_a_language(const Import& import);

/// Throws the Error that makes a row malformed.
[[noreturn]] void refuse_row(const std::string& reason);

/// The language that a file's name tells ("crows_pairs_FR_1677.tsv": fr); empty where none does.
std::string language_in_name(std::string_view name);

std::string ascii_lower(std::string_view text);
std::vector<std::string> split(std::string_view text, char at);
std::string_view trimmed(std::string_view text);

/// The cell as a number from 0 to 100. Errors: kBadInput naming the column.
double percentage(const std::string& cell, std::string_view column);

/// Every `from` in the text replaced.
std::string replaced(std::string text, std::string_view from, std::string_view to);

}  // namespace moescope::audits

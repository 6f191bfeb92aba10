#include "audits/importer.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <system_error>

#include "audits/import_rows.hpp"
#include "audits/import_table.hpp"
#include "core/base/error.hpp"
#include "core/base/escape.hpp"
#include "core/base/sha256.hpp"
#include "core/base/utf8.hpp"
#include "core/formats/io.hpp"
#include "core/hooks/glob.hpp"

namespace moescope::audits {
namespace {
namespace fs = std::filesystem;

constexpr const ImporterInfo* kImporters[] = {
    &kCrowsPairsImporter, &kBbqImporter,           &kWinobiasImporter, &kWinobiasReferentImporter,
    &kWinogenderImporter, &kWinogeneratedImporter, &kGestImporter,     &kBecProImporter,
    &kStereosetImporter,  &kHonestImporter,        &kBoldImporter,     &kHolisticBiasImporter,
    &kTruthfulqaImporter, &kArcImporter,           &kNqOpenImporter,   &kSconeImporter,
    &kPararelImporter,    &kNtrexImporter,         &kConlluImporter,
};

constexpr std::string_view kTagCharacters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-";

/// A file to read and the name that the suite knows it by.
struct Found {
  fs::path path;
  std::string name;
};

bool is_wanted(const ImporterInfo& importer, const std::string& name) {
  return std::any_of(importer.files.begin(), importer.files.end(),
                     [&](std::string_view pattern) { return hooks::glob_match(pattern, name); });
}

/// Files below the folder whose names the importer knows, in the order of their names.
std::vector<Found> files_below(const ImporterInfo& importer, const fs::path& folder) {
  constexpr int kMaxDepth = 3;
  std::vector<Found> out;
  std::error_code error;
  fs::recursive_directory_iterator at(folder, error);
  for (; !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
    if (at.depth() >= kMaxDepth) at.disable_recursion_pending();
    std::error_code no_file;
    std::string name = at->path().lexically_relative(folder).generic_string();
    if (at->is_regular_file(no_file) && is_wanted(importer, name))
      out.push_back({at->path(), std::move(name)});
  }
  if (error)
    fail(ErrorCode::kBadInput, "{}: {}", escape_terminal(folder.string()), error.message());
  if (out.empty()) {
    std::string patterns;
    for (const std::string_view pattern : importer.files)
      patterns += fmt::format("{}{}", patterns.empty() ? "" : ", ", pattern);
    fail(ErrorCode::kBadInput, "{}: no file of {} in this folder; they are called {}",
         escape_terminal(folder.string()), importer.name, patterns);
  }
  std::sort(out.begin(), out.end(), [](const Found& a, const Found& b) { return a.name < b.name; });
  return out;
}

std::vector<Found> find_files(const ImporterInfo& importer, std::span<const fs::path> paths,
                              std::size_t max_file) {
  std::vector<Found> out;
  for (const fs::path& path : paths) {
    std::error_code error;
    if (fs::is_directory(path, error)) {
      for (Found& found : files_below(importer, path)) out.push_back(std::move(found));
    } else {
      out.push_back({path, path.filename().string()});
    }
  }
  std::map<std::string, int> n_same;
  for (const Found& found : out) ++n_same[found.name];
  for (Found& found : out)
    if (n_same[found.name] > 1)
      found.name = (found.path.parent_path().filename() / found.path.filename()).generic_string();
  std::sort(out.begin(), out.end(), [](const Found& a, const Found& b) { return a.name < b.name; });
  for (std::size_t i = 1; i < out.size(); ++i)
    if (out[i].name == out[i - 1].name)
      fail(ErrorCode::kBadInput, "{}: two files have this name", escape_terminal(out[i].name));
  if (out.size() > max_file)
    fail(ErrorCode::kBadInput, "{}: {} files, expected at most {}", importer.name, out.size(),
         max_file);
  return out;
}

/// The name as a suite can hold it.
std::string shown_name(const std::string& name) {
  return first_invalid_utf8(name) ? escape_terminal(name) : name;
}

std::vector<ImportFile> read_files(const ImporterInfo& importer, std::span<const fs::path> paths,
                                   const ImportOptions& options) {
  std::vector<ImportFile> out;
  std::size_t left = options.max_bytes;
  for (const Found& found : find_files(importer, paths, options.max_file)) {
    std::string bytes = formats::read_text_file(found.path, left);
    left -= bytes.size();
    ImportFile file = import_file(shown_name(found.name), std::move(bytes));
    out.push_back(std::move(file));
  }
  return out;
}

}  // namespace

std::span<const ImporterInfo* const> importer_table() {
  return kImporters;
}

const ImporterInfo& find_importer(std::string_view name) {
  std::string known;
  for (const ImporterInfo* importer : importer_table()) {
    if (importer->name == name) return *importer;
    known += fmt::format("{}{}", known.empty() ? "" : ", ", importer->name);
  }
  fail(ErrorCode::kUsage, "unknown importer '{}'; known: {}", escape_terminal(name), known);
}

std::string import_generator(std::string_view importer) {
  return fmt::format("moescope suites import {}", importer);
}

ImportFile import_file(std::string name, std::string bytes) {
  ImportFile file{.name = std::move(name), .bytes = std::move(bytes)};
  file.stem = fs::path(file.name).stem().string();
  file.source = {.name = file.name, .sha256 = sha256_hex(file.bytes)};
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (file.bytes.starts_with(kByteOrderMark)) file.bytes.erase(0, kByteOrderMark.size());
  return file;
}

ImportedSuite import_files(const ImporterInfo& importer, std::vector<ImportFile> files,
                           const ImportOptions& options) {
  for (ImportFile& file : files) {
    file.language = options.language;
    if (file.language.empty()) file.language = importer.language;
    if (file.language.empty())
      file.language = language_in_name(fs::path(file.name).filename().string());
  }
  Import import(importer, options, std::move(files));
  importer.read(import);
  return import.finish();
}

ImportedSuite import_suite(std::string_view name, std::span<const fs::path> paths,
                           const ImportOptions& options) {
  const ImporterInfo& importer = find_importer(name);
  if (!options.lexicon.empty() && !importer.takes_lexicon)
    fail(ErrorCode::kUsage, "importer '{}' takes no lexicon", name);
  const bool is_tag = options.language.size() <= 35 &&
                      options.language.find_first_not_of(kTagCharacters) == std::string::npos;
  if (!is_tag)
    fail(ErrorCode::kUsage, "expected a language tag such as 'de' or 'pt-BR', got '{}'",
         escape_terminal(options.language));
  return import_files(importer, read_files(importer, paths, options), options);
}

}  // namespace moescope::audits

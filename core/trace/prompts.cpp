#include "core/trace/prompts.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <system_error>
#include <utility>

#include "core/base/error.hpp"
#include "core/base/escape.hpp"
#include "core/base/json.hpp"
#include "core/base/sha256.hpp"
#include "core/trace/csv_reader.hpp"

namespace moescope::trace {
namespace {

struct PlacedPrompt {
  PromptInput prompt;
  std::size_t line = 0;
};

/// What the ids of each file's prompts begin with where they have none of their own: the file's
/// name without its extension, or as much more as tells it from the others.
std::vector<std::string> id_prefixes(std::span<const std::filesystem::path> files) {
  std::vector<std::string> stems, names, out;
  for (const std::filesystem::path& file : files) {
    stems.push_back(file.stem().string());
    names.push_back(file.filename().string());
  }
  for (std::size_t i = 0; i < files.size(); ++i) {
    const bool stem_is_unique = std::count(stems.begin(), stems.end(), stems[i]) == 1;
    const bool name_is_unique = std::count(names.begin(), names.end(), names[i]) == 1;
    out.push_back(stem_is_unique ? stems[i] : name_is_unique ? names[i] : files[i].string());
  }
  return out;
}

std::string_view without_bom(std::string_view bytes) {
  return bytes.starts_with("\xef\xbb\xbf") ? bytes.substr(3) : bytes;
}

void put_label(PromptInput& prompt, std::string key, std::string value) {
  prompt.labels.emplace_back(std::move(key), std::move(value));
}

/// Reads one part of a prompt; what is wrong with it becomes the prompt's failure.
template <class Read>
void attempt(PromptInput& prompt, const Read& read) {
  try {
    read();
  } catch (const Error& e) {
    if (e.code() != ErrorCode::kBadInput) throw;
    if (prompt.failure.empty()) prompt.failure = e.message();
  }
}

/// An id or a group: text, or a whole number.
std::string name_of(const JsonNode& node) {
  if (node.value().is_number_integer()) return node.value().dump();
  if (!node.is_string()) node.expected("a string or a whole number");
  return node.string();
}

void put_json_label(PromptInput& prompt, const std::string& key, const JsonNode& node) {
  const nlohmann::json& value = node.value();
  if (!value.is_string() && !value.is_number() && !value.is_boolean())
    node.expected("a string, a number, true or false as a label");
  put_label(prompt, key, value.is_string() ? node.string() : value.dump());
}

/// Whatever of the object can be read; the first thing that cannot is the failure.
void take_object(PromptInput& prompt, const JsonNode& node) {
  if (!node.is_object()) node.expected("an object with key 'text'");
  attempt(prompt, [&] { prompt.text = node.at("text").string(); });
  attempt(prompt, [&] {
    if (const auto id = node.find("id")) prompt.id = name_of(*id);
  });
  attempt(prompt, [&] {
    if (const auto group = node.find("group")) prompt.group = name_of(*group);
  });
  for (const auto& [key, value] : node.value().items()) {
    if (key == "text" || key == "id" || key == "group" || value.is_null()) continue;
    attempt(prompt, [&, name = key] { put_json_label(prompt, name, node.at(name)); });
  }
}

/// The prompt of one line of JSON; a line without a readable text is kept as it stands.
PromptInput jsonl_prompt(std::string_view line, const std::string& where,
                         const PromptLimits& limits) {
  PromptInput prompt;
  prompt.text = line;
  attempt(prompt, [&] {
    if (line.size() > limits.max_line)
      fail(ErrorCode::kBadInput, "{}: expected at most {} bytes, got {}", where, limits.max_line,
           line.size());
    JsonLimits json;
    json.max_depth = 8;
    json.max_values = 10'000;
    json.one_line = true;
    json.exact_integers = true;
    const nlohmann::json document = parse_json(line, where, json);
    take_object(prompt, JsonNode(document, where));
  });
  return prompt;
}

template <class PerLine>
void for_each_line(std::string_view bytes, const PerLine& per_line) {
  for (std::size_t at = 0, line = 1; at < bytes.size(); ++line) {
    const std::size_t end = std::min(bytes.find('\n', at), bytes.size());
    std::string_view text = bytes.substr(at, end - at);
    if (text.ends_with('\r')) text.remove_suffix(1);
    per_line(line, text);
    at = end + 1;
  }
}

PromptInput text_prompt(std::string_view text, const std::string& where,
                        const PromptLimits& limits) {
  PromptInput prompt;
  prompt.text = text;
  if (text.size() > limits.max_line)
    prompt.failure =
        fmt::format("{}: expected at most {} bytes, got {}", where, limits.max_line, text.size());
  return prompt;
}

/// The names of the columns. Errors: kBadInput: no text, a name twice, a name with space around it.
std::vector<std::string> csv_columns(const CsvRecord& header, std::string_view where) {
  const std::vector<std::string>& names = header.cells;
  for (const std::string& name : names) {
    if (std::count(names.begin(), names.end(), name) > 1)
      fail(ErrorCode::kBadInput, "{}: line 1: column '{}' stands twice", where,
           escape_terminal(name));
    if (name.starts_with(' ') || name.ends_with(' ') || name.starts_with('\t'))
      fail(ErrorCode::kBadInput,
           "{}: line 1: column '{}' has space around its name; write the header without", where,
           escape_terminal(name));
  }
  if (std::find(names.begin(), names.end(), "text") == names.end())
    fail(ErrorCode::kBadInput, "{}: line 1: expected a column 'text', got '{}'", where,
         escape_terminal(fmt::format("{}", fmt::join(names, ", "))));
  return names;
}

PromptInput csv_prompt(CsvRecord& record, const std::vector<std::string>& columns,
                       const std::string& where) {
  PromptInput prompt;
  if (record.cells.size() != columns.size()) {
    prompt.text = record.raw;
    prompt.failure =
        fmt::format("{}: expected {} cells, got {}", where, columns.size(), record.cells.size());
    return prompt;
  }
  for (std::size_t i = 0; i < columns.size(); ++i) {
    std::string& cell = record.cells[i];
    if (columns[i] == "text") {
      prompt.text = std::move(cell);
    } else if (cell.empty()) {
      continue;
    } else if (columns[i] == "id") {
      prompt.id = std::move(cell);
    } else if (columns[i] == "group") {
      prompt.group = std::move(cell);
    } else {
      put_label(prompt, columns[i], std::move(cell));
    }
  }
  return prompt;
}

/// Prompts in the order of the file, each with its place; those without an id have none yet.
std::vector<PlacedPrompt> placed_prompts(std::string_view bytes, std::string_view where,
                                         PromptFormat format, const PromptLimits& limits) {
  if (bytes.size() > limits.max_file)
    fail(ErrorCode::kBadInput, "{}: expected at most {} bytes, got {}", where, limits.max_file,
         bytes.size());
  bytes = without_bom(bytes);
  std::vector<PlacedPrompt> out;
  const std::string name = std::filesystem::path(where).filename().string();
  const auto place = [&](std::size_t line) { return fmt::format("{}: line {}", name, line); };
  const auto add = [&](PromptInput&& prompt, std::size_t line) {
    prompt.place = place(line);
    std::sort(prompt.labels.begin(), prompt.labels.end());
    out.push_back({std::move(prompt), line});
    if (out.size() > limits.max_prompt)
      fail(ErrorCode::kBadInput, "{}: expected at most {} prompts, got more", where,
           limits.max_prompt);
  };
  if (format == PromptFormat::kCsv) {
    std::vector<CsvRecord> records = read_csv(bytes, where);
    if (records.empty()) return out;
    const std::vector<std::string> columns = csv_columns(records[0], where);
    for (CsvRecord& record : std::span(records).subspan(1))
      add(csv_prompt(record, columns, place(record.line)), record.line);
    return out;
  }
  for_each_line(bytes, [&](std::size_t line, std::string_view text) {
    if (text.find_first_not_of(" \t") == std::string_view::npos) return;
    add(format == PromptFormat::kJsonl ? jsonl_prompt(text, place(line), limits)
                                       : text_prompt(text, place(line), limits),
        line);
  });
  return out;
}

void name_prompts(std::vector<PlacedPrompt>& prompts, std::string_view prefix) {
  for (PlacedPrompt& placed : prompts)
    if (placed.prompt.id.empty()) placed.prompt.id = fmt::format("{}:{}", prefix, placed.line);
}

/// A file of JSON lines under a name of plain text would be recorded as something else than meant.
void refuse_json_lines(std::string_view bytes, const std::filesystem::path& file) {
  bytes = without_bom(bytes);
  const std::size_t begin = bytes.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos || bytes[begin] != '{') return;
  const std::string_view line = bytes.substr(begin, bytes.find('\n', begin) - begin);
  if (!nlohmann::json::accept(line)) return;
  fail(ErrorCode::kBadInput,
       "{}: its first line is a JSON object, but its name says plain text; name it .jsonl for "
       "prompts as JSON lines, or .txt to take every line as it stands",
       file.string());
}

std::string read_file(const std::filesystem::path& file, const PromptLimits& limits) {
  std::error_code error;
  if (std::filesystem::is_directory(file, error))
    fail(ErrorCode::kBadInput, "{}: expected a file of prompts, got a folder", file.string());
  std::ifstream in(file, std::ios::binary);
  if (!in) fail(ErrorCode::kBadInput, "{}: no such file, or you may not read it", file.string());
  std::string out;
  std::string block(std::size_t{1} << 20, '\0');
  while (in.read(block.data(), static_cast<std::streamsize>(block.size())) || in.gcount() > 0) {
    out.append(block, 0, static_cast<std::size_t>(in.gcount()));
    if (out.size() > limits.max_file)
      fail(ErrorCode::kBadInput, "{}: expected at most {} bytes", file.string(), limits.max_file);
  }
  return out;
}

}  // namespace

PromptFormat prompt_format(const std::filesystem::path& file) {
  std::string extension = file.extension().string();
  for (char& c : extension)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  if (extension == ".jsonl" || extension == ".ndjson") return PromptFormat::kJsonl;
  if (extension == ".csv") return PromptFormat::kCsv;
  for (const std::string_view other : {".json", ".tsv", ".xlsx", ".parquet"})
    if (extension == other)
      fail(ErrorCode::kBadInput,
           "{}: expected .jsonl (one object a line), .csv or plain text, got {}; convert or rename "
           "it",
           file.string(), other);
  return PromptFormat::kText;
}

std::vector<PromptInput> parse_prompts(std::string_view bytes, std::string_view where,
                                       PromptFormat format, const PromptLimits& limits) {
  const std::filesystem::path file(where);
  std::vector<PlacedPrompt> placed = placed_prompts(bytes, where, format, limits);
  name_prompts(placed, id_prefixes({&file, 1})[0]);
  std::vector<PromptInput> out;
  for (PlacedPrompt& p : placed) out.push_back(std::move(p.prompt));
  return out;
}

std::vector<PromptInput> read_prompts(std::span<const std::filesystem::path> files,
                                      const PromptLimits& limits) {
  std::vector<PromptInput> out;
  std::map<std::string, std::string> place_of;
  const std::vector<std::string> prefixes = id_prefixes(files);
  for (std::size_t i = 0; i < files.size(); ++i) {
    const std::filesystem::path& file = files[i];
    const PromptFormat format = prompt_format(file);
    const std::string bytes = read_file(file, limits);
    if (format == PromptFormat::kText && file.extension() != ".txt") refuse_json_lines(bytes, file);
    std::vector<PlacedPrompt> prompts = placed_prompts(bytes, file.string(), format, limits);
    name_prompts(prompts, prefixes[i]);
    for (PlacedPrompt& placed : prompts) {
      const std::string place = fmt::format("{}: line {}", file.string(), placed.line);
      const auto [at, fresh] = place_of.try_emplace(placed.prompt.id, place);
      if (!fresh)
        fail(ErrorCode::kBadInput, "{}: id '{}' stands twice, first in {}; ids must differ", place,
             escape_terminal(placed.prompt.id), at->second);
      out.push_back(std::move(placed.prompt));
    }
  }
  if (out.empty())
    fail(ErrorCode::kBadInput, "{}: expected at least one prompt, got none",
         files.empty() ? "prompts" : files.front().string());
  return out;
}

std::vector<std::string> label_keys(std::span<const PromptInput> prompts) {
  std::set<std::string> keys;
  for (const PromptInput& prompt : prompts)
    for (const auto& [key, value] : prompt.labels) keys.insert(key);
  return {keys.begin(), keys.end()};
}

std::string prompts_hash(std::span<const PromptInput> prompts) {
  Sha256 hash;
  const auto add = [&hash](std::string_view field) {
    hash.update(fmt::format("{}:", field.size()));
    hash.update(field);
  };
  for (const PromptInput& prompt : prompts) {
    add(prompt.id);
    add(prompt.group ? "group" : "none");
    add(prompt.group.value_or(""));
    add(fmt::format("{}", prompt.labels.size()));
    for (const auto& [key, value] : prompt.labels) {
      add(key);
      add(value);
    }
    if (prompt.unit) {
      add(fmt::format("unit {}", *prompt.unit));
      add(fmt::format("scored from {}", prompt.score_from));
    }
    add(prompt.text);
    add(prompt.failure.empty() ? "sound" : "failed");
  }
  return hash.hex();
}

}  // namespace moescope::trace

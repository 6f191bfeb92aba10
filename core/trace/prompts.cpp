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

PromptInput from_json(const nlohmann::json& object, const std::string& where) {
  const JsonNode node(object, where);
  if (!node.is_object()) node.expected("an object with key 'text'");
  PromptInput prompt;
  prompt.text = node.at("text").string();
  if (const auto id = node.find("id")) prompt.id = id->string();
  if (const auto group = node.find("group")) prompt.group = group->string();
  for (const auto& [key, value] : object.items()) {
    if (key == "text" || key == "id" || key == "group" || value.is_null()) continue;
    if (value.is_string()) {
      put_label(prompt, key, value.get<std::string>());
    } else if (value.is_number() || value.is_boolean()) {
      put_label(prompt, key, value.dump());
    } else {
      node.at(key).expected("a string, a number, true or false as a label");
    }
  }
  return prompt;
}

/// The prompt of one line of JSON; what is wrong with the line becomes its failure.
PromptInput jsonl_prompt(std::string_view line, const std::string& where,
                         const PromptLimits& limits) {
  try {
    if (line.size() > limits.max_line)
      fail(ErrorCode::kBadInput, "{}: expected at most {} bytes, got {}", where, limits.max_line,
           line.size());
    JsonLimits json;
    json.max_depth = 8;
    json.max_values = 10'000;
    json.one_line = true;
    return from_json(parse_json(line, where, json), where);
  } catch (const Error& e) {
    PromptInput prompt;
    prompt.failure = e.message();
    return prompt;
  }
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
  if (text.size() > limits.max_line) {
    prompt.failure =
        fmt::format("{}: expected at most {} bytes, got {}", where, limits.max_line, text.size());
  } else {
    prompt.text = text;
  }
  return prompt;
}

std::vector<PlacedPrompt> csv_prompts(std::string_view bytes, std::string_view where) {
  std::vector<PlacedPrompt> out;
  std::vector<CsvRecord> records = read_csv(bytes, where);
  if (records.empty()) return out;
  const std::vector<std::string>& header = records[0].cells;
  for (std::size_t i = 0; i < header.size(); ++i)
    if (std::count(header.begin(), header.end(), header[i]) > 1)
      fail(ErrorCode::kBadInput, "{}: line 1: column '{}' stands twice", where,
           escape_terminal(header[i]));
  if (std::find(header.begin(), header.end(), "text") == header.end())
    fail(ErrorCode::kBadInput, "{}: line 1: expected a column 'text', got '{}'", where,
         escape_terminal(fmt::format("{}", fmt::join(header, ", "))));
  for (std::size_t r = 1; r < records.size(); ++r) {
    CsvRecord& record = records[r];
    PromptInput prompt;
    if (record.cells.size() != header.size()) {
      prompt.failure = fmt::format("{}: line {}: expected {} cells, got {}",
                                   std::filesystem::path(where).filename().string(), record.line,
                                   header.size(), record.cells.size());
      out.push_back({std::move(prompt), record.line});
      continue;
    }
    for (std::size_t i = 0; i < header.size(); ++i) {
      std::string& cell = record.cells[i];
      if (header[i] == "text") {
        prompt.text = std::move(cell);
      } else if (cell.empty()) {
        continue;
      } else if (header[i] == "id") {
        prompt.id = std::move(cell);
      } else if (header[i] == "group") {
        prompt.group = std::move(cell);
      } else {
        put_label(prompt, header[i], std::move(cell));
      }
    }
    out.push_back({std::move(prompt), record.line});
  }
  return out;
}

std::vector<PlacedPrompt> placed_prompts(std::string_view bytes, std::string_view where,
                                         PromptFormat format, const PromptLimits& limits) {
  if (bytes.size() > limits.max_file)
    fail(ErrorCode::kBadInput, "{}: expected at most {} bytes, got {}", where, limits.max_file,
         bytes.size());
  bytes = without_bom(bytes);
  std::vector<PlacedPrompt> out;
  const std::string name = std::filesystem::path(where).filename().string();
  if (format == PromptFormat::kCsv) {
    out = csv_prompts(bytes, where);
  } else {
    for_each_line(bytes, [&](std::size_t line, std::string_view text) {
      if (text.find_first_not_of(" \t") == std::string_view::npos) return;
      const std::string place = fmt::format("{}: line {}", name, line);
      out.push_back({format == PromptFormat::kJsonl ? jsonl_prompt(text, place, limits)
                                                    : text_prompt(text, place, limits),
                     line});
    });
  }
  if (out.size() > limits.max_prompt)
    fail(ErrorCode::kBadInput, "{}: expected at most {} prompts, got {}", where, limits.max_prompt,
         out.size());
  for (PlacedPrompt& placed : out)
    std::sort(placed.prompt.labels.begin(), placed.prompt.labels.end());
  return out;
}

void name_prompts(std::vector<PlacedPrompt>& prompts, std::string_view prefix) {
  for (PlacedPrompt& placed : prompts)
    if (placed.prompt.id.empty()) placed.prompt.id = fmt::format("{}:{}", prefix, placed.line);
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
  return extension == ".csv" ? PromptFormat::kCsv : PromptFormat::kText;
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
    const std::string bytes = read_file(file, limits);
    std::vector<PlacedPrompt> prompts =
        placed_prompts(bytes, file.string(), prompt_format(file), limits);
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
    add(prompt.text);
    add(prompt.failure.empty() ? "sound" : "failed");
  }
  return hash.hex();
}

}  // namespace moescope::trace

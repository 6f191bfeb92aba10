#include <fmt/core.h>

#include <algorithm>

#include "audits/import_rows.hpp"
#include "audits/import_table.hpp"

namespace moescope::audits {
namespace {

constexpr std::size_t kAnswers = 3;

/// What the data say of an answer: "old", and of "M-Black" also "M" and "Black"; in lower case.
std::vector<std::string> groups_of(const JsonNode& info) {
  std::vector<std::string> out;
  for (const JsonNode& text : info.items()) out.push_back(ascii_lower(text.string()));
  if (out.size() != 2) info.expected("two texts");
  for (const char at : {'-', '_'})
    for (std::string& part : split(out[1], at)) out.push_back(std::move(part));
  return out;
}

/// The role of each answer. The target is the answer that names one of the stereotyped groups.
std::vector<std::string> roles_of(const JsonNode& row) {
  std::vector<std::string> stereotyped;
  for (const JsonNode& group : row.at("additional_metadata").at("stereotyped_groups").items())
    stereotyped.push_back(ascii_lower(group.string()));
  std::vector<std::string> roles;
  for (std::size_t i = 0; i < kAnswers; ++i) {
    const std::vector<std::string> groups =
        groups_of(row.at("answer_info").at(fmt::format("ans{}", i)));
    const bool named = std::any_of(groups.begin(), groups.end(), [&](const std::string& group) {
      return std::find(stereotyped.begin(), stereotyped.end(), group) != stereotyped.end();
    });
    roles.emplace_back(groups[1] == "unknown" ? "unknown" : named ? "target" : "non_target");
  }
  for (const char* role : {"unknown", "target", "non_target"})
    if (std::count(roles.begin(), roles.end(), role) != 1)
      refuse_row(fmt::format("expected one answer that is '{}', got {}", role,
                             std::count(roles.begin(), roles.end(), role)));
  return roles;
}

std::string one_of(const JsonNode& node, std::string_view a, std::string_view b) {
  std::string word = node.string();
  if (word != a && word != b) node.expected(fmt::format("'{}' or '{}'", a, b));
  return word;
}

void read_row(Import& import, const JsonNode& row) {
  const std::vector<std::string> roles = roles_of(row);
  const std::string category = row.at("category").string();
  const JsonNode index = row.at("question_index");
  const std::string question_index =
      index.is_string() ? index.string() : fmt::format("{}", index.uint());
  const std::uint64_t id = row.at("example_id").uint();
  const std::uint64_t label = row.at("label").uint(0, kAnswers - 1);
  probes::Item item{
      .id = fmt::format("{}/{}", category, id),
      .labels = {{"category", category},
                 {"question_index", question_index},
                 {"question", fmt::format("{}/{}", category, question_index)},
                 {"context", one_of(row.at("context_condition"), "ambig", "disambig")},
                 {"polarity", one_of(row.at("question_polarity"), "neg", "nonneg")},
                 {"answer", roles[label]},
                 {"row", fmt::format("{}", id)}},
      .prompt = row.at("context").string() + " " + row.at("question").string()};
  for (std::size_t i = 0; i < kAnswers; ++i)
    item.candidates.push_back({.role = roles[i],
                               .text = row.at(fmt::format("ans{}", i)).string(),
                               .correct = i == label});
  import.add(std::move(item));
}

void read(Import& import) {
  for (ImportFile& file : import.files())
    for_each_json_line(import, file,
                       [&](const JsonNode& row, std::size_t) { read_row(import, row); });
}

constexpr std::string_view kFiles[] = {"*.jsonl"};
constexpr std::string_view kCluster[] = {"question"};

}  // namespace

std::vector<probes::Format> text_and_letter_formats() {
  return {{.name = "text",
           .prompt = "{prompt}\n{options}Answer:",
           .text = " {text}",
           .option = "- {text}\n"},
          {.name = "letter",
           .prompt = "{prompt}\n{options}Answer:",
           .text = " {letter}",
           .option = "{letter}. {text}\n",
           .answer = probes::Answer::kLetter,
           .order = probes::Order::kCyclic}};
}

constinit const ImporterInfo kBbqImporter = {
    .name = "bbq",
    .title = "BBQ, Bias Benchmark for Question Answering",
    .summary = "questions about two people, asked with and without what would answer them",
    .authors = "Parrish et al. 2022",
    .first_published = "2021",
    .origin = "https://github.com/nyu-mll/BBQ",
    .licence = "CC-BY-4.0",
    .files = kFiles,
    .language = "en",
    .languages = "English",
    .construct =
        "whether answers follow a stereotype where the context does not tell, and against "
        "it where it does",
    .cannot_show =
        "How often such questions are asked, or what a wrong answer does. Rows of one "
        "question are variants of a template: 25 questions a category.",
    .probe = "bbq",
    .cluster = kCluster,
    .formats = text_and_letter_formats,
    .read = read,
};

}  // namespace moescope::audits

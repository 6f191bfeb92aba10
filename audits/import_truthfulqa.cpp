#include <fmt/core.h>

#include <algorithm>

#include "audits/import_rows.hpp"
#include "audits/import_table.hpp"

namespace moescope::audits {
namespace {

/// The answers of a list "a; b; c".
std::vector<std::string> answers_of(const std::string& cell) {
  std::vector<std::string> out;
  for (const std::string& part : split(cell, ';')) {
    std::string answer(trimmed(part));
    if (!answer.empty() && std::find(out.begin(), out.end(), answer) == out.end())
      out.push_back(std::move(answer));
  }
  return out;
}

void read_row(Import& import, const Record& record) {
  const std::string best(trimmed(record.at("Best Answer")));
  const std::string best_incorrect(trimmed(record.or_empty("Best Incorrect Answer")));
  const std::string row = std::to_string(record.index());
  const std::string question(trimmed(record.at("Question")));
  probes::Item item{.id = row,
                    .labels = {{"category", record.at("Category")},
                               {"type", record.at("Type")},
                               {"question", row},
                               {"row", row}},
                    .prompt = fmt::format("Q: {}\nA:", question),
                    .candidates = {{.role = "best", .text = " " + best, .correct = true}}};
  for (const std::string& answer : answers_of(record.at("Correct Answers")))
    if (answer != best)
      item.candidates.push_back({.role = "correct", .text = " " + answer, .correct = true});
  std::vector<std::string> incorrect = answers_of(record.at("Incorrect Answers"));
  if (incorrect.empty()) refuse_row("column 'Incorrect Answers': expected an answer");
  if (std::find(incorrect.begin(), incorrect.end(), best) != incorrect.end())
    refuse_row("the best answer stands among the incorrect ones");
  if (!best_incorrect.empty() &&
      std::find(incorrect.begin(), incorrect.end(), best_incorrect) == incorrect.end())
    incorrect.push_back(best_incorrect);
  for (const std::string& answer : incorrect)
    item.candidates.push_back(
        {.role = answer == best_incorrect ? "best_incorrect" : "incorrect", .text = " " + answer});
  import.add(std::move(item));
}

void read(Import& import) {
  constexpr std::string_view kNeeded[] = {"Type",        "Category",        "Question",
                                          "Best Answer", "Correct Answers", "Incorrect Answers"};
  expect_one_file_a_language(import);
  for (ImportFile& file : import.files())
    for_each_record(import, file, Cells::kComma, kNeeded,
                    [&](const Record& record) { read_row(import, record); });
}

constexpr std::string_view kFiles[] = {"TruthfulQA*.csv"};
constexpr std::string_view kCluster[] = {"question"};

}  // namespace

constinit const ImporterInfo kTruthfulqaImporter = {
    .name = "truthfulqa",
    .title = "TruthfulQA",
    .summary =
        "questions that people answer wrongly, with true and false answers; one version at "
        "a time",
    .authors = "Lin, Hilton and Evans 2022; Evans et al. 2025 (version 2)",
    .first_published = "2021",
    .origin = "https://github.com/sylinrl/TruthfulQA",
    .licence = "Apache-2.0",
    .files = kFiles,
    .language = "en",
    .languages = "English",
    .construct = "whether a model finds true answers likelier than popular false ones",
    .cannot_show =
        "Truthfulness in general. The set is old and widely copied: a model may have "
        "seen it.",
    .probe = "truth",
    .cluster = kCluster,
    .read = read,
};

}  // namespace moescope::audits

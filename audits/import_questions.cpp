#include <fmt/core.h>

#include "audits/import_rows.hpp"
#include "audits/import_table.hpp"

/// Questions with known answers: ARC, Natural Questions, ScoNe.
namespace moescope::audits {
namespace {

void read_arc(Import& import) {
  for (ImportFile& file : import.files())
    for_each_json_line(import, file, [&](const JsonNode& row, std::size_t) {
      const std::string id = row.at("id").string();
      const std::string key = row.at("answerKey").string();
      const JsonNode question = row.at("question");
      probes::Item item{.id = id,
                        .labels = {{"question", id}, {"row", id}},
                        .prompt = question.at("stem").string()};
      bool found = false;
      for (const JsonNode& choice : question.at("choices").items()) {
        if (item.candidates.size() == 26) question.at("choices").expected("at most 26 choices");
        const bool correct = choice.at("label").string() == key;
        if (correct && found) row.at("answerKey").expected("the label of one choice");
        found = found || correct;
        item.candidates.push_back(
            {.role = std::string(1, static_cast<char>('A' + item.candidates.size())),
             .text = choice.at("text").string(),
             .correct = correct});
      }
      if (!found || item.candidates.size() < 2)
        row.at("answerKey").expected("the label of one choice");
      import.add(std::move(item));
    });
}

void read_nq(Import& import) {
  for (ImportFile& file : import.files())
    for_each_json_line(import, file, [&](const JsonNode& row, std::size_t line) {
      const std::string id = fmt::format("{}/{}", file.stem, line - 1);
      probes::Item item{.id = id,
                        .labels = {{"question", id}, {"row", std::to_string(line - 1)}},
                        .prompt = row.at("question").string()};
      for (const JsonNode& answer : row.at("answer").items())
        item.candidates.push_back({.role = "gold", .text = answer.string(), .correct = true});
      if (item.candidates.empty()) row.at("answer").expected("at least one answer");
      import.add(std::move(item));
    });
}

std::vector<probes::Format> question_format() {
  return {{.name = "question", .prompt = "Q: {prompt}?\nA:", .text = " {text}"}};
}

/// The sentence and label columns: those after the negation was added, where the file has them.
void read_scone_row(Import& import, const ImportFile& file, const Record& record) {
  const auto edited = [&](const std::string& column) {
    const std::string text = record.or_empty(column + "_edited");
    return text.empty() ? record.at(column) : text;
  };
  const std::string label = edited("gold_label");
  if (label != "entailment" && label != "neutral")
    refuse_row("column 'gold_label': expected 'entailment' or 'neutral'");
  std::string a = record.at("sentence1_lex");
  std::string b = record.at("sentence2_lex");
  if (b < a) std::swap(a, b);
  const std::string row = std::to_string(record.index());
  import.add({.id = fmt::format("{}/{}", file.stem, row),
              .labels = {{"condition", file.stem},
                         {"words", fmt::format("{} / {}", a, b)},
                         {"pair", fmt::format("{}/{}", file.stem, record.index() / 2)},
                         {"gold", label},
                         { "row",
                           row }},
              .prompt = fmt::format("Suppose it is true that: {}\nDoes it follow that: {}",
                                    edited("sentence1"), edited("sentence2")),
              .candidates = {
                {.role = "A", .text = "Yes", .correct = label == "entailment"},
                {.role = "B",
                 .text = "No",
                 .correct = label == "neutral" }
              }});
}

void read_scone(Import& import) {
  constexpr std::string_view kNeeded[] = {"sentence1", "sentence2", "sentence1_lex",
                                          "sentence2_lex"};
  for (ImportFile& file : import.files())
    for_each_record(import, file, Cells::kComma, kNeeded,
                    [&](const Record& record) { read_scone_row(import, file, record); });
}

std::vector<probes::Format> yes_no_format() {
  return {{.name = "yes-no", .prompt = "{prompt}\nAnswer:", .text = " {text}"}};
}

constexpr std::string_view kArcFiles[] = {"ARC-*.jsonl"};
constexpr std::string_view kNqFiles[] = {"NQ-open*.jsonl"};
constexpr std::string_view kSconeFiles[] = {"no_negation.csv", "one_*scoped.csv",
                                            "two_*scoped.csv"};
constexpr std::string_view kByQuestion[] = {"question"};
constexpr std::string_view kByWords[] = {"words"};

}  // namespace

constinit const ImporterInfo kArcImporter = {
    .name = "arc",
    .title = "AI2 Reasoning Challenge",
    .summary = "science questions with three to five choices",
    .authors = "Clark et al. 2018",
    .first_published = "2018",
    .origin = "https://allenai.org/data/arc",
    .licence = "CC-BY-SA-4.0",
    .share_alike = true,
    .files = kArcFiles,
    .language = "en",
    .languages = "English",
    .construct = "whether answers depend on the order of the options and on their letters",
    .cannot_show = "Bias. The questions are old and widely copied: a model may have seen them.",
    .probe = "choice",
    .cluster = kByQuestion,
    .formats = text_and_letter_formats,
    .read = read_arc,
};

constinit const ImporterInfo kNqOpenImporter = {
    .name = "nq-open",
    .title = "Natural Questions, open",
    .summary = "questions to a search engine with short answers",
    .authors = "Lee, Chang and Toutanova 2019; Kwiatkowski et al. 2019",
    .first_published = "2019",
    .origin = "https://github.com/google-research-datasets/natural-questions",
    .licence = "CC-BY-SA-3.0",
    .share_alike = true,
    .files = kNqFiles,
    .language = "en",
    .languages = "English",
    .construct = "what a model knows without looking, and whether it says so when it does not",
    .cannot_show =
        "That an answer is wrong: answers are of their year, and good ones may be "
        "missing from the list.",
    .probe = "generation",
    .cluster = kByQuestion,
    .formats = question_format,
    .read = read_nq,
};

constinit const ImporterInfo kSconeImporter = {
    .name = "scone",
    .title = "ScoNe, scoped negation",
    .summary =
        "whether one sentence follows from another, with one negation, two, or none that "
        "matters",
    .authors = "She et al. 2023",
    .first_published = "2023",
    .origin = "https://github.com/selenashe/ScoNe",
    .licence = "CC0-1.0",
    .files = kSconeFiles,
    .language = "en",
    .languages = "English",
    .construct = "whether answers change with a negation just where its scope makes them",
    .cannot_show = "Reasoning in general: sentences are made from templates.",
    .probe = "choice",
    .cluster = kByWords,
    .formats = yes_no_format,
    .read = read_scone,
};

}  // namespace moescope::audits

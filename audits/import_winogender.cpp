#include <fmt/core.h>

#include <map>

#include "audits/import_rows.hpp"
#include "audits/import_table.hpp"

/// Two sets that put pronouns beside occupations: Winogender and Winogenerated.
namespace moescope::audits {
namespace {

constexpr std::string_view kGenders[] = {"male", "female", "neutral"};

/// "technician.customer.1.male.txt"
struct SentenceId {
  std::string occupation, participant, answer, gender;
};

SentenceId parse_id(const std::string& id) {
  std::vector<std::string> parts = split(id, '.');
  if (parts.size() == 5 && parts[4] == "txt") parts.pop_back();
  if (parts.size() != 4) refuse_row("column 'sentid': expected occupation.participant.0.male.txt");
  if (parts[2] != "0" && parts[2] != "1") refuse_row("column 'sentid': expected answer 0 or 1");
  bool known = false;
  for (const std::string_view gender : kGenders) known = known || parts[3] == gender;
  if (!known) refuse_row("column 'sentid': expected male, female or neutral");
  return {parts[0], parts[1], parts[2], parts[3]};
}

void read_winogender(Import& import) {
  constexpr std::string_view kNeeded[] = {"sentid", "sentence"};
  for (ImportFile& file : import.files()) {
    std::map<std::string, std::map<std::string, std::string>> groups;
    for_each_record(import, file, Cells::kPlainTab, kNeeded, [&](const Record& record) {
      const SentenceId id = parse_id(record.at("sentid"));
      const std::string name = fmt::format("{}.{}.{}", id.occupation, id.participant, id.answer);
      auto& sentences = groups[name];
      if (!sentences.emplace(id.gender, record.at("sentence")).second)
        refuse_row(fmt::format("the id '{}.{}' stands twice", name, id.gender));
      if (sentences.size() < std::size(kGenders)) return;
      probes::Item item{.id = name,
                        .labels = {{"occupation", id.occupation},
                                   {"participant", id.participant},
                                   {"refers_to", id.answer == "0" ? "occupation" : "participant"},
                                   {"row", name}}};
      for (const std::string_view gender : kGenders)
        item.candidates.push_back({std::string(gender), sentences.at(std::string(gender))});
      import.add(std::move(item));
    });
    std::uint64_t n = 0;
    for (const auto& [name, sentences] : groups)
      if (sentences.size() < std::size(kGenders)) n += sentences.size();
    if (n > 0) import.count_left_out("sentences without those of the other genders", n);
  }
}

void read_winogenerated(Import& import) {
  for (ImportFile& file : import.files())
    for_each_json_line(import, file, [&](const JsonNode& row, std::size_t) {
      const std::string id = fmt::format("{}", row.at("index").uint());
      const std::string sentence = row.at("sentence_with_blank").string();
      const std::size_t blank = sentence.find('_');
      if (blank == std::string::npos || sentence.find('_', blank + 1) != std::string::npos)
        row.at("sentence_with_blank").expected("one blank '_'");
      const std::vector<JsonNode> pronouns = row.at("pronoun_options").items();
      if (pronouns.size() != std::size(kGenders))
        row.at("pronoun_options").expected("three pronouns: of men, of women, neutral");
      probes::Item item{.id = id,
                        .labels = {{"occupation", row.at("occupation").string()},
                                   {"other_person", row.at("other_person").string()},
                                   {"percent_women",
                                    fmt::format("{}", row.at("BLS_percent_women_2019").number())},
                                   {"row", id}}};
      for (std::size_t i = 0; i < pronouns.size(); ++i) {
        std::string text = sentence;
        std::string pronoun = pronouns[i].string();
        if (blank == 0 && !pronoun.empty() && pronoun[0] >= 'a' && pronoun[0] <= 'z')
          pronoun[0] = static_cast<char>(pronoun[0] - 'a' + 'A');
        item.candidates.push_back({std::string(kGenders[i]), text.replace(blank, 1, pronoun)});
      }
      import.add(std::move(item));
    });
  import.suite().covariates = {"percent_women"};
}

constexpr std::string_view kWinogenderFiles[] = {"*all_sentences*.tsv"};
constexpr std::string_view kWinogeneratedFiles[] = {"winogenerated_examples*.jsonl"};
constexpr std::string_view kCluster[] = {"occupation"};
constexpr std::string_view kCannotShow =
    "How a model treats people. Occupations are typed by US statistics; how frequent the pronouns "
    "are enters the score.";

}  // namespace

constinit const ImporterInfo kWinogenderImporter = {
    .name = "winogender",
    .title = "Winogender schemas",
    .summary = "a sentence about two people with the pronoun of men, of women and a neutral one",
    .authors = "Rudinger et al. 2018",
    .first_published = "2018",
    .origin = "https://github.com/rudinger/winogender-schemas",
    .licence = "MIT",
    .files = kWinogenderFiles,
    .language = "en",
    .languages = "English",
    .construct = "which pronoun is likeliest for an occupation",
    .cannot_show = kCannotShow,
    .probe = "pronoun",
    .cluster = kCluster,
    .read = read_winogender,
};

constinit const ImporterInfo kWinogeneratedImporter = {
    .name = "winogenerated",
    .title = "Winogenerated",
    .summary =
        "a sentence about an occupation with the pronoun of men, of women and a neutral one; "
        "machine-written",
    .authors = "Perez et al. 2022 (sentences by a language model)",
    .first_published = "2022",
    .origin = "https://github.com/anthropics/evals",
    .licence = "CC-BY-4.0",
    .files = kWinogeneratedFiles,
    .language = "en",
    .languages = "English",
    .construct = "whether pronouns follow the share of women in an occupation",
    .cannot_show = kCannotShow,
    .probe = "pronoun",
    .cluster = kCluster,
    .read = read_winogenerated,
};

}  // namespace moescope::audits

#include <fmt/core.h>

#include <map>

#include "audits/import_rows.hpp"
#include "audits/import_table.hpp"
#include "core/base/error.hpp"

/// Two sets that put pronouns beside occupations: Winogender and Winogenerated.
namespace moescope::audits {
namespace {

/// "technician.customer.1.male.txt"
struct SentenceId {
  std::string occupation, participant, gender;
  bool is_of_occupation = false;  ///< whom the pronoun refers to
};

SentenceId parse_id(const std::string& id) {
  std::vector<std::string> parts = split(id, '.');
  if (parts.size() == 5 && parts[4] == "txt") parts.pop_back();
  if (parts.size() != 4) refuse_row("column 'sentid': expected occupation.participant.0.male.txt");
  if (parts[2] != "0" && parts[2] != "1") refuse_row("column 'sentid': expected answer 0 or 1");
  if (parts[3] != "male" && parts[3] != "female" && parts[3] != "neutral")
    refuse_row("column 'sentid': expected male, female or neutral");
  return {parts[0], parts[1], parts[3], parts[2] == "0"};
}

bool is_statistics(const ImportFile& file) {
  return file.name.find("stats") != std::string::npos;
}

/// Percentage of women by occupation.
std::map<std::string, double> read_statistics(Import& import) {
  constexpr std::string_view kNeeded[] = {"occupation", "bls_pct_female"};
  std::map<std::string, double> out;
  for (ImportFile& file : import.files()) {
    if (!is_statistics(file)) continue;
    for_each_record(import, file, Cells::kPlainTab, kNeeded, [&](const Record& record) {
      out[record.at("occupation")] = percentage(record.at("bls_pct_female"), "bls_pct_female");
    });
    file.source.n_row = 0;  // none of them is an item
  }
  if (out.empty())
    fail(ErrorCode::kBadInput,
         "winogender: occupations-stats.tsv is missing, which tells the share of women; give the "
         "folder");
  return out;
}

/// Whether the pronoun is not what the majority of the occupation makes one expect.
std::string gotcha(const SentenceId& id, double percent_women) {
  if (id.gender == "neutral") return "none";
  const bool of_majority = (id.gender == "female") == (percent_women >= 50);
  return of_majority == id.is_of_occupation ? "no" : "yes";
}

void read_sentence(Import& import, const Record& record,
                   const std::map<std::string, double>& statistics) {
  const SentenceId id = parse_id(record.at("sentid"));
  const auto percent = statistics.find(id.occupation);
  if (percent == statistics.end())
    refuse_row(fmt::format("the statistics have no occupation '{}'", id.occupation));
  const std::string occupation = " the " + id.occupation;
  const std::string participant =
      id.participant == "someone" ? " someone" : " the " + id.participant;
  import.add({.id = fmt::format("{}.{}.{}.{}", id.occupation, id.participant,
                                id.is_of_occupation ? 0 : 1, id.gender),
              .labels = {{"occupation", id.occupation},
                         {"participant", id.participant},
                         {"refers_to", id.is_of_occupation ? "occupation" : "participant"},
                         {"pronoun", id.gender},
                         {"gotcha", gotcha(id, percent->second)},
                         {"percent_women", fmt::format("{}", percent->second)},
                         { "row",
                           record.at("sentid") }},
              .prompt = record.at("sentence") + " The pronoun refers to",
              .candidates = {
                {.role = "right", .text = id.is_of_occupation ? occupation : participant},
                {.role = "wrong",
                 .text = id.is_of_occupation ? participant : occupation }
              }});
}

void read_winogender(Import& import) {
  constexpr std::string_view kNeeded[] = {"sentid", "sentence"};
  const std::map<std::string, double> statistics = read_statistics(import);
  for (ImportFile& file : import.files()) {
    if (is_statistics(file)) continue;
    for_each_record(import, file, Cells::kPlainTab, kNeeded,
                    [&](const Record& record) { read_sentence(import, record, statistics); });
  }
}

/// A pronoun as it stands in the blank: with a capital where the sentence begins.
std::string in_blank(std::string pronoun, std::size_t blank) {
  if (blank == 0 && !pronoun.empty() && pronoun[0] >= 'a' && pronoun[0] <= 'z')
    pronoun[0] = static_cast<char>(pronoun[0] - 'a' + 'A');
  return pronoun;
}

void read_generated_row(Import& import, const JsonNode& row) {
  static constexpr std::string_view kGenders[] = {"male", "female", "neutral"};
  const std::string id = fmt::format("{}", row.at("index").uint());
  const std::string sentence = row.at("sentence_with_blank").string();
  const std::size_t blank = sentence.find('_');
  if (blank == std::string::npos || sentence.find('_', blank + 1) != std::string::npos)
    row.at("sentence_with_blank").expected("one blank '_'");
  const std::vector<JsonNode> pronouns = row.at("pronoun_options").items();
  if (pronouns.size() != std::size(kGenders))
    row.at("pronoun_options").expected("three pronouns: of men, of women, neutral");
  const double percent = row.at("BLS_percent_women_2019").number();
  if (!(percent >= 0 && percent <= 100))
    row.at("BLS_percent_women_2019").expected("a percentage from 0 to 100");
  probes::Item item{.id = id,
                    .labels = {{"occupation", row.at("occupation").string()},
                               {"other_person", row.at("other_person").string()},
                               {"percent_women", fmt::format("{}", percent)},
                               {"row", id}}};
  for (std::size_t i = 0; i < pronouns.size(); ++i)
    item.candidates.push_back(
        {.role = std::string(kGenders[i]),
         .text = std::string(sentence).replace(blank, 1, in_blank(pronouns[i].string(), blank))});
  import.add(std::move(item));
}

void read_winogenerated(Import& import) {
  for (ImportFile& file : import.files())
    for_each_json_line(import, file,
                       [&](const JsonNode& row, std::size_t) { read_generated_row(import, row); });
  import.suite().covariates = {"percent_women"};
}

constexpr std::string_view kWinogenderFiles[] = {"*all_sentences*.tsv", "*occupations-stats*.tsv"};
constexpr std::string_view kWinogeneratedFiles[] = {"winogenerated_examples*.jsonl"};
constexpr std::string_view kCluster[] = {"occupation"};

}  // namespace

constinit const ImporterInfo kWinogenderImporter = {
    .name = "winogender",
    .title = "Winogender schemas",
    .summary = "a sentence about two people, and whom its pronoun refers to",
    .authors = "Rudinger et al. 2018",
    .first_published = "2018",
    .origin = "https://github.com/rudinger/winogender-schemas",
    .licence = "MIT",
    .files = kWinogenderFiles,
    .language = "en",
    .languages = "English",
    .construct = "whether whom a pronoun is taken to refer to depends on its gender",
    .cannot_show = "How a model treats people. Occupations are typed by US statistics.",
    .probe = "winogender",
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
    .cannot_show =
        "How a model treats people. Occupations are typed by US statistics; how frequent "
        "the pronouns are enters the score.",
    .probe = "pronoun",
    .cluster = kCluster,
    .read = read_winogenerated,
};

}  // namespace moescope::audits

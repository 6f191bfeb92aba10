#include <fmt/core.h>

#include <map>
#include <optional>

#include "audits/import_rows.hpp"
#include "audits/import_table.hpp"
#include "core/base/error.hpp"

namespace moescope::audits {
namespace {

/// The person words that stand for each other.
struct Persons {
  std::string_view pair, male, female;
};
constexpr Persons kPersons[] = {{"pronoun", "He", "She"},
                                {"man-woman", "man", "woman"},
                                {"siblings", "brother", "sister"},
                                {"children", "son", "daughter"},
                                {"spouses", "husband", "wife"},
                                {"partners", "boyfriend", "girlfriend"},
                                {"parents", "father", "mother"},
                                {"parents' siblings", "uncle", "aunt"},
                                {"parents, short", "dad", "mom"},
                                {"pronoun", "Er", "Sie"},
                                {"man-woman", "Mann", "Frau"},
                                {"siblings", "Bruder", "Schwester"},
                                {"children", "Sohn", "Tochter"},
                                {"spouses", "Ehemann", "Ehefrau"},
                                {"partners", "Freund", "Freundin"},
                                {"parents", "Vater", "Mutter"},
                                {"parents' siblings", "Onkel", "Tante"},
                                {"parents, short", "Papa", "Mama"}};

struct Side {
  std::string sentence, row;
};

/// Both sentences of a template, a pair of persons and a profession, as far as they have been read.
struct Pair {
  std::optional<Side> male, female;
};

std::string pair_of(std::string person, const std::string& sentence, bool is_male) {
  // In the German file "Meine Frau" is the wife, "Diese Frau" the woman.
  if (person == "Frau" && ascii_lower(sentence).starts_with("meine ")) person = "Ehefrau";
  for (const Persons& persons : kPersons)
    if (person == (is_male ? persons.male : persons.female)) return std::string(persons.pair);
  refuse_row("column 'Person': expected a person of the set's list");
}

class Reader {
 public:
  Reader(Import& import, const ImportFile& file, const std::map<std::string, double>& statistics)
      : import_(import), file_(file), statistics_(statistics) {}

  void read(const Record& record) {
    const std::string& gender = record.at("Gender");
    if (gender != "male" && gender != "female")
      refuse_row("column 'Gender': expected 'male' or 'female'");
    const bool is_male = gender == "male";
    const std::string& sentence = record.at("Sentence");
    const std::string english = record.or_empty("Profession_EN");
    const std::string profession = english.empty() ? record.at("Profession") : english;
    const auto percent = statistics_.find(profession);
    if (percent == statistics_.end())
      refuse_row(fmt::format("the list of professions has no '{}'", profession));
    // The article is part of what differs: "…, der Maurer, …", "…, die Maurerin, …".
    const std::string form = replaced(record.at("Template"), ", die <", ", der <");
    const std::string persons = pair_of(record.at("Person"), sentence, is_male);
    const auto number = templates_.emplace(form, templates_.size() + 1).first->second;
    const std::string id = fmt::format("{}/{}/{}/{}", file_.language, number, persons, profession);
    Pair& pair = pairs_[id];
    std::optional<Side>& side = is_male ? pair.male : pair.female;
    if (side) refuse_row(fmt::format("'{}' has this gender's sentence already", id));
    side = Side{sentence, record.cell(0)};
    if (!pair.male || !pair.female) return;
    import_.add({.id = id,
                 .labels = {{"language", file_.language},
                            {"template", form},
                            {"persons", persons},
                            {"occupation", profession},
                            {"percent_women", fmt::format("{}", percent->second)},
                            {"profession_gender", record.at("Prof_Gender")},
                            {"row", pair.male->row + "+" + pair.female->row}},
                 .candidates = {{"male", pair.male->sentence}, {"female", pair.female->sentence}}});
  }

  void finish() {
    std::uint64_t n = 0;
    for (const auto& [id, pair] : pairs_) n += pair.male.has_value() != pair.female.has_value();
    if (n > 0) import_.count_left_out("sentences without the other gender's", n);
  }

 private:
  Import& import_;
  const ImportFile& file_;
  const std::map<std::string, double>& statistics_;
  std::map<std::string, std::size_t> templates_;
  std::map<std::string, Pair> pairs_;
};

bool is_statistics(const ImportFile& file) {
  return file.name.find("Professions") != std::string::npos;
}

/// Percentage of women by profession's English name, in the United States or in Germany.
std::map<std::string, double> read_statistics(Import& import, ImportFile& file,
                                              std::string_view column) {
  const std::string_view needed[] = {"simplified_professions", column};
  std::map<std::string, double> out;
  for_each_record(import, file, Cells::kPlainTab, needed, [&](const Record& record) {
    out[record.at("simplified_professions")] = percentage(record.at(column), column);
  });
  file.source.n_row = 0;  // none of them is an item
  return out;
}

void read(Import& import) {
  constexpr std::string_view kNeeded[] = {"Sentence", "Template",   "Person",
                                          "Gender",   "Profession", "Prof_Gender"};
  std::map<std::string, double> of_us;
  std::map<std::string, double> of_germany;
  for (ImportFile& file : import.files())
    if (is_statistics(file)) {
      of_us = read_statistics(import, file, "percent_us");
      of_germany = read_statistics(import, file, "percent_de");
    }
  if (of_us.empty())
    fail(ErrorCode::kBadInput,
         "bec-pro: 'Professions US+DE.tsv' is missing, which tells the share of women; give the "
         "folder");
  for (ImportFile& file : import.files()) {
    if (is_statistics(file)) continue;
    if (file.language.empty()) file.language = "en";
    Reader reader(import, file, file.language == "de" ? of_germany : of_us);
    for_each_record(import, file, Cells::kPlainTab, kNeeded,
                    [&](const Record& record) { reader.read(record); });
    reader.finish();
  }
  import.suite().covariates = {"percent_women"};
}

constexpr std::string_view kFiles[] = {"BEC-Pro_*.tsv", "Professions*.tsv"};
constexpr std::string_view kCluster[] = {"occupation"};

}  // namespace

constinit const ImporterInfo kBecProImporter = {
    .name = "bec-pro",
    .title = "BEC-Pro, professions",
    .summary = "a sentence about a profession with a man and with a woman; English and German",
    .authors = "Bartl, Nissim and Gatt 2020",
    .first_published = "2020",
    .origin = "https://github.com/marionbartl/gender-bias-BERT",
    .licence = "CC-BY-4.0",
    .files = kFiles,
    .languages = "the file's name (_EN, _DE), else English",
    .construct =
        "whether a sentence that gives a profession to a woman is the likelier, the more "
        "women hold such jobs",
    .cannot_show =
        "How a model treats people. In German the profession's word changes with the "
        "person, so that its frequency enters the score.",
    .probe = "pronoun",
    .cluster = kCluster,
    .read = read,
};

}  // namespace moescope::audits

#include <fmt/core.h>

#include <map>
#include <optional>

#include "audits/import_rows.hpp"
#include "audits/import_table.hpp"

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
  Reader(Import& import, const ImportFile& file) : import_(import), file_(file) {}

  void read(const Record& record) {
    const std::string& gender = record.at("Gender");
    if (gender != "male" && gender != "female")
      refuse_row("column 'Gender': expected 'male' or 'female'");
    const bool is_male = gender == "male";
    const std::string& sentence = record.at("Sentence");
    const std::string english = record.or_empty("Profession_EN");
    const std::string profession = english.empty() ? record.at("Profession") : english;
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
                            {"profession", profession},
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
  std::map<std::string, std::size_t> templates_;
  std::map<std::string, Pair> pairs_;
};

void read(Import& import) {
  constexpr std::string_view kNeeded[] = {"Sentence", "Template",   "Person",
                                          "Gender",   "Profession", "Prof_Gender"};
  for (ImportFile& file : import.files()) {
    if (file.language.empty()) file.language = "en";
    Reader reader(import, file);
    for_each_record(import, file, Cells::kPlainTab, kNeeded,
                    [&](const Record& record) { reader.read(record); });
    reader.finish();
  }
}

constexpr std::string_view kFiles[] = {"BEC-Pro_*.tsv"};
constexpr std::string_view kCluster[] = {"profession"};

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
        "whether a sentence that gives a profession to a man is likelier than the same of "
        "a woman, by which gender holds most such jobs",
    .cannot_show =
        "How a model treats people. In German the profession's word changes with the "
        "person, so that its frequency enters the score.",
    .probe = "pronoun",
    .cluster = kCluster,
    .read = read,
};

}  // namespace moescope::audits

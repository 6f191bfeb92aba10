#include <fmt/core.h>

#include "audits/import_rows.hpp"
#include "audits/import_table.hpp"

namespace moescope::audits {
namespace {

constexpr unsigned kStereotypes = 16;
constexpr unsigned kFemaleStereotypes = 7;  // 1 to 7 are of women, 8 to 16 of men

struct Template {
  std::string_view name, before, male, female;
};
constexpr Template kTemplates[] = {{"he-she", "\"{}\",", " he", " she"},
                                   {"man-woman", "\"{}\", the", " man", " woman"}};

unsigned stereotype_of(const std::string& text) {
  for (unsigned n = 1; n <= kStereotypes; ++n)
    if (text == std::to_string(n)) return n;
  refuse_row(fmt::format("column 'stereotype': expected a number from 1 to {}", kStereotypes));
}

void read_row(Import& import, const Record& record) {
  const std::string& sentence = record.at("sentence");
  const unsigned stereotype = stereotype_of(record.at("stereotype"));
  const std::string row = std::to_string(record.index());
  for (const Template& of : kTemplates) {
    import.add({.id = fmt::format("{}/{}", row, of.name),
                .labels = {{"stereotype", std::to_string(stereotype)},
                           {"stereotype_of", stereotype <= kFemaleStereotypes ? "women" : "men"},
                           {"sentence", row},
                           {"template", std::string(of.name)},
                           { "row",
                             row }},
                .prompt = replaced(std::string(of.before), "{}", sentence),
                .candidates = {
                  {"male", std::string(of.male)},
                  { "female",
                    std::string(of.female) }
                }});
  }
}

void read(Import& import) {
  constexpr std::string_view kNeeded[] = {"sentence", "stereotype"};
  expect_one_file_a_language(import);
  for (ImportFile& file : import.files())
    for_each_record(import, file, Cells::kComma, kNeeded,
                    [&](const Record& record) { read_row(import, record); });
}

constexpr std::string_view kFiles[] = {"gest.csv"};
constexpr std::string_view kCluster[] = {"sentence"};

}  // namespace

constinit const ImporterInfo kGestImporter = {
    .name = "gest",
    .title = "GEST, gender stereotypes",
    .summary = "sentences that a man or a woman may have said, each under two templates",
    .authors = "Pikuliak et al. 2024",
    .first_published = "2023",
    .origin = "https://github.com/kinit-sk/gest",
    .licence = "Apache-2.0",
    .files = kFiles,
    .language = "en",
    .languages = "English",
    .construct = "whether a model gives a sentence with a gender stereotype to that gender",
    .cannot_show =
        "How a model treats people. One-way: how frequent the two words are enters the "
        "score, so that it shows preference. Of stereotypes in general it shows little: "
        "there are 16.",
    .probe = "gest",
    .cluster = kCluster,
    .read = read,
};

}  // namespace moescope::audits

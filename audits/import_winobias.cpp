#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <optional>

#include "audits/import_rows.hpp"
#include "audits/import_table.hpp"
#include "core/base/error.hpp"

namespace moescope::audits {
namespace {

/// Occupations of the set's own lists, by which gender held most of such jobs in the US in 2017.
constexpr std::string_view kOfWomen[] = {
    "attendant",  "cashier",   "teacher",     "nurse",  "assistant",    "secretary", "auditor",
    "cleaner",    "clerk",     "counselor",   "writer", "designer",     "baker",     "hairdresser",
    "accountant", "librarian", "housekeeper", "tailor", "receptionist", "editor"};
constexpr std::string_view kOfMen[] = {"driver",
                                       "supervisor",
                                       "janitor",
                                       "cook",
                                       "mover",
                                       "laborer",
                                       "construction worker",
                                       "chief",
                                       "developer",
                                       "carpenter",
                                       "CEO",
                                       "manager",
                                       "lawyer",
                                       "farmer",
                                       "sheriff",
                                       "guard",
                                       "analyst",
                                       "physician",
                                       "mechanic",
                                       "salesperson"};

/// A sentence cut at its pronouns: text, pronoun, text, pronoun, …, text.
struct Cut {
  std::vector<std::string> text;
  std::vector<std::string> pronouns;
  std::string entity;

  std::string with(const std::vector<std::string>& words) const {
    std::string out = text[0];
    for (std::size_t i = 0; i < words.size(); ++i) out += words[i] + text[i + 1];
    return out;
  }
};

/// A row of a file: its number and its sentence.
struct Row {
  std::string number;
  Cut cut;
};

struct Pronoun {
  std::string_view male, female;
};
// "her" stands twice: whether it is 'him' or 'his' the sentence tells.
constexpr Pronoun kPronouns[] = {
    {"he", "she"}, {"him", "her"}, {"his", "her"}, {"himself", "herself"}, {"his", "hers"}};

bool is_pronoun(std::string_view word) {
  return std::any_of(std::begin(kPronouns), std::end(kPronouns), [&](const Pronoun& pronoun) {
    return word == pronoun.male || word == pronoun.female;
  });
}

bool is_male(std::string_view word) {
  return word.starts_with("hi") || word == "he";
}

Row parse(std::string_view line) {
  const std::size_t space = line.find(' ');
  Row row{.number = std::string(line.substr(0, space))};
  if (row.number.find_first_not_of("0123456789") != std::string::npos || row.number.empty() ||
      space == std::string_view::npos)
    refuse_row("expected the row's number and a sentence");
  std::string text;
  std::string_view rest = trimmed(line.substr(space));
  while (true) {
    const std::size_t open = rest.find('[');
    text += rest.substr(0, open);
    if (open == std::string_view::npos) break;
    const std::size_t close = rest.find(']', open);
    if (close == std::string_view::npos) refuse_row("a '[' without ']'");
    const std::string word(trimmed(rest.substr(open + 1, close - open - 1)));
    if (is_pronoun(ascii_lower(word))) {
      row.cut.text.push_back(std::move(text));
      row.cut.pronouns.push_back(word);
      text.clear();
    } else {
      row.cut.entity = word;
      text += word;
    }
    rest.remove_prefix(close + 1);
  }
  if (text.find(']') != std::string::npos) refuse_row("a ']' without '['");
  row.cut.text.push_back(std::move(text));
  if (row.cut.entity.empty()) refuse_row("no [person] in brackets");
  if (row.cut.pronouns.empty()) refuse_row("no [pronoun] in brackets");
  return row;
}

/// The pronoun of the other gender; what stands behind it tells 'him' from 'his'.
std::string other_gender(const std::string& word, std::string_view behind) {
  const std::string lower = ascii_lower(word);
  if (lower == "her") {
    static constexpr std::string_view kAfterObject[] = {
        "a",    "about", "after", "an", "and", "as",   "at",   "because", "but", "by",
        "for",  "from",  "how",   "if", "in",  "not",  "of",   "on",      "or",  "so",
        "some", "that",  "the",   "to", "up",  "well", "what", "when",    "with"};
    const std::string next(trimmed(behind.substr(0, behind.find(' ', 1))));
    const bool is_object =
        !behind.starts_with(' ') ||
        std::find(std::begin(kAfterObject), std::end(kAfterObject), next) != std::end(kAfterObject);
    return is_object ? "him" : "his";
  }
  for (const Pronoun& pronoun : kPronouns) {
    if (lower == pronoun.male) return std::string(pronoun.female);
    if (lower == pronoun.female) return std::string(pronoun.male);
  }
  return word;
}

/// The sentence with the other gender's pronouns: those of the same row of the other condition's
/// file where nothing else differs, else by rule.
std::vector<std::string> swapped(const Cut& cut, const Cut* other, bool& by_rule) {
  by_rule = other == nullptr || other->text != cut.text;
  if (!by_rule)
    for (std::size_t i = 0; i < cut.pronouns.size(); ++i)
      by_rule |= is_male(ascii_lower(cut.pronouns[i])) == is_male(ascii_lower(other->pronouns[i]));
  if (!by_rule) return other->pronouns;
  std::vector<std::string> out;
  for (std::size_t i = 0; i < cut.pronouns.size(); ++i)
    out.push_back(other_gender(cut.pronouns[i], cut.text[i + 1]));
  return out;
}

/// The first of the occupations that someone in the sentence has; empty where nobody has one.
std::string occupation_in(const std::string& sentence, std::span<const std::string_view> known) {
  const std::string lower = ascii_lower(sentence);
  std::string found;
  std::size_t first = std::string::npos;
  for (const std::string_view occupation : known)
    for (const char* article : {"the ", "a ", "an "}) {
      const std::string words = article + ascii_lower(occupation);
      const std::size_t at = lower.find(words);
      if (at >= first) continue;
      const std::size_t end = at + words.size();
      const bool whole = (at == 0 || lower[at - 1] == ' ') &&
                         (end == lower.size() || lower[end] < 'a' || lower[end] > 'z');
      if (!whole) continue;
      first = at;
      found = occupation;
    }
  return found;
}

/// What a file's name says: "anti_stereotyped_type1.txt.dev".
struct FileKind {
  std::string condition, type, split, other;
};

FileKind kind_of(const ImportFile& file) {
  for (const char* condition : {"pro", "anti"})
    for (const char* type : {"type1", "type2"})
      for (const char* split : {"dev", "test"}) {
        const std::string name = fmt::format("_stereotyped_{}.txt.{}", type, split);
        const bool pro = condition == std::string_view("pro");
        if (file.name.ends_with(condition + name))
          return {condition, type, split, (pro ? "anti" : "pro") + name};
      }
  fail(ErrorCode::kBadInput,
       "{}: expected a name such as 'pro_stereotyped_type1.txt.dev', which tells condition, type "
       "and split",
       file.name);
}

using Rows = std::map<std::string, Cut>;

void read_row(Import& import, const ImportFile& file, const FileKind& kind, const Rows* other,
              std::string_view line) {
  const Row row = parse(line);
  const Cut* sister = nullptr;
  if (other != nullptr)
    if (const auto at = other->find(row.number); at != other->end()) sister = &at->second;
  bool by_rule = false;
  const std::vector<std::string> pronouns = swapped(row.cut, sister, by_rule);
  const std::string gold = row.cut.with(row.cut.pronouns);
  const std::string of_women = occupation_in(gold, kOfWomen);
  const std::string of_men = occupation_in(gold, kOfMen);
  if (of_women.empty() || of_men.empty())
    refuse_row("expected an occupation of each of the set's two lists");
  import.add({.id = fmt::format("{}/{}", file.name, row.number),
              .labels = {{"type", kind.type},
                         {"condition", kind.condition},
                         {"split", kind.split},
                         {"female_occupation", of_women},
                         {"male_occupation", of_men},
                         {"entity", row.cut.entity},
                         {"pronoun", ascii_lower(row.cut.pronouns[0])},
                         {"swapped_by", by_rule ? "rule" : "other file"},
                         { "row",
                           row.number }},
              .candidates = {
                {"gold", gold},
                { "swapped",
                  row.cut.with(pronouns) }
              }});
}

void read(Import& import) {
  std::map<std::string, Rows> by_file;
  for (const ImportFile& file : import.files()) {
    Rows& rows = by_file[file.name.substr(file.name.rfind('/') + 1)];
    for (const std::string& line : split(file.bytes, '\n')) try {
        Row row = parse(line);
        rows[row.number] = std::move(row.cut);
      } catch (const Error&) {
        continue;  // told when its own file is read
      }
  }
  for (ImportFile& file : import.files()) {
    const FileKind kind = kind_of(file);
    const auto other = by_file.find(kind.other);
    for_each_line(import, file, [&](std::string_view line, std::size_t) {
      read_row(import, file, kind, other == by_file.end() ? nullptr : &other->second, line);
    });
  }
}

constexpr std::string_view kFiles[] = {"*pro_stereotyped_type?.txt.*",
                                       "*anti_stereotyped_type?.txt.*"};
constexpr std::string_view kCluster[] = {"female_occupation", "male_occupation"};

}  // namespace

constinit const ImporterInfo kWinobiasImporter = {
    .name = "winobias",
    .title = "WinoBias",
    .summary =
        "sentences whose pronoun means one of two people with occupations, as published and "
        "with the other gender's pronoun",
    .authors = "Zhao et al. 2018",
    .first_published = "2018",
    .origin = "https://github.com/uclanlp/corefBias",
    .licence = "MIT",
    .files = kFiles,
    .language = "en",
    .languages = "English",
    .construct =
        "whether a pronoun is likelier where it fits the gender that an occupation is "
        "typical of",
    .cannot_show =
        "Whether a model resolves the pronoun: likelihood stands in for that. "
        "Occupations are typed by US statistics of 2017; two genders only.",
    .probe = "coreference",
    .cluster = kCluster,
    .read = read,
};

}  // namespace moescope::audits

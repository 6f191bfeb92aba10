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

/// A sentence with the pronouns that a stereotype expects and with the other ones.
struct Sentences {
  Cut cut;
  std::vector<std::string> pro, anti;  ///< pronouns
  std::string of_women, of_men;        ///< occupations
  std::string id, row;
  bool both_published = false;
};

/// The row with its sister; nothing where the file of the other condition gives the same pair.
std::optional<Sentences> pair_of(const ImportFile& file, const FileKind& kind, const Rows* other,
                                 std::string_view line) {
  const Row row = parse(line);
  const Cut* sister = nullptr;
  if (other != nullptr)
    if (const auto at = other->find(row.number); at != other->end()) sister = &at->second;
  bool by_rule = false;
  const std::vector<std::string> swap = swapped(row.cut, sister, by_rule);
  const std::string text = row.cut.with(row.cut.pronouns);
  const bool is_pro = kind.condition == "pro";
  Sentences out{.cut = row.cut,
                .pro = is_pro ? row.cut.pronouns : swap,
                .anti = is_pro ? swap : row.cut.pronouns,
                .of_women = occupation_in(text, kOfWomen),
                .of_men = occupation_in(text, kOfMen),
                .id = fmt::format("{}/{}", file.name, row.number),
                .row = row.number,
                .both_published = !by_rule};
  if (out.of_women.empty() || out.of_men.empty())
    refuse_row("expected an occupation of each of the set's two lists");
  if (out.both_published && !is_pro) return std::nullopt;
  return out;
}

probes::Item item_of(const Sentences& pair, const FileKind& kind) {
  return {.id = pair.id,
          .labels = {{"type", kind.type.substr(std::string_view("type").size())},
                     {"split", kind.split},
                     {"published", pair.both_published ? "both" : kind.condition},
                     {"female_occupation", pair.of_women},
                     {"male_occupation", pair.of_men},
                     {"entity", pair.cut.entity},
                     {"row", pair.row}}};
}

/// Which of the two sentences is likelier.
void add_pronouns(Import& import, const Sentences& pair, const FileKind& kind) {
  probes::Item item = item_of(pair, kind);
  item.candidates = {{.role = "pro", .text = pair.cut.with(pair.pro)},
                     {.role = "anti", .text = pair.cut.with(pair.anti)}};
  import.add(std::move(item));
}

/// Whom the pronoun refers to, asked behind both sentences.
void add_referents(Import& import, const Sentences& pair, const FileKind& kind) {
  const std::string entity = ascii_lower(pair.cut.entity);
  const bool is_of_women = entity.ends_with(ascii_lower(pair.of_women));
  if (is_of_women == entity.ends_with(ascii_lower(pair.of_men)))
    refuse_row("the [person] has neither of the two occupations");
  const std::string& right = is_of_women ? pair.of_women : pair.of_men;
  const std::string& wrong = is_of_women ? pair.of_men : pair.of_women;
  probes::Item item = item_of(pair, kind);
  for (const bool is_pro : {true, false}) {
    const std::vector<std::string>& pronouns = is_pro ? pair.pro : pair.anti;
    const std::string prompt = fmt::format("{} In this sentence, \"{}\" refers to",
                                           pair.cut.with(pronouns), ascii_lower(pronouns[0]));
    const std::string condition = is_pro ? "pro" : "anti";
    item.candidates.push_back(
        {.role = condition + "_right", .text = " the " + right, .prompt = prompt});
    item.candidates.push_back(
        {.role = condition + "_wrong", .text = " the " + wrong, .prompt = prompt});
  }
  import.add(std::move(item));
}

using AddItem = void (*)(Import&, const Sentences&, const FileKind&);

void read(Import& import, AddItem add) {
  std::map<std::string, Rows> by_file;
  for (const ImportFile& file : import.files()) {
    Rows& rows = by_file[file.name.substr(file.name.rfind('/') + 1)];
    for (const std::string& line : split(file.bytes, '\n')) {
      try {
        Row row = parse(line);
        rows[row.number] = std::move(row.cut);
      } catch (const Error&) {
        continue;  // told when its own file is read
      }
    }
  }
  for (ImportFile& file : import.files()) {
    const FileKind kind = kind_of(file);
    const auto other = by_file.find(kind.other);
    for_each_line(import, file, [&](std::string_view line, std::size_t) {
      const auto pair =
          pair_of(file, kind, other == by_file.end() ? nullptr : &other->second, line);
      if (pair) add(import, *pair, kind);
    });
  }
}

constexpr std::string_view kFiles[] = {"*pro_stereotyped_type?.txt.*",
                                       "*anti_stereotyped_type?.txt.*"};
constexpr std::string_view kCluster[] = {"female_occupation", "male_occupation"};

/// What both rows of the table have.
constexpr ImporterInfo kCommon = {
    .authors = "Zhao et al. 2018",
    .first_published = "2018",
    .origin = "https://github.com/uclanlp/corefBias",
    .licence = "MIT",
    .files = kFiles,
    .language = "en",
    .languages = "English",
    .cluster = kCluster,
};

constexpr ImporterInfo pronoun_importer() {
  ImporterInfo out = kCommon;
  out.name = "winobias";
  out.title = "WinoBias, pronouns";
  out.summary =
      "a sentence whose pronoun means one of two people with occupations, with the pronoun that a "
      "stereotype expects and with the other one";
  out.construct =
      "whether a pronoun is likelier where it fits the gender that an occupation is typical of";
  out.cannot_show =
      "Whether a model resolves the pronoun. How frequent pronouns are enters the score, so that "
      "it "
      "shows preference. Occupations are typed by US statistics of 2017; two genders only.";
  out.probe = "pronoun_preference";
  out.read = [](Import& import) { read(import, add_pronouns); };
  return out;
}

constexpr ImporterInfo referent_importer() {
  ImporterInfo out = kCommon;
  out.name = "winobias-referent";
  out.title = "WinoBias, referents";
  out.summary = "the same sentences, and whom their pronoun refers to";
  out.construct =
      "whether a pronoun is resolved worse where the person is not of the gender that the "
      "occupation is typical of";
  out.cannot_show =
      "How a model treats people. The question behind the sentence is this program's, not the "
      "set's. Occupations are typed by US statistics of 2017; two genders only.";
  out.probe = "referent";
  out.read = [](Import& import) { read(import, add_referents); };
  return out;
}

}  // namespace

constinit const ImporterInfo kWinobiasImporter = pronoun_importer();
constinit const ImporterInfo kWinobiasReferentImporter = referent_importer();

}  // namespace moescope::audits

#include <fmt/core.h>

#include "audits/import_rows.hpp"
#include "audits/import_table.hpp"
#include "core/base/error.hpp"

/// Running text in several languages: NTREX and Universal Dependencies.
namespace moescope::audits {
namespace {

bool is_document_list(const ImportFile& file) {
  return file.name.find("DOCUMENT_IDS") != std::string::npos;
}

void read_ntrex(Import& import) {
  std::vector<std::string> documents;
  for (ImportFile& file : import.files())
    if (is_document_list(file)) {
      documents = split(file.bytes, '\n');
      if (documents.back().empty()) documents.pop_back();
    }
  if (documents.empty())
    fail(ErrorCode::kBadInput,
         "ntrex: DOCUMENT_IDS.tsv is missing, which tells the document of each line");
  for (ImportFile& file : import.files()) {
    if (is_document_list(file)) continue;
    if (file.language.empty())
      fail(ErrorCode::kBadInput, "{}: expected a name that tells the language, or --language",
           file.name);
    for_each_line(import, file, [&](std::string_view line, std::size_t number) {
      if (number > documents.size())
        refuse_row(fmt::format("the list of documents has {} lines", documents.size()));
      const std::string row = std::to_string(number - 1);
      import.add({.id = fmt::format("{}/{}", file.language, row),
                  .labels = {{"language", file.language},
                             {"document", std::string(trimmed(documents[number - 1]))},
                             {"group", row},
                             { "row",
                               row }},
                  .candidates = {
                    { "text",
                      std::string(trimmed(line)) }
                  }});
    });
  }
}

/// A sentence as its lines come.
struct Sentence {
  std::size_t line = 0;  ///< where it begins
  std::string id, text, forms, tags;
  std::size_t covered = 0;  ///< words up to this number stand in `forms`
  std::string error;
};

void add_word(Sentence& sentence, const std::vector<std::string>& cells) {
  if (cells.size() != 10) {
    sentence.error = fmt::format("expected 10 cells, got {}", cells.size());
    return;
  }
  if (cells[0].find('.') != std::string::npos) return;  // an empty node
  const std::size_t dash = cells[0].find('-');
  const char* space = sentence.forms.empty() ? "" : "\t";
  try {
    if (dash != std::string::npos) {  // several words in one form: "du" is "de" and "le"
      sentence.forms += space + cells[1];
      sentence.covered = std::stoul(cells[0].substr(dash + 1));
      sentence.tags += *space != 0 ? "\t" : "";
      return;
    }
    const std::size_t number = std::stoul(cells[0]);
    if (number > sentence.covered) {
      sentence.forms += space + cells[1];
      sentence.tags += space + cells[3];
    } else {
      const bool first = sentence.tags.empty() || sentence.tags.back() == '\t';
      sentence.tags += (first ? "" : "+") + cells[3];
    }
  } catch (const std::exception&) {
    sentence.error = "expected the number of a word";
  }
}

class Treebank {
 public:
  Treebank(Import& import, ImportFile& file) : import_(import), file_(file) {}

  void read() {
    std::size_t number = 0;
    for (std::string& raw : split(file_.bytes, '\n')) {
      ++number;
      if (raw.ends_with('\r')) raw.pop_back();
      if (raw.empty()) {
        flush();
        continue;
      }
      if (sentence_.line == 0) sentence_.line = number;
      if (raw[0] == '#')
        comment(raw);
      else
        add_word(sentence_, split(raw, '\t'));
    }
    flush();
  }

 private:
  void comment(const std::string& line) {
    const std::size_t equals = line.find('=');
    if (equals == std::string::npos) return;
    const std::string_view key = trimmed(std::string_view(line).substr(1, equals - 1));
    const std::string value(trimmed(std::string_view(line).substr(equals + 1)));
    if (key == "newdoc id" || key == "newdoc") document_ = value;
    if (key == "sent_id") sentence_.id = value;
    if (key == "text") sentence_.text = value;
  }

  void flush() {
    const Sentence done = std::exchange(sentence_, {});
    if (done.line == 0) return;
    import_.row(file_, done.line, [&] {
      if (!done.error.empty()) refuse_row(done.error);
      if (done.id.empty()) refuse_row("a sentence without '# sent_id = …'");
      if (done.text.empty()) refuse_row("a sentence without '# text = …'");
      import_.add({.id = fmt::format("{}/{}", file_.language, done.id),
                   .labels = {{"language", file_.language},
                              {"document", document_.empty() ? done.id : document_},
                              {"group", done.id},
                              {"forms", done.forms},
                              {"upos", done.tags},
                              {"row", done.id}},
                   .candidates = {{"text", done.text}}});
    });
  }

  Import& import_;
  ImportFile& file_;
  Sentence sentence_;
  std::string document_;
};

void read_conllu(Import& import) {
  for (ImportFile& file : import.files()) {
    if (file.language.empty())
      fail(ErrorCode::kBadInput, "{}: expected a name that tells the language, or --language",
           file.name);
    if (file.name.find("isdt") != std::string::npos)
      import.set_local_only("the Italian ISDT treebank is CC-BY-NC-SA-3.0");
    Treebank(import, file).read();
  }
}

constexpr std::string_view kNtrexFiles[] = {"*DOCUMENT_IDS.tsv", "*newstest2019-*.txt"};
constexpr std::string_view kConlluFiles[] = {"*.conllu"};
constexpr std::string_view kByDocument[] = {"document"};
constexpr std::string_view kCannotShow =
    "That a model serves speakers of a language worse: texts are translated or of one genre, and "
    "bytes of different scripts do not hold the same.";

}  // namespace

constinit const ImporterInfo kNtrexImporter = {
    .name = "ntrex",
    .title = "NTREX-128",
    .summary = "news sentences, line by line the same in every language",
    .authors = "Federmann, Kocmi and Xin 2022",
    .first_published = "2022",
    .origin = "https://github.com/MicrosoftTranslator/NTREX",
    .licence = "CC-BY-SA-4.0; the English side is news text for research",
    .share_alike = true,
    .local_only = true,
    .files = kNtrexFiles,
    .languages = "the file's name (.eng, .fra, .deu, .spa, .ita), else --language",
    .construct = "how many bits a byte the same text costs in each language",
    .cannot_show = kCannotShow,
    .probe = "text_cost",
    .cluster = kByDocument,
    .read = read_ntrex,
};

constinit const ImporterInfo kConlluImporter = {
    .name = "conllu",
    .title = "Universal Dependencies",
    .summary = "sentences of a treebank, with their words (label forms) and parts of speech (upos)",
    .authors = "the treebank's authors; Nivre et al. 2020",
    .first_published = "2014",
    .origin = "https://universaldependencies.org",
    .licence = "as the treebank says: CC-BY-SA-4.0 for most, CC-BY-SA-3.0 for PUD",
    .share_alike = true,
    .files = kConlluFiles,
    .languages = "the file's name (fr_pud-…), else --language",
    .construct = "how likely text is in each language, and by part of speech",
    .cannot_show = kCannotShow,
    .probe = "text_cost",
    .cluster = kByDocument,
    .read = read_conllu,
};

}  // namespace moescope::audits

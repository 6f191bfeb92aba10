#include <fmt/core.h>

#include <map>

#include "audits/import_rows.hpp"
#include "audits/import_table.hpp"
#include "core/base/error.hpp"
#include "core/base/escape.hpp"
#include "core/base/random.hpp"
#include "core/base/sha256.hpp"
#include "core/formats/io.hpp"

/// Sets that fill templates with identities: HONEST, HolisticBias.
namespace moescope::audits {
namespace {

constexpr std::size_t kMaxLexicon = std::size_t{64} << 20;

/// Names a HurtLex file with its hash in the suite: what a completion is held against must be the
/// same wherever it is scored. Its rows become no items.
void add_lexicon(Import& import) {
  const std::filesystem::path& path = import.options().lexicon;
  if (path.empty()) return;
  const std::string bytes = formats::read_text_file(path, kMaxLexicon);
  SourceFile source{.name = escape_terminal(path.filename().string()), .sha256 = sha256_hex(bytes)};
  const std::vector<std::string> lines = split(bytes, '\n');
  if (lines[0].find("lemma\tlevel") == std::string::npos)
    fail(ErrorCode::kBadInput,
         "{}: line 1: expected the columns of HurtLex: id, pos, category, stereotype, lemma, level",
         source.name);
  for (std::size_t i = 1; i < lines.size(); ++i) {
    if (trimmed(lines[i]).empty()) continue;
    if (split(trimmed(lines[i]), '\t').size() != 6) ++source.n_malformed;
  }
  import.suite().info.sources.push_back(std::move(source));
  import.set_local_only("HurtLex is CC-BY-NC-SA-4.0");
}

void read_honest(Import& import) {
  constexpr std::string_view kNeeded[] = {"template_masked", "raw",  "identity",
                                          "number",          "type", "category"};
  add_lexicon(import);
  for (ImportFile& file : import.files()) {
    if (file.language.empty())
      fail(ErrorCode::kBadInput, "{}: expected a name that tells the language, or --language",
           file.name);
    const std::string set = file.name.find("queer") != std::string::npos ? "queer" : "binary";
    for_each_record(import, file, Cells::kPlainTab, kNeeded, [&](const Record& record) {
      const std::string& masked = record.at("template_masked");
      const std::size_t mask = masked.find("[M]");
      if (mask == std::string::npos || masked.find("[M]", mask + 1) != std::string::npos)
        refuse_row("column 'template_masked': expected one [M]");
      const std::string row = std::to_string(record.index());
      import.add({.id = fmt::format("{}/{}/{}", file.language, set, row),
                  .labels = {{"language", file.language},
                             {"set", set},
                             {"stem", fmt::format("{}: {}", file.language, record.at("raw"))},
                             {"identity", record.at("identity")},
                             {"number", record.at("number")},
                             {"category", record.at("category")},
                             {"type", record.at("type")},
                             { "row",
                               row }},
                  .prompt = std::string(trimmed(masked.substr(0, mask)))});
    });
  }
}

/// A descriptor with what the set says of it.
struct Descriptor {
  std::string axis, bucket, text, preference;
};

std::vector<Descriptor> read_descriptors(const JsonNode& root) {
  std::vector<Descriptor> out;
  for (const auto& [axis, buckets] : root.value().items()) {
    const JsonNode of_axis = root.at(axis);
    for (const auto& [bucket, list] : buckets.items())
      for (const JsonNode& entry : of_axis.at(bucket).items()) {
        Descriptor descriptor{axis, bucket, "", "none"};
        descriptor.text = entry.is_object() ? entry.at("descriptor").string() : entry.string();
        if (entry.is_object())
          if (const auto preference = entry.find("preference"))
            descriptor.preference = preference->string();
        out.push_back(std::move(descriptor));
      }
  }
  return out;
}

/// Singular and plural of a noun.
using Noun = std::pair<std::string, std::string>;

std::vector<Noun> read_nouns(const JsonNode& root) {
  std::vector<Noun> out;
  for (const JsonNode& noun : root.at("neutral").items()) {
    const std::vector<JsonNode> forms = noun.items();
    if (forms.size() != 2) noun.expected("singular and plural");
    out.emplace_back(forms[0].string(), forms[1].string());
  }
  if (out.empty()) root.at("neutral").expected("nouns");
  return out;
}

std::string with_article(const std::string& words) {
  const bool vowel = std::string_view("aeiouAEIOU").find(words[0]) != std::string_view::npos;
  return (vowel ? "an " : "a ") + words;
}

/// The item of one template and descriptor.
probes::Item holistic_item(std::size_t number, const std::string& form,
                           const Descriptor& descriptor, const Noun& noun) {
  if (descriptor.text.empty()) refuse_row("an empty descriptor");
  std::string sentence =
      replaced(form, "{noun_phrase}", with_article(descriptor.text + " " + noun.first));
  sentence = replaced(sentence, "{plural_noun_phrase}", descriptor.text + " " + noun.second);
  return {
      .id = fmt::format("{}/{}/{}/{}", number, descriptor.axis, descriptor.bucket, descriptor.text),
      .labels = {{"language", "en"},
                 {"axis", descriptor.axis},
                 {"bucket", descriptor.bucket},
                 {"descriptor", descriptor.text},
                 {"preference", descriptor.preference},
                 {"noun", noun.first},
                 {"template", form},
                 {"row", std::to_string(number)}},
      .candidates = {{"text", sentence}}};
}

/// One item for each template and descriptor, the noun drawn by seed.
void add_holistic(Import& import, ImportFile& file, const JsonNode& templates,
                  const std::vector<Descriptor>& descriptors, const std::vector<Noun>& nouns) {
  Random random(import.options().seed);
  std::vector<std::string> forms;
  for (const auto& [form, options] : templates.value().items()) forms.push_back(form);
  for (std::size_t i = 0; i < forms.size(); ++i)
    import.row(file, 0, [&] {
      for (const Descriptor& descriptor : descriptors)
        import.add(
            holistic_item(i + 1, forms[i], descriptor, nouns[random.below(nouns.size())]));
});
}  // namespace

void read_holistic(Import& import) {
  std::map<std::string, std::pair<ImportFile*, nlohmann::json>> documents;
  for (ImportFile& file : import.files())
    documents[file.stem] = {&file, parse_json(file.bytes, file.name)};
  const auto root = [&](const std::string& stem) {
    const auto at = documents.find(stem);
    if (at == documents.end())
      fail(ErrorCode::kBadInput, "holistic-bias: {}.json is missing; give the folder", stem);
    JsonNode node(at->second.second, at->second.first->name, "", at->second.first->bytes);
    if (!node.is_object()) node.expected("an object");
    return node;
  };
  const std::vector<Descriptor> descriptors = read_descriptors(root("descriptors"));
  const std::vector<Noun> nouns = read_nouns(root("nouns"));
  add_holistic(import, *documents.at("sentence_templates").first, root("sentence_templates"),
               descriptors, nouns);
  import.suite().info.generator_seed = import.options().seed;
  import.count_left_out("nouns for each sentence beside the one that was drawn", nouns.size() - 1);
}

constexpr std::string_view kHonestFiles[] = {"*_template.tsv"};
constexpr std::string_view kHolisticFiles[] = {"descriptors.json", "nouns.json",
                                               "sentence_templates.json"};
constexpr std::string_view kByStem[] = {"stem"};
constexpr std::string_view kByDescriptor[] = {"descriptor", "template"};

}  // namespace moescope::audits

constinit const ImporterInfo kHonestImporter = {
    .name = "honest",
    .title = "HONEST",
    .summary = "beginnings of sentences about people, which a model completes",
    .authors = "Nozza, Bianchi and Hovy 2021; Nozza et al. 2022",
    .first_published = "2021",
    .origin = "https://github.com/MilaNLProc/honest",
    .licence = "MIT",
    .files = kHonestFiles,
    .languages = "the file's name (fr_template.tsv), else --language",
    .construct = "how often completions about a group have hurtful words",
    .cannot_show =
        "Harm of other kinds: words are looked up in a lexicon, whatever the sentence "
        "means.",
    .probe = "generation",
    .cluster = kByStem,
    .takes_lexicon = true,
    .read = read_honest,
};

constinit const ImporterInfo kHolisticBiasImporter = {
    .name = "holistic-bias",
    .title = "HolisticBias",
    .summary = "a sentence for each template and descriptor, with one neutral noun drawn by seed",
    .authors = "Smith et al. 2022",
    .first_published = "2022",
    .origin = "https://github.com/facebookresearch/ResponsibleNLP",
    .licence = "CC-BY-SA-4.0",
    .share_alike = true,
    .files = kHolisticFiles,
    .language = "en",
    .languages = "English",
    .construct =
        "whether sentences of the same form are likelier with some descriptors than with "
        "others",
    .cannot_show =
        "Bias: how frequent and how long a descriptor is enters the score. It shows "
        "preference.",
    .probe = "likelihood",
    .cluster = kByDescriptor,
    .read = read_holistic,
};

}  // namespace moescope::audits

#include <fmt/core.h>

#include "audits/import_rows.hpp"
#include "audits/import_table.hpp"
#include "core/base/error.hpp"

/// Sets that are JSON documents: StereoSet, BOLD.
namespace moescope::audits {
namespace {

nlohmann::json parse_document(const ImportFile& file) {
  return parse_json(file.bytes, file.name, {.max_bytes = std::size_t{256} << 20});
}

/// Runs `read` as a row; what is wrong is told with its place in the document.
void element(Import& import, ImportFile& file, const JsonNode& node,
             const std::function<void()>& read) {
  import.row(file, 0, [&] {
    try {
      read();
}
catch (const Error& e) {
  if (e.message().starts_with(file.name + ": "))
    throw Error(e.code(), e.message().substr(file.name.size() + 2));
  throw Error(e.code(), fmt::format("key '{}': {}", node.path(), e.message()));
}
}  // namespace
);
}  // namespace moescope::audits

std::string stereoset_role(const JsonNode& label) {
  const std::string word = label.string();
  if (word == "anti-stereotype") return "anti_stereotype";
  if (word != "stereotype" && word != "unrelated")
    label.expected("'stereotype', 'anti-stereotype' or 'unrelated'");
  return word;
}

void read_stereoset_item(Import& import, const JsonNode& row, const std::string& task) {
  const std::string id = row.at("id").string();
  const std::string target = row.at("target").string();
  const std::string context = row.at("context").string();
  const bool inter = task == "intersentence";
  probes::Item item{.id = fmt::format("{}/{}", task, id),
                    .labels = {{"task", task},
                               {"domain", row.at("bias_type").string()},
                               {"target", target},
                               {"row", id}},
                    .prompt = inter ? context : ""};
  if (!inter) item.labels["context"] = context;
  for (const JsonNode& sentence : row.at("sentences").items())
    item.candidates.push_back({.role = stereoset_role(sentence.at("gold_label")),
                               .text = (inter ? " " : "") + sentence.at("sentence").string()});
  for (const char* role : {"stereotype", "anti_stereotype", "unrelated"})
    if (std::count_if(item.candidates.begin(), item.candidates.end(),
                      [&](const probes::Candidate& c) { return c.role == role; }) != 1)
      row.at("sentences").refuse(fmt::format("expected one sentence that is '{}'", role));
  import.add(std::move(item));
}

void read_stereoset(Import& import) {
  for (ImportFile& file : import.files()) {
    const nlohmann::json document = parse_document(file);
    const JsonNode data = JsonNode(document, file.name, "", file.bytes).at("data");
    for (const char* task : {"intrasentence", "intersentence"})
      for (const JsonNode& row : data.at(task).items())
        element(import, file, row, [&] { read_stereoset_item(import, row, task); });
  }
}

/// "gender_prompt.json" and "gender_wiki.json" are of the domain gender.
std::string domain_of(const ImportFile& file) {
  for (const std::string_view end : {"_prompt", "_wiki"})
    if (file.stem.ends_with(end)) return file.stem.substr(0, file.stem.size() - end.size());
  return file.stem;
}

bool is_wiki(const ImportFile& file) {
  return file.stem.ends_with("_wiki");
}

/// What stands in the encyclopedia behind the prompt; empty where the texts do not match.
std::string continuation(const nlohmann::json& wiki, const std::string& group,
                         const std::string& entity, std::size_t i, std::string_view prompt) {
  const auto at = nlohmann::json::json_pointer() / group / entity / i;
  if (!wiki.contains(at) || !wiki.at(at).is_string()) return "";
  const std::string text = wiki.at(at).get<std::string>();
  return text.starts_with(prompt) ? text.substr(prompt.size()) : "";
}

struct Entity {
  std::string domain, group, name;
};

void read_entity(Import& import, ImportFile& file, const JsonNode& texts, const Entity& entity,
                 const nlohmann::json& wiki) {
  std::size_t n = 0;
  for (const JsonNode& text : texts.items()) {
    element(import, file, text, [&] {
      const std::string prompt(trimmed(text.string()));
      if (prompt.empty()) text.expected("a text");
      std::string rest = continuation(wiki, entity.group, entity.name, n, prompt);
      if (trimmed(rest).empty())
        return import.leave_out("prompts without the encyclopedia's continuation");
      import.add({.id = fmt::format("{}/{}/{}/{}", entity.domain, entity.group, entity.name, n),
                  .labels = {{"domain", entity.domain},
                             {"group", entity.group},
                             {"entity", entity.name},
                             { "row",
                               std::to_string(n) }},
                  .prompt = prompt,
                  .candidates = {
                    {.role = "reference",
                     .text = std::move(rest) }
                  }});
    });
    ++n;
  }
}

void read_bold_file(Import& import, ImportFile& file, const nlohmann::json& wiki) {
  const nlohmann::json document = parse_document(file);
  const JsonNode root(document, file.name, "", file.bytes);
  const std::string domain = domain_of(file);
  if (!root.is_object()) root.expected("an object of groups");
  for (const auto& [group, entities] : document.items()) {
    const JsonNode of_group = root.at(group);
    if (!of_group.is_object()) of_group.expected("an object of names");
    for (const auto& [entity, texts] : entities.items())
      read_entity(import, file, of_group.at(entity), {domain, group, entity}, wiki);
  }
}

void read_bold(Import& import) {
  std::map<std::string, nlohmann::json> wikis;
  for (ImportFile& file : import.files())
    if (is_wiki(file)) wikis[domain_of(file)] = parse_document(file);
  for (ImportFile& file : import.files()) {
    if (is_wiki(file)) continue;
    const auto wiki = wikis.find(domain_of(file));
    read_bold_file(import, file, wiki == wikis.end() ? nlohmann::json::object() : wiki->second);
  }
}

constexpr std::string_view kStereosetFiles[] = {"dev.json", "test.json", "*stereoset*.json"};
constexpr std::string_view kBoldFiles[] = {"*_prompt.json", "*_wiki.json"};
constexpr std::string_view kByTarget[] = {"target"};
constexpr std::string_view kByEntity[] = {"entity"};

}  // namespace

constinit const ImporterInfo kStereosetImporter = {
    .name = "stereoset",
    .title = "StereoSet",
    .summary =
        "three sentences, or three continuations: a stereotype, its opposite, and one that "
        "does not fit",
    .authors = "Nadeem, Bethke and Reddy 2021",
    .first_published = "2020",
    .origin = "https://github.com/moinnadeem/StereoSet",
    .licence = "CC-BY-SA-4.0",
    .share_alike = true,
    .files = kStereosetFiles,
    .language = "en",
    .languages = "English",
    .construct = "whether a model finds a stereotype likelier than its opposite",
    .cannot_show =
        "Harm in use. Many items have unclear or mismatched stereotypes (Blodgett et al. "
        "2021). One-way: it shows preference.",
    .probe = "stereoset",
    .cluster = kByTarget,
    .read = read_stereoset,
};

constinit const ImporterInfo kBoldImporter = {
    .name = "bold",
    .title = "BOLD",
    .summary = "beginnings of encyclopedia sentences about people and groups, with how they go on",
    .authors = "Dhamala et al. 2021",
    .first_published = "2021",
    .origin = "https://github.com/amazon-science/bold",
    .licence = "CC-BY-SA-4.0",
    .share_alike = true,
    .files = kBoldFiles,
    .language = "en",
    .languages = "English",
    .construct = "how what a model writes about groups differs in tone",
    .cannot_show =
        "Harm: encyclopedia text about groups differs in tone by itself. Prompts name "
        "real people.",
    .probe = "generation",
    .cluster = kByEntity,
    .read = read_bold,
};

}  // namespace moescope::audits

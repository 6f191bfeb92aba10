#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

#include "audits/import_rows.hpp"
#include "audits/import_table.hpp"
#include "core/base/random.hpp"
#include "core/base/sha256.hpp"
#include "probes/options.hpp"

namespace moescope::audits {
namespace {

constexpr std::size_t kFacts = 100;                   ///< drawn from each relation
constexpr std::size_t kObjects = probes::kMaxOption;  ///< candidates of an item

struct Pattern {
  std::string text;    ///< as published: "[X] works in the field of [Y]."
  std::string before;  ///< what stands before [Y]
  std::size_t line = 0;
};

struct Fact {
  std::string subject, object, uuid;
  std::size_t row = 0;
};

struct Relation {
  std::vector<Pattern> patterns;
  std::vector<Fact> facts;
  ImportFile* fact_file = nullptr;
};

/// Numbers below n in an order that the seed and the name decide.
std::vector<std::size_t> shuffled(std::size_t n, std::uint64_t seed, const std::string& name) {
  const std::uint64_t mixed = std::stoull(sha256_hex(name).substr(0, 16), nullptr, 16) ^ seed;
  Random random(mixed);
  std::vector<std::size_t> out(n);
  std::iota(out.begin(), out.end(), std::size_t{0});
  for (std::size_t i = n; i > 1; --i) std::swap(out[i - 1], out[random.below(i)]);
  return out;
}

void read_pattern(Import& import, Relation& relation, const JsonNode& row, std::size_t line) {
  const std::string text = row.at("pattern").string();
  const std::size_t x = text.find("[X]");
  const std::size_t y = text.find("[Y]");
  if (x == std::string::npos || y == std::string::npos || text.find("[X]", x + 1) != text.npos ||
      text.find("[Y]", y + 1) != text.npos)
    row.at("pattern").expected("one [X] and one [Y]");
  const std::string_view behind = trimmed(std::string_view(text).substr(y + 3));
  if (x > y || !(behind.empty() || behind == "."))
    return import.leave_out("patterns that do not end in their object");
  relation.patterns.push_back({text, std::string(trimmed(text.substr(0, y))), line});
}

void read_fact(Relation& relation, const JsonNode& row) {
  relation.facts.push_back({row.at("sub_label").string(), row.at("obj_label").string(),
                            row.find("uuid") ? row.at("uuid").string() : "",
                            relation.facts.size()});
}

std::map<std::string, Relation> read_relations(Import& import) {
  std::map<std::string, Relation> relations;
  for (ImportFile& file : import.files()) {
    Relation& relation = relations[file.stem];
    for_each_json_line(import, file, [&](const JsonNode& row, std::size_t line) {
      if (row.find("pattern")) return read_pattern(import, relation, row, line);
      if (!row.find("sub_label")) row.expected("a pattern or a fact");
      read_fact(relation, row);
      relation.fact_file = &file;
    });
  }
  return relations;
}

/// The relation's objects as far as they go beside `object`, which is always among them; for the
/// same fact the same ones, in the order of their names.
std::vector<std::string> choices_of(const std::vector<std::string>& objects,
                                    const std::vector<std::size_t>& order,
                                    const std::string& object) {
  std::vector<std::string> out{object};
  for (const std::size_t i : order)
    if (out.size() < kObjects && objects[i] != object) out.push_back(objects[i]);
  std::sort(out.begin(), out.end());
  return out;
}

void add_fact(Import& import, const std::string& name, const Relation& relation, const Fact& fact,
              const std::vector<std::string>& choices) {
  for (const Pattern& pattern : relation.patterns) {
    probes::Item item{.id = fmt::format("{}/{}/{}", name, fact.row, pattern.line),
                      .labels = {{"relation", name},
                                 {"subject", fact.subject},
                                 {"fact", fmt::format("{}/{}", name, fact.subject)},
                                 {"pattern", pattern.text},
                                 {"row", fact.uuid.empty() ? std::to_string(fact.row) : fact.uuid}},
                      .prompt = replaced(pattern.before, "[X]", fact.subject)};
    for (const std::string& choice : choices)
      item.candidates.push_back(
          {.role = choice, .text = " " + choice, .correct = choice == fact.object});
    import.add(std::move(item));
  }
}

void read(Import& import) {
  std::uint64_t n_not_drawn = 0;
  std::uint64_t n_without_pattern = 0;
  std::uint64_t n_many = 0;
  for (const auto& [name, relation] : read_relations(import)) {
    if (relation.fact_file == nullptr) continue;
    relation.fact_file->source.n_row = 0;
    if (relation.patterns.empty()) {
      n_without_pattern += relation.facts.size();
      continue;
    }
    std::set<std::string> names;
    for (const Fact& fact : relation.facts) names.insert(fact.object);
    const std::vector<std::string> objects(names.begin(), names.end());
    n_many += objects.size() > kObjects ? 1 : 0;
    const std::uint64_t seed = import.options().seed;
    const std::vector<std::size_t> order = shuffled(relation.facts.size(), seed, name);
    const std::size_t n = std::min(kFacts, order.size());
    n_not_drawn += order.size() - n;
    relation.fact_file->source.n_row = n;
    std::vector<std::size_t> drawn(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(n));
    std::sort(drawn.begin(), drawn.end());
    const std::vector<std::size_t> of_objects = shuffled(objects.size(), seed, name + "/objects");
    for (const std::size_t i : drawn) {
      const Fact& fact = relation.facts[i];
      add_fact(import, name, relation, fact, choices_of(objects, of_objects, fact.object));
    }
  }
  import.suite().info.generator_seed = import.options().seed;
  const auto tell = [&](std::uint64_t n, std::string what) {
    if (n > 0) import.count_left_out(std::move(what), n);
  };
  tell(n_not_drawn, fmt::format("facts beyond the {} drawn from each relation", kFacts));
  tell(n_without_pattern, "facts of relations without a pattern");
  tell(n_many, fmt::format("relations with more than {} objects: items have the right one and "
                           "others drawn",
                           kObjects));
}

constexpr std::string_view kFiles[] = {"*P*.jsonl"};
constexpr std::string_view kCluster[] = {"fact"};

}  // namespace

constinit const ImporterInfo kPararelImporter = {
    .name = "pararel",
    .title = "ParaRel",
    .summary = "a fact under every pattern that ends in its object, with the relation's objects",
    .authors = "Elazar et al. 2021; facts from LAMA, Petroni et al. 2019",
    .first_published = "2021",
    .origin = "https://github.com/yanaiela/pararel",
    .licence = "MIT for the patterns; CC-BY-NC-4.0 for the facts",
    .local_only = true,
    .files = kFiles,
    .language = "en",
    .languages = "English",
    .construct = "whether a model names the same object whichever way it is asked",
    .cannot_show =
        "What a model knows: objects that its tokenizer cuts into several tokens compete "
        "with short ones.",
    .probe = "choice",
    .cluster = kCluster,
    .read = read,
};

}  // namespace moescope::audits

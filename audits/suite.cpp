#include "audits/suite.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <set>
#include <span>

#include "audits/grid.hpp"
#include "core/base/error.hpp"
#include "core/base/escape.hpp"
#include "core/base/json.hpp"
#include "core/base/sha256.hpp"
#include "core/formats/io.hpp"
#include "probes/probe.hpp"

namespace moescope::audits {
namespace {

using probes::Candidate;
using probes::Format;
using probes::Item;
using probes::Labels;

constexpr std::uint64_t kSuiteVersion = 1;

constexpr std::string_view kSuiteKeys[] = {"$schema",
                                           "moescope_suite",
                                           "name",
                                           "version",
                                           "title",
                                           "language",
                                           "construct",
                                           "cannot_show",
                                           "licence",
                                           "origin",
                                           "authors",
                                           "reviews",
                                           "pilot_exclusions",
                                           "scored_difference",
                                           "canary",
                                           "first_published",
                                           "generator",
                                           "generator_seed",
                                           "purpose",
                                           "sensitive",
                                           "sources",
                                           "share_alike",
                                           "local_only",
                                           "probe",
                                           "formats",
                                           "cluster",
                                           "covariates",
                                           "alpha",
                                           "hypotheses",
                                           "items",
                                           "grid"};
constexpr std::string_view kAuthorKeys[] = {"name", "kind"};
constexpr std::string_view kReviewKeys[] = {"language", "n", "agreement"};
constexpr std::string_view kSourceKeys[] = {"name", "sha256", "rows", "malformed"};
constexpr std::string_view kFormatKeys[] = {"name",   "prompt", "text",         "option",
                                            "answer", "order",  "unconditional"};
constexpr std::string_view kHypothesisKeys[] = {"id",    "estimand", "label",
                                                "value", "margin",   "reason"};
constexpr std::string_view kItemKeys[] = {"id", "labels", "prompt", "candidates"};
constexpr std::string_view kCandidateKeys[] = {"role", "text", "prompt", "correct"};

std::optional<std::string> maybe_string(const JsonNode& node, std::string_view key) {
  if (const auto found = node.find(key)) return found->string();
  return std::nullopt;
}

bool maybe_boolean(const JsonNode& node, std::string_view key) {
  const auto found = node.find(key);
  return found && found->boolean();
}

/// A word of the list. Errors: the known words.
std::size_t one_of(const JsonNode& node, std::span<const std::string_view> words) {
  const std::string word = node.string();
  const auto at = std::find(words.begin(), words.end(), word);
  if (at == words.end()) {
    std::string known;
    for (const std::string_view w : words)
      known += fmt::format("{}'{}'", known.empty() ? "" : ", ", w);
    node.expected("one of " + known);
  }
  return static_cast<std::size_t>(at - words.begin());
}

std::string filled_string(const JsonNode& node) {
  std::string out = node.string();
  if (out.empty()) node.expected("a text");
  return out;
}

/// Names of suites, formats and hypotheses: they come into file names, ids and SQL of users.
std::string plain_name(const JsonNode& node) {
  std::string out = filled_string(node);
  const bool plain = out.size() <= 100 && std::all_of(out.begin(), out.end(), [](char c) {
                       return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                              (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
                     });
  if (!plain) node.expected("a name of at most 100 letters, digits, '-', '_' and '.'");
  return out;
}

std::vector<Author> read_authors(const JsonNode& node) {
  std::vector<Author> out;
  for (const JsonNode& author : node.items()) {
    author.allow_only(kAuthorKeys);
    static constexpr std::string_view kKinds[] = {"person", "model"};
    out.push_back({filled_string(author.at("name")), one_of(author.at("kind"), kKinds) == 1});
  }
  if (out.empty()) node.expected("at least one author");
  return out;
}

std::vector<Review> read_reviews(const JsonNode& node) {
  std::vector<Review> out;
  for (const JsonNode& review : node.items()) {
    review.allow_only(kReviewKeys);
    Review row{.language = filled_string(review.at("language")),
               .n_reviewer = review.at("n").uint(0, 10'000)};
    if (const auto agreement = review.find("agreement")) {
      row.agreement = agreement->number();
      if (!(*row.agreement >= 0 && *row.agreement <= 1)) agreement->expected("a share from 0 to 1");
    }
    out.push_back(std::move(row));
  }
  return out;
}

std::vector<SourceFile> read_sources(const JsonNode& node) {
  std::vector<SourceFile> out;
  for (const JsonNode& source : node.items()) {
    source.allow_only(kSourceKeys);
    out.push_back({source.at("name").string(), source.at("sha256").string(),
                   source.at("rows").uint(), source.at("malformed").uint()});
  }
  return out;
}

SuiteInfo read_info(const JsonNode& node) {
  SuiteInfo info{.name = plain_name(node.at("name")),
                 .version = filled_string(node.at("version")),
                 .title = filled_string(node.at("title")),
                 .language = plain_name(node.at("language")),
                 .construct = filled_string(node.at("construct")),
                 .cannot_show = filled_string(node.at("cannot_show")),
                 .licence = filled_string(node.at("licence")),
                 .origin = filled_string(node.at("origin")),
                 .authors = read_authors(node.at("authors")),
                 .pilot_exclusions = maybe_string(node, "pilot_exclusions"),
                 .scored_difference = maybe_string(node, "scored_difference"),
                 .canary = maybe_string(node, "canary"),
                 .first_published = maybe_string(node, "first_published"),
                 .generator = maybe_string(node, "generator"),
                 .share_alike = maybe_boolean(node, "share_alike"),
                 .local_only = maybe_boolean(node, "local_only")};
  if (const auto reviews = node.find("reviews")) info.reviews = read_reviews(*reviews);
  if (const auto seed = node.find("generator_seed")) info.generator_seed = seed->uint();
  if (const auto sources = node.find("sources")) info.sources = read_sources(*sources);
  if (const auto purpose = node.find("purpose")) {
    static constexpr std::string_view kPurposes[] = {"measure", "gate", "control"};
    info.purpose = static_cast<Purpose>(one_of(*purpose, kPurposes));
  }
  if (const auto sensitive = node.find("sensitive")) {
    static constexpr std::string_view kKinds[] = {"safety"};
    info.sensitive = kKinds[one_of(*sensitive, kKinds)];
  }
  return info;
}

Format read_format(const JsonNode& node, const SuiteLimits& limits) {
  node.allow_only(kFormatKeys);
  Format format{.name = plain_name(node.at("name"))};
  if (const auto text = node.find("prompt")) format.prompt = read_text(*text, limits);
  if (const auto text = node.find("text")) format.text = read_text(*text, limits);
  if (const auto text = node.find("option")) format.option = read_text(*text, limits);
  if (const auto text = node.find("unconditional")) format.unconditional = read_text(*text, limits);
  static constexpr std::string_view kAnswers[] = {"text", "letter"};
  static constexpr std::string_view kOrders[] = {"given", "cyclic", "full"};
  if (const auto word = node.find("answer"))
    format.answer = one_of(*word, kAnswers) == 1 ? probes::Answer::kLetter : probes::Answer::kText;
  if (const auto word = node.find("order"))
    format.order = static_cast<probes::Order>(one_of(*word, kOrders));
  return format;
}

std::vector<Format> read_formats(const JsonNode& node, const SuiteLimits& limits) {
  std::vector<Format> out;
  for (const JsonNode& format : node.items()) {
    out.push_back(read_format(format, limits));
    for (std::size_t i = 0; i + 1 < out.size(); ++i)
      if (out[i].name == out.back().name)
        format.refuse(fmt::format("the format '{}' stands twice", out[i].name));
  }
  if (out.empty()) node.expected("at least one format");
  return out;
}

Hypothesis read_hypothesis(const JsonNode& node, const probes::ProbeInfo& probe) {
  node.allow_only(kHypothesisKeys);
  Hypothesis out{.id = plain_name(node.at("id")),
                 .estimand = node.at("estimand").string(),
                 .label = maybe_string(node, "label"),
                 .label_value = maybe_string(node, "value"),
                 .margin = node.at("margin").number(),
                 .reason = filled_string(node.at("reason"))};
  if (out.label.has_value() != out.label_value.has_value())
    node.refuse("'label' and 'value' belong together");
  if (!(out.margin > 0)) node.at("margin").expected("a margin above 0");
  std::vector<std::string_view> headlines;
  for (const probes::EstimandInfo& estimand : probe.estimands)
    if (estimand.headline) headlines.push_back(estimand.name);
  one_of(node.at("estimand"), headlines);
  return out;
}

Item read_item(const JsonNode& node, const SuiteLimits& limits) {
  node.allow_only(kItemKeys);
  Item item{.id = filled_string(node.at("id"))};
  if (const auto labels = node.find("labels")) item.labels = read_labels(*labels);
  if (const auto prompt = node.find("prompt")) item.prompt = read_text(*prompt, limits);
  item.candidates = read_candidates(node.at("candidates"), limits);
  return item;
}

/// Items as they stand, or as the grid gives them.
std::vector<Item> read_items(const JsonNode& root, const Suite& suite,
                             const probes::ProbeInfo& probe, const SuiteLimits& limits) {
  const auto list = root.find("items");
  const auto grid = root.find("grid");
  if (list.has_value() == grid.has_value()) root.refuse("expected either 'items' or 'grid'");
  std::vector<Item> items;
  std::vector<JsonNode> nodes;
  if (grid) {
    items = expand_grid(*grid, limits);
  } else {
    nodes = list->items();
    if (nodes.size() > limits.max_item)
      list->refuse(fmt::format("more than {} items", limits.max_item));
    for (const JsonNode& node : nodes) items.push_back(read_item(node, limits));
  }
  if (items.empty()) root.refuse("a suite without items");
  std::set<std::string_view> ids;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const JsonNode& node = grid ? *grid : nodes[i];
    const std::string where = grid ? fmt::format("item '{}': ", escape_terminal(items[i].id)) : "";
    if (!ids.insert(items[i].id).second)
      node.refuse(fmt::format("the id '{}' stands twice", escape_terminal(items[i].id)));
    try {
      probes::check_item(probe, items[i]);
    } catch (const Error& e) {
      node.refuse(where + e.message());
    }
    for (const std::string& key : suite.cluster)
      if (!items[i].labels.contains(key))
        node.refuse(fmt::format("{}the label '{}', which makes the clusters, is missing", where,
                                escape_terminal(key)));
  }
  return items;
}

std::vector<std::string> read_strings(const JsonNode& node) {
  std::vector<std::string> out;
  for (const JsonNode& item : node.items()) out.push_back(filled_string(item));
  return out;
}

}  // namespace

std::string read_text(const JsonNode& node, const SuiteLimits& limits) {
  std::string out = node.string();
  if (out.size() > limits.max_text)
    node.refuse(fmt::format("a text of over {} bytes", limits.max_text));
  return out;
}

Labels read_labels(const JsonNode& node) {
  if (!node.is_object()) node.expected("an object");
  Labels out;
  for (const auto& [key, value] : node.value().items()) {
    const JsonNode member = node.at(key);
    if (!member.is_string() && !member.is_number()) member.expected("a string or a number");
    out[key] = member.is_string() ? member.string() : value.dump();
  }
  return out;
}

std::vector<Candidate> read_candidates(const JsonNode& node, const SuiteLimits& limits) {
  std::vector<Candidate> out;
  if (node.is_object()) {
    for (const auto& [role, value] : node.value().items())
      out.push_back({.role = role, .text = read_text(node.at(role), limits)});
  } else {
    for (const JsonNode& item : node.items()) {
      item.allow_only(kCandidateKeys);
      Candidate candidate{.role = filled_string(item.at("role")),
                          .text = read_text(item.at("text"), limits),
                          .correct = maybe_boolean(item, "correct")};
      if (const auto prompt = item.find("prompt")) candidate.prompt = read_text(*prompt, limits);
      out.push_back(std::move(candidate));
    }
  }
  if (out.empty()) node.expected("at least one candidate");
  if (out.size() > limits.max_candidate)
    node.refuse(fmt::format("more than {} candidates", limits.max_candidate));
  return out;
}

bool Suite::is_draft() const {
  if (!info.sources.empty()) return false;
  std::set<std::string> languages;
  if (info.language != "mul") languages.insert(info.language);
  for (const Item& item : items)
    if (const auto at = item.labels.find("language"); at != item.labels.end())
      languages.insert(at->second);
  return !std::all_of(languages.begin(), languages.end(), [this](const std::string& language) {
    return std::any_of(info.reviews.begin(), info.reviews.end(), [&](const Review& review) {
      return review.language == language && review.n_reviewer >= 2;
    });
  });
}

namespace {

Suite read_suite_text(std::string_view bytes, std::string_view where, const SuiteLimits& limits,
                      bool with_items) {
  const nlohmann::json document = parse_json(bytes, where,
                                             {.max_bytes = limits.max_bytes,
                                              .max_depth = limits.max_depth,
                                              .max_values = 40'000'000,
                                              .max_string = limits.max_text});
  const JsonNode root(document, std::string(where), "", bytes);
  root.allow_only(kSuiteKeys);
  if (root.at("moescope_suite").uint() != kSuiteVersion)
    root.at("moescope_suite")
        .expected(fmt::format("{}, the format this program reads", kSuiteVersion));
  Suite suite{.info = read_info(root), .probe = root.at("probe").string()};
  suite.sha256 = sha256_hex(bytes);
  const probes::ProbeInfo* probe = nullptr;
  try {
    probe = &probes::find_probe(suite.probe);
  } catch (const Error& e) {
    root.at("probe").refuse(e.message());
  }
  const auto formats = root.find("formats");
  suite.formats = formats ? read_formats(*formats, limits) : probe->formats();
  suite.cluster = read_strings(root.at("cluster"));
  if (suite.cluster.empty() || suite.cluster.size() > 2)
    root.at("cluster").expected("one label key, or two for two-way clusters");
  if (const auto keys = root.find("covariates")) suite.covariates = read_strings(*keys);
  if (const auto alpha = root.find("alpha")) {
    suite.alpha = alpha->number();
    if (!(suite.alpha > 0 && suite.alpha < 0.5)) alpha->expected("a level between 0 and 0.5");
  }
  if (const auto list = root.find("hypotheses"))
    for (const JsonNode& node : list->items())
      suite.hypotheses.push_back(read_hypothesis(node, *probe));
  if (with_items) suite.items = read_items(root, suite, *probe, limits);
  return suite;
}

}  // namespace

Suite parse_suite(std::string_view bytes, std::string_view where, const SuiteLimits& limits) {
  return read_suite_text(bytes, where, limits, true);
}

Suite parse_suite_head(std::string_view bytes, std::string_view where) {
  return read_suite_text(bytes, where, {}, false);
}

Suite read_suite(const std::filesystem::path& file, const SuiteLimits& limits) {
  return parse_suite(formats::read_text_file(file, limits.max_bytes), file.string(), limits);
}

}  // namespace moescope::audits

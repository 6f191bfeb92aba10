#include "core/tokenizer/hf_steps.hpp"

#include <fmt/ranges.h>

#include <algorithm>

#include "core/base/error.hpp"
#include "core/base/escape.hpp"

namespace moescope::tokenizer {
namespace {

// Longer ones have no use, and a text could be blown up by them.
constexpr std::size_t kMaxReplacement = 256;

std::string short_string(const JsonNode& node) {
  std::string text = node.string();
  if (text.size() > kMaxReplacement)
    node.expected(fmt::format("at most {} bytes", kMaxReplacement));
  return text;
}

SplitBehavior read_behavior(const JsonNode& node) {
  constexpr std::pair<std::string_view, SplitBehavior> kNames[] = {
      {"Removed", SplitBehavior::kRemoved},
      {"Isolated", SplitBehavior::kIsolated},
      {"MergedWithPrevious", SplitBehavior::kMergedWithPrevious},
      {"MergedWithNext", SplitBehavior::kMergedWithNext},
      {"Contiguous", SplitBehavior::kContiguous}};
  const std::string name = node.string();
  for (const auto& [known, behavior] : kNames)
    if (name == known) return behavior;
  node.expected("Removed, Isolated, MergedWithPrevious, MergedWithNext or Contiguous");
}

std::string place_of(const JsonNode& node) {
  return fmt::format("{}: key '{}'", node.where(), node.path());
}

SplitStep read_split(const JsonNode& node) {
  check_keys(node, {"type", "pattern", "behavior", "invert"});
  const JsonNode pattern = node.at("pattern");
  check_keys(pattern, {"String", "Regex"});
  const SplitBehavior behavior = read_behavior(node.at("behavior"));
  const bool invert = node.at("invert").boolean();
  if (const auto regex = pattern.find("Regex"))
    return {Regex(regex->string(), RegexDialect::kOniguruma, place_of(*regex)), behavior, invert};
  const std::string text = short_string(pattern.at("String"));
  if (text.empty()) pattern.at("String").expected("a string that isn't empty");
  return {Regex::literal(text, place_of(pattern)), behavior, invert};
}

void read_byte_level(const JsonNode& node, PreTokenizer& out) {
  check_keys(node, {"type", "add_prefix_space", "trim_offsets", "use_regex"});
  node.at("trim_offsets").boolean();  // offsets are trimmed by the post-processor of this name
  if (node.at("add_prefix_space").boolean()) out.steps.emplace_back(PrefixSpaceStep{});
  const auto use_regex = node.find("use_regex");
  if (!use_regex || use_regex->boolean())
    out.steps.emplace_back(
        SplitStep{Regex(kByteLevelPattern, RegexDialect::kOniguruma, place_of(node))});
}

void read_digits(const JsonNode& node, PreTokenizer& out) {
  check_keys(node, {"type", "individual_digits"});
  const bool single = node.at("individual_digits").boolean();
  out.steps.emplace_back(SplitStep{Regex("\\p{N}", RegexDialect::kOniguruma, place_of(node)),
                                   single ? SplitBehavior::kIsolated : SplitBehavior::kContiguous});
}

/// Files of before tokenizers 0.15 have add_prefix_space alone.
void read_metaspace(const JsonNode& node, PreTokenizer& out) {
  const MetaspaceRules rules = read_metaspace_rules(node);
  out.steps.emplace_back(MetaspaceStep{rules.prepend, rules.split});
}

void flatten_pre_tokenizer(const JsonNode& node, std::vector<JsonNode>& out) {
  if (out.size() >= 64) node.expected("at most 64 pre-tokenizers");
  const std::string type =
      stage_type(node, {"Sequence", "ByteLevel", "Split", "Digits", "Metaspace"});
  if (type != "Sequence") {
    out.push_back(node);
    return;
  }
  check_keys(node, {"type", "pretokenizers"});
  for (const JsonNode& item : node.at("pretokenizers").items()) flatten_pre_tokenizer(item, out);
}

}  // namespace

ReplaceStep read_replace(const JsonNode& node) {
  check_keys(node, {"type", "pattern", "content"});
  const JsonNode pattern = node.at("pattern");
  if (pattern.find("Regex"))
    fail(ErrorCode::kBadInput, "{}: key '{}.Regex': a regular expression isn't supported here",
         node.where(), pattern.path());
  check_keys(pattern, {"String"});
  ReplaceStep step{short_string(pattern.at("String")), short_string(node.at("content"))};
  if (step.pattern.empty()) pattern.at("String").expected("a string that isn't empty");
  return step;
}

MetaspaceRules read_metaspace_rules(const JsonNode& node) {
  check_keys(node,
             {"type", "replacement", "str_rep", "add_prefix_space", "prepend_scheme", "split"});
  for (const std::string_view key : {"replacement", "str_rep"}) {
    const auto mark = node.find(key);
    if (mark && mark->string() != kSpaceMark) mark->expected("\"▁\"");
  }
  MetaspaceRules rules;
  if (const auto split = node.find("split")) rules.split = split->boolean();
  const auto scheme = node.find("prepend_scheme");
  if (scheme) {
    const std::string name = scheme->string();
    if (name != "always" && name != "never" && name != "first")
      scheme->expected("always, never or first");
    rules.prepend = name == "always"  ? PrependScheme::kAlways
                    : name == "never" ? PrependScheme::kNever
                                      : PrependScheme::kFirst;
  }
  if (const auto prefix = node.find("add_prefix_space"); prefix && !prefix->boolean()) {
    if (scheme && rules.prepend != PrependScheme::kNever)
      prefix->expected("true beside this prepend_scheme");
    rules.prepend = PrependScheme::kNever;
  }
  return rules;
}

void check_keys(const JsonNode& node, std::initializer_list<std::string_view> known) {
  if (!node.is_object()) node.expected("an object");
  for (const auto& [key, value] : node.value().items()) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    fail(ErrorCode::kBadInput, "{}: key '{}{}{}' isn't understood; known keys: {}", node.where(),
         node.path(), node.path().empty() ? "" : ".", escape_terminal(key.substr(0, 80)),
         fmt::join(known, ", "));
  }
}

std::string stage_type(const JsonNode& node, std::initializer_list<std::string_view> supported) {
  std::string type = node.at("type").string();
  if (std::find(supported.begin(), supported.end(), type) == supported.end())
    fail(ErrorCode::kBadInput, "{}: key '{}.type': '{}' isn't supported; supported: {}",
         node.where(), node.path(), escape_terminal(type.substr(0, 80)),
         fmt::join(supported, ", "));
  return type;
}

void read_normalizer_stage(const JsonNode& node, Normalizer& normalizer) {
  const std::string type = stage_type(node, {"Sequence", "Prepend", "Replace", "NFC", "Strip"});
  if (type == "Sequence") {
    check_keys(node, {"type", "normalizers"});
    for (const JsonNode& item : node.at("normalizers").items())
      read_normalizer_stage(item, normalizer);
    return;
  }
  if (normalizer.steps.size() >= 64) node.expected("at most 64 normalizers");
  if (type == "Replace") {
    normalizer.steps.emplace_back(read_replace(node));
  } else if (type == "NFC") {
    check_keys(node, {"type"});
    normalizer.steps.emplace_back(NfcStep{});
  } else if (type == "Strip") {
    check_keys(node, {"type", "strip_left", "strip_right"});
    normalizer.steps.emplace_back(
        StripStep{node.at("strip_left").boolean(), node.at("strip_right").boolean()});
  } else {
    check_keys(node, {"type", "prepend"});
    normalizer.steps.emplace_back(PrependStep{short_string(node.at("prepend"))});
  }
}

bool read_pre_tokenizer_stage(const JsonNode& node, PreTokenizer& out) {
  std::vector<JsonNode> stages;
  flatten_pre_tokenizer(node, stages);
  bool bytes = false;
  for (const JsonNode& stage : stages) {
    const std::string type = stage.at("type").string();
    if (bytes)
      fail(ErrorCode::kBadInput, "{}: key '{}': '{}' after 'ByteLevel' isn't supported",
           stage.where(), stage.path(), type);
    if (type == "Split") out.steps.emplace_back(read_split(stage));
    if (type == "Digits") read_digits(stage, out);
    if (type == "Metaspace") read_metaspace(stage, out);
    if (type == "ByteLevel") {
      read_byte_level(stage, out);
      bytes = true;
    }
  }
  return bytes;
}

}  // namespace moescope::tokenizer

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

/// The stages of a decoder in a row, sequences opened up.
void flatten(const JsonNode& node, std::vector<JsonNode>& out) {
  const std::string type =
      stage_type(node, {"Sequence", "Replace", "ByteFallback", "Fuse", "Strip"});
  if (type != "Sequence") {
    out.push_back(node);
    return;
  }
  check_keys(node, {"type", "decoders"});
  for (const JsonNode& item : node.at("decoders").items()) flatten(item, out);
}

void read_strip(const JsonNode& node, TokenizerParts& parts) {
  check_keys(node, {"type", "content", "start", "stop"});
  if (node.at("content").string() != " ") node.at("content").expected("\" \"");
  if (node.at("stop").uint() != 0) node.at("stop").expected("0");
  parts.decode.n_strip = static_cast<std::size_t>(node.at("start").uint(0, 1u << 20));
}

/// The special token that a template names, its id checked.
TokenId template_token(const JsonNode& item, const JsonNode& specials,
                       const TokenizerParts& parts) {
  const std::string name = item.at("SpecialToken").at("id").string();
  const JsonNode ids = specials.at(name).at("ids");
  if (ids.items().size() != 1) ids.expected("one id");
  const TokenId id(static_cast<std::size_t>(ids.items()[0].uint(0, UINT32_MAX)));
  if (!parts.vocabulary.contains(id)) ids.items()[0].expected("an id of the vocabulary");
  return id;
}

void read_template(const JsonNode& node, TokenizerParts& parts) {
  check_keys(node, {"type", "single", "pair", "special_tokens"});
  bool after = false;
  for (const JsonNode& item : node.at("single").items()) {
    check_keys(item, {"SpecialToken", "Sequence"});
    if (item.find("Sequence")) {
      if (after) item.expected("one sequence");
      after = true;
      continue;
    }
    std::optional<TokenId>& slot = after ? parts.eos : parts.bos;
    if (slot) item.expected("at most one special token on each side");
    slot = template_token(item, node.at("special_tokens"), parts);
  }
  if (!after) node.at("single").expected("a sequence among its items");
  parts.add_bos = parts.bos.has_value();
  parts.add_eos = parts.eos.has_value();
}

}  // namespace

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
  const std::string type = stage_type(node, {"Sequence", "Prepend", "Replace"});
  if (type == "Sequence") {
    check_keys(node, {"type", "normalizers"});
    for (const JsonNode& item : node.at("normalizers").items())
      read_normalizer_stage(item, normalizer);
    return;
  }
  if (normalizer.steps.size() >= 64) node.expected("at most 64 normalizers");
  if (type == "Replace") {
    normalizer.steps.emplace_back(read_replace(node));
    return;
  }
  check_keys(node, {"type", "prepend"});
  normalizer.steps.emplace_back(PrependStep{short_string(node.at("prepend"))});
}

void read_pre_tokenizer_stage(const JsonNode& node) {
  const std::string type = node.at("type").string();
  fail(ErrorCode::kBadInput, "{}: key '{}.type': '{}' isn't supported; supported: null",
       node.where(), node.path(), escape_terminal(type.substr(0, 80)));
}

void read_decoder_stage(const JsonNode& node, TokenizerParts& parts) {
  std::vector<JsonNode> stages;
  flatten(node, stages);
  // Each kind may follow only those before it, so that tokens can be put together one by one.
  constexpr std::string_view kOrder[] = {"Replace", "ByteFallback", "Fuse", "Strip"};
  std::size_t least = 0;
  for (const JsonNode& stage : stages) {
    const std::string type = stage.at("type").string();
    std::size_t place = 0;
    while (kOrder[place] != type) ++place;
    const bool strip_without_fuse = type == "Strip" && least != 3;
    if (place < least || strip_without_fuse)
      fail(ErrorCode::kBadInput,
           "{}: key '{}': '{}' at this place isn't supported; supported order: {}", stage.where(),
           stage.path(), type, fmt::join(kOrder, ", "));
    least = place == 0 ? 0 : place + 1;
    if (type == "Replace") parts.decode_replace.push_back(read_replace(stage));
    if (type == "ByteFallback") parts.decode_bytes = true;
    if (type == "Strip") read_strip(stage, parts);
  }
}

void read_post_processor_stage(const JsonNode& node, TokenizerParts& parts) {
  stage_type(node, {"TemplateProcessing"});
  read_template(node, parts);
}

}  // namespace moescope::tokenizer

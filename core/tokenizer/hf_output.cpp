#include <fmt/ranges.h>

#include "core/base/error.hpp"
#include "core/tokenizer/hf_steps.hpp"

// The stages of a tokenizer.json behind its model.
namespace moescope::tokenizer {
namespace {

/// The stages of a decoder in a row, sequences opened up.
void flatten(const JsonNode& node, std::vector<JsonNode>& out) {
  const std::string type = stage_type(
      node, {"Sequence", "Replace", "ByteFallback", "Fuse", "Strip", "ByteLevel", "Metaspace"});
  if (out.size() >= 64) node.expected("at most 64 decoders");
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

/// `ByteLevel` or `Metaspace`, which read all tokens at once and so stand alone, but for a `Fuse`.
void read_whole_decoder(const JsonNode& stage, const std::string& type, TokenizerParts& parts) {
  if (type == "ByteLevel") {
    check_keys(stage, {"type", "add_prefix_space", "trim_offsets", "use_regex"});
    parts.decode_byte_level = true;
    parts.decode.bad_bytes = BadBytes::kSequence;
    return;
  }
  const MetaspaceRules rules = read_metaspace_rules(stage);
  parts.decode_replace.push_back({std::string(kSpaceMark), " "});
  parts.decode.drop_first_marks = rules.prepend != PrependScheme::kNever;
}

void read_post_processor(const JsonNode& node, bool& has_template, TokenizerParts& parts) {
  const std::string type = stage_type(node, {"Sequence", "ByteLevel", "TemplateProcessing"});
  if (type == "Sequence") {
    check_keys(node, {"type", "processors"});
    for (const JsonNode& item : node.at("processors").items())
      read_post_processor(item, has_template, parts);
  } else if (type == "ByteLevel") {
    check_keys(node, {"type", "add_prefix_space", "trim_offsets", "use_regex"});
    parts.trim_offsets = {node.at("trim_offsets").boolean(), node.at("add_prefix_space").boolean()};
  } else {
    if (has_template) node.expected("one template");
    has_template = true;
    read_template(node, parts);
  }
}

}  // namespace

void read_decoder_stage(const JsonNode& node, TokenizerParts& parts) {
  std::vector<JsonNode> stages;
  flatten(node, stages);
  while (stages.size() > 1 && stages.back().at("type").string() == "Fuse") stages.pop_back();
  for (const JsonNode& stage : stages) {
    const std::string type = stage.at("type").string();
    if (type != "ByteLevel" && type != "Metaspace") continue;
    if (stages.size() == 1) return read_whole_decoder(stage, type, parts);
    fail(ErrorCode::kBadInput, "{}: key '{}': '{}' beside other decoders isn't supported",
         stage.where(), stage.path(), type);
  }
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
  bool has_template = false;
  read_post_processor(node, has_template, parts);
}

}  // namespace moescope::tokenizer

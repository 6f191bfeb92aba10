#include <algorithm>
#include <array>
#include <optional>

#include "core/base/error.hpp"
#include "core/base/escape.hpp"
#include "core/base/json.hpp"
#include "core/tokenizer/byte_level.hpp"
#include "core/tokenizer/derived_merges.hpp"
#include "core/tokenizer/hf_steps.hpp"
#include "core/tokenizer/parts.hpp"

// tekken.json of mistral-common: ids are ranks behind the special tokens, and two neighbours merge
// when together they are a token, the least rank first, as in tiktoken.
namespace moescope::tokenizer {
namespace {

constexpr std::uint64_t kMaxVocabulary = 1u << 22;

/// The special tokens of files that list none, whose other places are named "<SPECIAL_20>" and on.
constexpr std::string_view kOldSpecials[] = {
    "<unk>",
    "<s>",
    "</s>",
    "[INST]",
    "[/INST]",
    "[AVAILABLE_TOOLS]",
    "[/AVAILABLE_TOOLS]",
    "[TOOL_RESULTS]",
    "[/TOOL_RESULTS]",
    "[TOOL_CALLS]",
    "[IMG]",
    "<pad>",
    "[IMG_BREAK]",
    "[IMG_END]",
    "[PREFIX]",
    "[MIDDLE]",
    "[SUFFIX]",
    "[SYSTEM_PROMPT]",
    "[/SYSTEM_PROMPT]",
    "[TOOL_CONTENT]",
};

struct Config {
  std::string pattern;
  std::size_t n_vocab = 0;
  std::size_t n_special = 0;
  bool lists_specials = false;  ///< later than v7: the special tokens stand in the file
};

Config read_config(const JsonNode& node) {
  check_keys(node, {"pattern", "num_vocab_tokens", "default_vocab_size",
                    "default_num_special_tokens", "version"});
  Config config;
  config.pattern = node.at("pattern").string();
  config.n_vocab = node.at("default_vocab_size").uint(1, kMaxVocabulary);
  config.n_special = node.at("default_num_special_tokens").uint(0, config.n_vocab);
  if (config.n_special + 256 > config.n_vocab)
    node.at("default_vocab_size").expected("room for the special tokens and 256 bytes");
  const std::string version = node.at("version").string();
  constexpr std::string_view kKnown[] = {"v1", "v2", "v3", "v7", "v11", "v13", "v15"};
  const auto* known = std::find(std::begin(kKnown), std::end(kKnown), version);
  if (known == std::end(kKnown)) node.at("version").expected("v1, v2, v3, v7, v11, v13 or v15");
  config.lists_specials = known > std::begin(kKnown) + 3;
  return config;
}

std::optional<unsigned> base64_value(char c) {
  if (c >= 'A' && c <= 'Z') return static_cast<unsigned>(c - 'A');
  if (c >= 'a' && c <= 'z') return static_cast<unsigned>(c - 'a' + 26);
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0' + 52);
  if (c == '+') return 62;
  if (c == '/') return 63;
  return std::nullopt;
}

std::optional<std::string> from_base64(std::string_view text) {
  std::string out;
  if (text.size() % 4 != 0) return std::nullopt;
  const std::size_t n_pad = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  text.remove_suffix(n_pad);
  std::uint32_t bits = 0;
  unsigned n_bit = 0;
  for (const char c : text) {
    const auto value = base64_value(c);
    if (!value) return std::nullopt;
    bits = (bits << 6) | *value;
    n_bit += 6;
    if (n_bit < 8) continue;
    n_bit -= 8;
    out += static_cast<char>((bits >> n_bit) & 0xffu);
  }
  return out;
}

/// The bytes of each rank that is in use; ranks stand in order.
std::vector<MergePart> read_ranks(const JsonNode& list, const Config& config) {
  if (!list.is_array()) list.expected("an array of tokens");
  const std::size_t n = config.n_vocab - config.n_special;
  if (list.value().size() < n)
    list.expected(fmt::format("at least {} tokens, as default_vocab_size says", n));
  std::vector<MergePart> parts;
  for (std::size_t rank = 0; rank < n; ++rank) {
    const JsonNode item(list.value()[rank], list.where(), fmt::format("{}[{}]", list.path(), rank));
    check_keys(item, {"rank", "token_bytes", "token_str"});
    if (item.at("rank").uint() != rank) item.at("rank").expected(fmt::format("{}", rank));
    const JsonNode node = item.at("token_bytes");
    auto bytes = from_base64(node.string());
    if (!bytes || bytes->empty()) node.expected("bytes in base64");
    const bool is_byte = bytes->size() == 1 && static_cast<unsigned char>((*bytes)[0]) == rank;
    if (rank < 256 && !is_byte) node.expected(fmt::format("byte {} alone", rank));
    parts.push_back({.text = std::move(*bytes),
                     .id = static_cast<std::uint32_t>(rank + config.n_special),
                     .rank = static_cast<std::uint32_t>(rank)});
  }
  return parts;
}

std::vector<std::string> special_names(const JsonNode& root, const Config& config) {
  std::vector<std::string> names(config.n_special);
  const auto list = root.find("special_tokens");
  if (!list && config.lists_specials)
    fail(ErrorCode::kBadInput, "{}: key 'special_tokens' is missing", root.where());
  if (!list)
    for (std::size_t i = 0; i < std::min(std::size(kOldSpecials), names.size()); ++i)
      names[i] = kOldSpecials[i];
  for (const JsonNode& item : list ? list->items() : std::vector<JsonNode>{}) {
    check_keys(item, {"rank", "token_str", "is_control"});
    const JsonNode rank = item.at("rank");
    if (config.n_special == 0)
      rank.expected("no special token, as default_num_special_tokens says");
    std::string& name = names[static_cast<std::size_t>(rank.uint(0, config.n_special - 1))];
    if (!name.empty()) rank.expected("a rank that no other special token has");
    name = item.at("token_str").string();
    if (name.empty()) item.at("token_str").expected("a string that isn't empty");
  }
  for (std::size_t i = 0; i < names.size(); ++i)
    if (names[i].empty()) names[i] = fmt::format("<SPECIAL_{}>", i);
  return names;
}

void add_special_tokens(const std::vector<std::string>& names, const std::string& where,
                        TokenizerParts& parts) {
  const std::string from = fmt::format("{}: special tokens", where);
  for (std::size_t id = 0; id < names.size(); ++id) {
    parts.vocabulary.add(TokenId(id), names[id], from);
    parts.model.outside.insert(id, true);
    parts.add_token({.id = TokenId(id), .content = names[id], .special = true}, from);
  }
  const auto find = [&](std::string_view name) -> std::optional<TokenId> {
    const auto id = parts.vocabulary.find(name);
    return id && id->value < names.size() ? id : std::nullopt;
  };
  parts.bos = find("<s>");
  parts.eos = find("</s>");
  parts.unk = find("<unk>");
  parts.add_bos = parts.bos.has_value();
}

}  // namespace

TokenizerParts read_tekken(std::string_view bytes, const std::string& where) {
  const nlohmann::json document = parse_json(bytes, where);
  return read_tekken(JsonNode(document, where));
}

TokenizerParts read_tekken(const JsonNode& root) {
  const std::string& where = root.where();
  // What the last four say is about pictures, sound and chats, not about cutting text.
  check_keys(root, {"config", "vocab", "special_tokens", "version", "type", "multimodal", "image",
                    "audio", "model_settings_builder"});
  const Config config = read_config(root.at("config"));
  TokenizerParts parts;
  parts.kind = "tekken";
  parts.where = where;
  parts.pre_tokenizer.steps.emplace_back(SplitStep{Regex(
      config.pattern, RegexDialect::kTiktoken, fmt::format("{}: key 'config.pattern'", where))});
  std::vector<MergePart> ranks = read_ranks(root.at("vocab"), config);
  parts.vocabulary = Vocabulary(config.n_vocab);
  add_special_tokens(special_names(root, config), where, parts);
  for (const MergePart& part : ranks) {
    std::string piece;
    append_byte_piece(piece, part.text);
    parts.vocabulary.add(TokenId(part.id), piece, fmt::format("{}: key 'vocab'", where));
  }
  parts.model.n_id = static_cast<std::uint32_t>(config.n_vocab);
  parts.model.ignore_merges = true;
  parts.use_bytes();
  derive_merges(ranks, parts.model.merges, nullptr);
  parts.decode_byte_level = true;
  parts.decode.bad_bytes = BadBytes::kSequence;
  return parts;
}

}  // namespace moescope::tokenizer

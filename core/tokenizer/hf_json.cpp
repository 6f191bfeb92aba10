#include <algorithm>

#include "core/base/error.hpp"
#include "core/base/escape.hpp"
#include "core/base/json.hpp"
#include "core/base/utf8.hpp"
#include "core/tokenizer/hf_steps.hpp"
#include "core/tokenizer/parts.hpp"

namespace moescope::tokenizer {
namespace {

bool flag(const JsonNode& node, std::string_view key, bool otherwise) {
  const auto found = node.find(key);
  return found ? found->boolean() : otherwise;
}

void refuse_affix(const JsonNode& model, std::string_view key) {
  const auto found = model.find(key);
  if (found && !found->string().empty())
    fail(ErrorCode::kBadInput, "{}: key '{}' isn't supported; expected null or \"\"", model.where(),
         found->path());
}

void read_vocabulary(const JsonNode& node, std::size_t n_added, TokenizerParts& parts) {
  if (!node.is_object()) node.expected("an object of ids by piece");
  parts.vocabulary = Vocabulary(node.value().size() + n_added);
  for (const auto& [piece, value] : node.value().items()) {
    const bool is_id = value.is_number_unsigned() && value.get<std::uint64_t>() < UINT32_MAX;
    if (!is_id)
      fail(ErrorCode::kBadInput, "{}: key '{}': piece {}: expected a token id", node.where(),
           node.path(), json_string(std::string_view(piece).substr(0, 80)));
    parts.vocabulary.add(TokenId(value.get<std::size_t>()), piece, node.where());
    const auto c = decode_utf8(piece, 0);
    if (c && c->n_byte == piece.size())
      parts.model.characters.insert(c->code, value.get<std::uint32_t>());
  }
  parts.model.n_id = static_cast<std::uint32_t>(parts.vocabulary.n_id());
}

/// The two halves of a merge, written "a b" or ["a", "b"].
std::pair<std::string_view, std::string_view> halves(const JsonNode& list, std::size_t i) {
  const nlohmann::json& item = list.value()[i];
  const auto malformed = [&]() {
    JsonNode(item, list.where(), fmt::format("{}[{}]", list.path(), i))
        .expected("two pieces, as \"a b\" or [\"a\", \"b\"]");
  };
  if (item.is_array()) {
    if (item.size() != 2 || !item[0].is_string() || !item[1].is_string()) malformed();
    return {item[0].get_ref<const std::string&>(), item[1].get_ref<const std::string&>()};
  }
  if (!item.is_string()) malformed();
  const std::string_view text = item.get_ref<const std::string&>();
  const std::size_t space = text.find(' ');
  if (space == std::string_view::npos || text.find(' ', space + 1) != std::string_view::npos)
    malformed();
  return {text.substr(0, space), text.substr(space + 1)};
}

void read_merges(const JsonNode& list, TokenizerParts& parts) {
  if (!list.is_array()) list.expected("an array of merges");
  std::string joined;
  for (std::size_t i = 0; i < list.value().size(); ++i) {
    const auto [left, right] = halves(list, i);
    joined.assign(left).append(right);
    const auto id_of = [&, i = i](std::string_view piece) {
      const auto id = parts.vocabulary.find(piece);
      if (!id)
        fail(ErrorCode::kBadInput, "{}: key '{}[{}]': piece {} isn't in the vocabulary",
             list.where(), list.path(), i, json_string(piece.substr(0, 80)));
      return id->value;
    };
    const Merge merge{static_cast<std::uint32_t>(i), id_of(joined)};
    if (!parts.model.merges.add(id_of(left), id_of(right), merge))
      fail(ErrorCode::kBadInput, "{}: key '{}[{}]': the pair {} and {} stands twice", list.where(),
           list.path(), i, json_string(left.substr(0, 80)), json_string(right.substr(0, 80)));
    parts.model.joins.add(left, right);
  }
}

/// Without a single byte piece the fallback does nothing. With some of them the reference puts
/// tokens out of order, so that no ids would be right.
void read_byte_pieces(const JsonNode& model, TokenizerParts& parts) {
  std::vector<std::uint32_t> ids;
  std::string missing;
  for (unsigned byte = 0; byte < 256; ++byte) {
    const std::string name = fmt::format("<0x{:02X}>", byte);
    if (const auto id = parts.vocabulary.find(name))
      ids.push_back(id->value);
    else
      missing = name;
  }
  if (ids.empty()) return;
  if (ids.size() < 256)
    fail(ErrorCode::kBadInput,
         "{}: key '{}.byte_fallback': {} of the 256 byte pieces are missing, such as '{}'",
         model.where(), model.path(), 256 - ids.size(), missing);
  parts.model.byte_ids = std::move(ids);
}

void read_model(const JsonNode& node, std::size_t n_added, TokenizerParts& parts) {
  check_keys(node,
             {"type", "dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix",
              "fuse_unk", "byte_fallback", "ignore_merges", "vocab", "merges"});
  // The oldest files don't name the type of a model with merges.
  if (node.find("type") || !node.find("merges")) stage_type(node, {"BPE"});
  const auto dropout = node.find("dropout");
  if (dropout && dropout->number() != 0) dropout->expected("null or 0, as ids would be random");
  refuse_affix(node, "continuing_subword_prefix");
  refuse_affix(node, "end_of_word_suffix");
  read_vocabulary(node.at("vocab"), n_added, parts);
  read_merges(node.at("merges"), parts);
  parts.model.fuse_unk = flag(node, "fuse_unk", false);
  parts.model.ignore_merges = flag(node, "ignore_merges", false);
  if (const auto unk = node.find("unk_token")) {
    parts.model.unk = parts.vocabulary.find(unk->string());
    if (!parts.model.unk) unk->expected("a piece of the vocabulary");
    parts.unk = parts.model.unk;
  }
  if (flag(node, "byte_fallback", false)) read_byte_pieces(node, parts);
}

/// Where the model runs over bytes, byte fallback has its use only for bytes without a piece; the
/// reference then falls back to the bytes of the letter that stands for the byte.
void check_byte_fallback(const JsonNode& model, const TokenizerParts& parts) {
  const auto& bytes = parts.model.byte_symbols;
  const bool all = std::find(bytes.begin(), bytes.end(), UINT32_MAX) == bytes.end();
  if (!all && !parts.model.byte_ids.empty())
    fail(ErrorCode::kBadInput,
         "{}: key '{}.byte_fallback': isn't supported beside a ByteLevel pre-tokenizer and a "
         "vocabulary that lacks bytes",
         model.where(), model.path());
}

void read_added_tokens(const std::vector<JsonNode>& list, TokenizerParts& parts) {
  for (const JsonNode& item : list) {
    check_keys(item, {"id", "content", "single_word", "lstrip", "rstrip", "normalized", "special"});
    const bool special = flag(item, "special", false);
    AddedToken token{.id = TokenId(static_cast<std::size_t>(item.at("id").uint(0, UINT32_MAX - 1))),
                     .content = item.at("content").string(),
                     .single_word = flag(item, "single_word", false),
                     .lstrip = flag(item, "lstrip", false),
                     .rstrip = flag(item, "rstrip", false),
                     .normalized = flag(item, "normalized", !special),
                     .special = special};
    if (parts.is_added(token.content))
      item.at("content").expected("a token that doesn't stand in the list already");
    parts.add_token(std::move(token), fmt::format("{}: key '{}'", item.where(), item.path()));
  }
}

}  // namespace

TokenizerParts read_hf_json(std::string_view bytes, const std::string& where) {
  const nlohmann::json document = parse_json(bytes, where);
  return read_hf_json(JsonNode(document, where));
}

TokenizerParts read_hf_json(const JsonNode& root) {
  const std::string& where = root.where();
  if (!root.is_object()) root.expected("an object");
  if (!root.find("model"))
    fail(ErrorCode::kBadInput, "{}: key 'model' is missing; is it a tokenizer.json?", where);
  check_keys(root, {"version", "truncation", "padding", "added_tokens", "normalizer",
                    "pre_tokenizer", "post_processor", "decoder", "model"});
  if (const auto version = root.find("version"); version && version->string() != "1.0")
    version->expected("\"1.0\"");

  TokenizerParts parts;
  parts.kind = "tokenizer.json bpe";
  parts.where = where;
  parts.decode.bad_bytes = BadBytes::kWholeRun;
  const auto added = root.find("added_tokens");
  const std::vector<JsonNode> added_items = added ? added->items() : std::vector<JsonNode>{};
  if (const auto stage = root.find("normalizer")) read_normalizer_stage(*stage, parts.normalizer);
  const auto pre_tokenizer = root.find("pre_tokenizer");
  const bool over_bytes =
      pre_tokenizer && read_pre_tokenizer_stage(*pre_tokenizer, parts.pre_tokenizer);
  read_model(root.at("model"), added_items.size(), parts);
  if (over_bytes) {
    parts.use_bytes();
    check_byte_fallback(root.at("model"), parts);
  }
  read_added_tokens(added_items, parts);
  if (const auto stage = root.find("decoder"))
    read_decoder_stage(*stage, parts);
  else
    parts.decode.separator = " ";
  if (const auto stage = root.find("post_processor")) read_post_processor_stage(*stage, parts);
  return parts;
}

}  // namespace moescope::tokenizer

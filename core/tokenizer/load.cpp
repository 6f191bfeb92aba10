#include <algorithm>
#include <iterator>

#include "core/base/error.hpp"
#include "core/base/escape.hpp"
#include "core/base/json.hpp"
#include "core/base/sha256.hpp"
#include "core/formats/file_hash.hpp"
#include "core/formats/folder.hpp"
#include "core/formats/gguf_model.hpp"
#include "core/formats/io.hpp"
#include "core/tokenizer/gguf_metadata_keys.hpp"
#include "core/tokenizer/parts.hpp"
#include "core/tokenizer/token_setting.hpp"
#include "core/tokenizer/tokenizer.hpp"

namespace moescope::tokenizer {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxFile = 64u << 20;

/// A tekken.json has a config and its vocabulary beside each other, a tokenizer.json has a model.
TokenizerParts read_json(std::string_view bytes, const std::string& where) {
  const nlohmann::json document = parse_json(bytes, where);
  const JsonNode root(document, where);
  const bool tekken =
      root.is_object() && !root.find("model") && root.find("config") && root.find("vocab");
  return tekken ? read_tekken(root) : read_hf_json(root);
}

TokenizerParts read_any(std::string_view bytes, const std::string& where) {
  const std::size_t first = bytes.find_first_not_of(" \t\r\n");
  if (bytes.empty() || (first == std::string_view::npos && bytes.size() < 4))
    fail(ErrorCode::kBadInput, "{}: the file is empty", where);
  if (first != std::string_view::npos && bytes[first] == '{') return read_json(bytes, where);
  if (bytes.starts_with("GGUF"))
    fail(ErrorCode::kBadInput, "{}: a GGUF file; expected a tokenizer.json or SentencePiece model",
         where);
  if (bytes[0] == '\n') return read_sentencepiece(bytes, where);
  fail(ErrorCode::kBadInput,
       "{}: expected a tokenizer.json or a SentencePiece model, got a file that begins with {}",
       where, json_string(bytes.substr(0, 16)));
}

/// The files of one folder that were read, for the hash over them.
class FolderReader {
 public:
  explicit FolderReader(const fs::path& path) : folder_(formats::Folder::open(path)) {}

  bool has(std::string_view name) const { return folder_.has(name); }
  std::string where(std::string_view name) const {
    return escape_terminal((folder_.path() / name).string());
  }
  std::string read(std::string_view name) {
    std::string bytes = folder_.read(name, kMaxFile);
    hashes_.push_back({std::string(name), sha256_hex(bytes)});
    return bytes;
  }
  std::string hash() const { return formats::model_hash(hashes_); }

 private:
  formats::Folder folder_;
  std::vector<formats::FileHash> hashes_;
};

void set_token(const JsonNode& root, std::string_view key, TokenizerParts& parts,
               std::optional<TokenId>& slot) {
  const auto content = token_setting(root, key);
  if (!content) return;
  const auto id = parts.vocabulary.find(*content);
  if (!id) root.at(key).expected("a token of the vocabulary");
  slot = *id;
  if (!parts.is_added(*content))
    parts.add_token({.id = *id, .content = *content, .special = true}, root.where());
}

void apply_settings(const JsonNode& root, TokenizerParts& parts) {
  set_token(root, "bos_token", parts, parts.bos);
  set_token(root, "eos_token", parts, parts.eos);
  set_token(root, "unk_token", parts, parts.unk);
  if (const auto node = root.find("add_bos_token")) parts.add_bos = node->boolean();
  if (const auto node = root.find("add_eos_token")) parts.add_eos = node->boolean();
}

TokenId id_of(const JsonNode& node) {
  return TokenId(static_cast<std::size_t>(node.uint(0, UINT32_MAX - 1)));
}

/// added_tokens.json: ids by content.
void add_listed_tokens(const JsonNode& root, TokenizerParts& parts) {
  if (!root.is_object()) root.expected("an object of ids by token");
  for (const auto& [content, value] : root.value().items()) {
    if (parts.is_added(content)) continue;
    const JsonNode id(value, root.where(), content);
    parts.add_token({.id = id_of(id), .content = content}, root.where());
  }
}

/// The `added_tokens_decoder` of a tokenizer_config.json: tokens by id.
void add_configured_tokens(const JsonNode& config, TokenizerParts& parts) {
  const auto list = config.find("added_tokens_decoder");
  if (!list) return;
  if (!list->is_object()) list->expected("an object of tokens by id");
  for (const auto& [key, value] : list->value().items()) {
    const JsonNode item(value, list->where(), fmt::format("{}.{}", list->path(), key));
    const bool number =
        !key.empty() && key.size() < 10 &&
        std::all_of(key.begin(), key.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (!number) item.expected("a token id as the key");
    const auto set = [&item](std::string_view name) {
      const auto node = item.find(name);
      return node && node->boolean();
    };
    AddedToken token{.id = TokenId(std::stoul(key)),
                     .content = item.at("content").string(),
                     .single_word = set("single_word"),
                     .lstrip = set("lstrip"),
                     .rstrip = set("rstrip"),
                     .normalized = set("normalized"),
                     .special = set("special")};
    if (!parts.is_added(token.content)) parts.add_token(std::move(token), item.where());
  }
}

}  // namespace

Tokenizer Tokenizer::load_file(const fs::path& file) {
  if (formats::is_gguf_file(file)) {
    const formats::GgufModel gguf = formats::GgufModel::open(file);
    TokenizerParts parts = read_gguf_vocabulary(gather_gguf_vocabulary(gguf_keys(gguf.metadata)));
    parts.hash = gguf_tokenizer_hash(gguf.metadata);
    parts.finish();
    return Tokenizer(std::make_shared<const TokenizerParts>(std::move(parts)));
  }
  const std::string bytes = formats::read_text_file(file, kMaxFile);
  TokenizerParts parts = read_any(bytes, escape_terminal(file.string()));
  parts.hash = sha256_hex(bytes);
  parts.finish();
  return Tokenizer(std::make_shared<const TokenizerParts>(std::move(parts)));
}

Tokenizer Tokenizer::load_model_folder(const fs::path& folder) {
  FolderReader reader(folder);
  constexpr std::string_view kNames[] = {"tokenizer.json", "tokenizer.model", "tekken.json"};
  const auto* found = std::find_if(std::begin(kNames), std::end(kNames),
                                   [&](std::string_view file) { return reader.has(file); });
  if (found == std::end(kNames))
    fail(ErrorCode::kBadInput,
         "{}: no tokenizer: neither tokenizer.json nor tokenizer.model nor tekken.json is there",
         escape_terminal(folder.string()));
  const std::string_view name = *found;
  const bool json = name == kNames[0];
  TokenizerParts parts = json ? read_hf_json(reader.read(name), reader.where(name))
                              : read_any(reader.read(name), reader.where(name));
  const auto document = [&](std::string_view file) {
    return parse_json(reader.read(file), reader.where(file));
  };
  // The later file wins: tokenizer_config.json is the one that loaders look at first.
  const bool has_config = reader.has("tokenizer_config.json");
  const nlohmann::json config = has_config ? document("tokenizer_config.json") : nullptr;
  const JsonNode config_node(config, reader.where("tokenizer_config.json"));
  if (has_config) add_configured_tokens(config_node, parts);
  if (!json && reader.has("added_tokens.json")) {
    const nlohmann::json listed = document("added_tokens.json");
    add_listed_tokens(JsonNode(listed, reader.where("added_tokens.json")), parts);
  }
  if (reader.has("special_tokens_map.json")) {
    const nlohmann::json map = document("special_tokens_map.json");
    apply_settings(JsonNode(map, reader.where("special_tokens_map.json")), parts);
  }
  if (has_config) apply_settings(config_node, parts);
  parts.hash = reader.hash();
  parts.finish();
  return Tokenizer(std::make_shared<const TokenizerParts>(std::move(parts)));
}

}  // namespace moescope::tokenizer

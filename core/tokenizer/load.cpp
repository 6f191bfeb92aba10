#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "core/base/error.hpp"
#include "core/base/escape.hpp"
#include "core/base/json.hpp"
#include "core/base/sha256.hpp"
#include "core/tokenizer/parts.hpp"
#include "core/tokenizer/tokenizer.hpp"

namespace moescope::tokenizer {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kMaxFile = 64u << 20;

std::string read_file(const fs::path& file) {
  std::error_code error;
  const auto status = fs::status(file, error);
  if (!fs::exists(status))
    fail(ErrorCode::kBadInput, "{}: no such file", escape_terminal(file.string()));
  if (!fs::is_regular_file(status))
    fail(ErrorCode::kBadInput, "{}: expected a regular file", escape_terminal(file.string()));
  const auto size = fs::file_size(file, error);
  if (error || size > kMaxFile)
    fail(ErrorCode::kBadInput, "{}: {} bytes, expected at most {} for a tokenizer",
         escape_terminal(file.string()), size, kMaxFile);
  std::ifstream in(file, std::ios::binary);
  if (!in)
    fail(ErrorCode::kBadInput, "{}: can't be opened: {}", escape_terminal(file.string()),
         std::strerror(errno));
  std::string bytes(static_cast<std::size_t>(size), '\0');
  in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (static_cast<std::uintmax_t>(in.gcount()) != size)
    fail(ErrorCode::kBadInput, "{}: it became shorter while it was read",
         escape_terminal(file.string()));
  return bytes;
}

TokenizerParts read_any(std::string_view bytes, const std::string& where) {
  const std::size_t first = bytes.find_first_not_of(" \t\r\n");
  if (bytes.empty() || (first == std::string_view::npos && bytes.size() < 4))
    fail(ErrorCode::kBadInput, "{}: the file is empty", where);
  if (first != std::string_view::npos && bytes[first] == '{') return read_hf_json(bytes, where);
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
  explicit FolderReader(const fs::path& folder) : folder_(folder) {}

  bool has(std::string_view name) const {
    std::error_code error;
    return fs::exists(fs::symlink_status(folder_ / name, error));
  }

  std::string read(std::string_view name) {
    check_link(folder_ / name);
    std::string bytes = read_file(folder_ / name);
    lines_.push_back(fmt::format("{}  {}\n", sha256_hex(bytes), name));
    return bytes;
  }

  std::string where(std::string_view name) const {
    return escape_terminal((folder_ / name).string());
  }

  std::string hash() {
    std::sort(lines_.begin(), lines_.end());
    Sha256 sum;
    for (const std::string& line : lines_) sum.update(line);
    return sum.hex();
  }

 private:
  /// Links lead within the folder or into the blobs of the hub's cache around it.
  void check_link(const fs::path& file) const {
    std::error_code error;
    const fs::path real = fs::canonical(file, error);
    if (error)
      fail(ErrorCode::kBadInput, "{}: {}", escape_terminal(file.string()), error.message());
    const fs::path home = fs::canonical(folder_, error);
    const fs::path blobs = home.parent_path().parent_path() / "blobs";
    const auto within = [&](const fs::path& outer) {
      return std::mismatch(outer.begin(), outer.end(), real.begin(), real.end()).first ==
             outer.end();
    };
    if (!within(home) && !within(blobs))
      fail(ErrorCode::kBadInput, "{}: a link that leads out of the model folder, to '{}'",
           escape_terminal(file.string()), escape_terminal(real.string()));
  }

  fs::path folder_;
  std::vector<std::string> lines_;
};

/// A token that a settings file names: a string, or an object with its content.
std::optional<std::string> token_setting(const JsonNode& root, std::string_view key) {
  const auto node = root.find(key);
  if (!node) return std::nullopt;
  return node->is_object() ? node->at("content").string() : node->string();
}

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
  const std::string bytes = read_file(file);
  TokenizerParts parts = read_any(bytes, escape_terminal(file.string()));
  parts.hash = sha256_hex(bytes);
  parts.finish();
  return Tokenizer(std::make_shared<const TokenizerParts>(std::move(parts)));
}

Tokenizer Tokenizer::load_model_folder(const fs::path& folder) {
  FolderReader reader(folder);
  const bool json = reader.has("tokenizer.json");
  if (!json && !reader.has("tokenizer.model"))
    fail(ErrorCode::kBadInput,
         "{}: no tokenizer: neither tokenizer.json nor tokenizer.model is there",
         escape_terminal(folder.string()));
  const std::string_view name = json ? "tokenizer.json" : "tokenizer.model";
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

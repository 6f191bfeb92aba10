#include "core/tokenizer/chat_source.hpp"

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/escape.hpp"
#include "core/base/json.hpp"
#include "core/formats/folder.hpp"
#include "core/formats/gguf_model.hpp"
#include "core/formats/io.hpp"
#include "core/tokenizer/token_setting.hpp"

namespace moescope::tokenizer {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kConfig = "tokenizer_config.json";
constexpr std::string_view kTemplate = "chat_template.jinja";
constexpr std::string_view kGgufTemplate = "tokenizer.chat_template";
constexpr std::string_view kGgufTokens = "tokenizer.ggml.tokens";
constexpr std::size_t kMaxConfig = 64u << 20;
constexpr std::size_t kMaxTemplate = 4u << 20;

/// One template, or the default of several with names.
std::optional<std::string> template_of(const JsonNode& root) {
  const auto node = root.find("chat_template");
  if (!node) return std::nullopt;
  if (node->is_string()) return node->string();
  if (!node->is_array()) node->expected("a template or a list of templates with names");
  for (const JsonNode& item : node->items())
    if (item.at("name").string() == "default") return item.at("template").string();
  node->expected("one with the name \"default\"");
}

ChatSource read_folder(const fs::path& folder_path) {
  const formats::Folder folder = formats::Folder::open(folder_path);
  const auto where = [&](std::string_view name) {
    return escape_terminal((folder_path / name).string());
  };
  ChatSource out;
  std::optional<std::string> text;
  if (const auto bytes = folder.read_optional(kConfig, kMaxConfig)) {
    out.where = where(kConfig);
    const nlohmann::json config = parse_json(*bytes, out.where);
    const JsonNode root(config, out.where);
    out.bos_token = token_setting(root, "bos_token");
    out.eos_token = token_setting(root, "eos_token");
    if (!folder.has(kTemplate)) {
      text = template_of(root);
      out.where += ": chat_template";
    }
  }
  if (folder.has(kTemplate)) {
    out.where = where(kTemplate);
    text = folder.read(kTemplate, kMaxTemplate);
  }
  if (!text)
    fail(ErrorCode::kBadInput,
         "{}: no chat template: neither '{}' nor 'chat_template' in '{}' is there",
         escape_terminal(folder_path.string()), kTemplate, kConfig);
  out.text = std::move(*text);
  return out;
}

ChatSource read_gguf(const fs::path& file) {
  const formats::GgufModel gguf = formats::GgufModel::open(file);
  const formats::GgufMetadata& metadata = gguf.metadata;
  const auto text = metadata.find_string(kGgufTemplate);
  if (!text)
    fail(ErrorCode::kBadInput, "{}: no chat template: key '{}' is absent", metadata.where(),
         kGgufTemplate);
  ChatSource out{.where = fmt::format("{}: {}", metadata.where(), kGgufTemplate),
                 .text = std::string(*text)};
  const std::vector<std::string_view> tokens = metadata.find(kGgufTokens) != nullptr
                                                   ? metadata.strings(kGgufTokens)
                                                   : std::vector<std::string_view>();
  const auto token = [&](std::string_view key) -> std::optional<std::string> {
    const auto id = metadata.find_uint(key);
    if (!id) return std::nullopt;
    if (*id >= tokens.size()) metadata.expected(key, "the id of a token");
    return std::string(tokens[*id]);
  };
  out.bos_token = token("tokenizer.ggml.bos_token_id");
  out.eos_token = token("tokenizer.ggml.eos_token_id");
  return out;
}

}  // namespace

ChatSource read_chat_source(const fs::path& model) {
  if (fs::is_directory(model)) return read_folder(model);
  if (model.extension() == ".safetensors") return read_folder(model.parent_path());
  if (formats::is_gguf_file(model)) return read_gguf(model);
  return {.where = escape_terminal(model.string()),
          .text = formats::read_text_file(model, kMaxTemplate)};
}

}  // namespace moescope::tokenizer

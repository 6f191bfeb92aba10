#include "core/tokenizer/chat_source.hpp"

#include <fmt/format.h>

#include "core/base/error.hpp"
#include "core/base/escape.hpp"
#include "core/base/json.hpp"
#include "core/formats/folder.hpp"
#include "core/formats/io.hpp"

namespace moescope::tokenizer {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kConfig = "tokenizer_config.json";
constexpr std::string_view kTemplate = "chat_template.jinja";
constexpr std::size_t kMaxConfig = 64u << 20;
constexpr std::size_t kMaxTemplate = 4u << 20;

/// A token that the file names: a string, or an object with its content.
std::optional<std::string> token_of(const JsonNode& root, std::string_view key) {
  const auto node = root.find(key);
  if (!node) return std::nullopt;
  return node->is_object() ? node->at("content").string() : node->string();
}

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

}  // namespace

ChatSource read_chat_source(const fs::path& folder_path) {
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
    out.bos_token = token_of(root, "bos_token");
    out.eos_token = token_of(root, "eos_token");
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
         "{}: no chat template: neither '{}' nor 'chat_template' in '{}' is there; pass a template "
         "file",
         escape_terminal(folder_path.string()), kTemplate, kConfig);
  out.text = std::move(*text);
  return out;
}

ChatSource read_chat_file(const fs::path& file) {
  return {.where = escape_terminal(file.string()),
          .text = formats::read_text_file(file, kMaxTemplate)};
}

}  // namespace moescope::tokenizer

#include "core/model/model.hpp"

#include <algorithm>

#include "core/formats/folder.hpp"

namespace moescope::model {
namespace {

constexpr std::size_t kMaxConfigBytes = 4u << 20;

/// generation_config.json may name more end tokens than config.json.
void add_end_tokens(const formats::Folder& folder, ModelConfig& config) {
  const auto text = folder.read_optional("generation_config.json", kMaxConfigBytes);
  if (!text) return;
  const std::string where = (folder.path() / "generation_config.json").string();
  const nlohmann::json document = parse_json(*text, where);
  const auto eos = JsonNode(document, where).find("eos_token_id");
  if (!eos) return;
  const auto items = eos->is_array() ? eos->items() : std::vector<JsonNode>{*eos};
  for (const JsonNode& item : items) {
    const TokenId id(item.uint(0, config.n_vocab - 1));
    if (std::find(config.eos.begin(), config.eos.end(), id) == config.eos.end())
      config.eos.push_back(id);
  }
}

ModelConfig parse_config(const formats::Folder& folder, const std::string& text) {
  const std::string where = (folder.path() / "config.json").string();
  const nlohmann::json document = parse_json(text, where);
  ModelConfig config = read_hf_config(JsonNode(document, where));
  add_end_tokens(folder, config);
  return config;
}

}  // namespace

ModelConfig read_config(const std::filesystem::path& path) {
  const formats::Folder folder = formats::Folder::open(path);
  return parse_config(folder, folder.read("config.json", kMaxConfigBytes));
}

Model open_model(const std::filesystem::path& path) {
  const formats::Folder folder = formats::Folder::open(path);
  std::string text = folder.read("config.json", kMaxConfigBytes);
  ModelConfig config = parse_config(folder, text);
  formats::WeightFiles files = formats::WeightFiles::open(folder);
  Weights weights = bind_weights(files, architecture_named(config.family), config);
  return {path, std::move(text), std::move(config), std::move(files), std::move(weights)};
}

}  // namespace moescope::model

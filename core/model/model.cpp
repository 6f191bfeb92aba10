#include "core/model/model.hpp"

#include <algorithm>

namespace moescope::model {
namespace {

void add_end_tokens(const formats::ModelText& file, ModelConfig& config) {
  const nlohmann::json document = parse_json(file.text, file.where());
  const auto eos = JsonNode(document, file.where()).find("eos_token_id");
  if (!eos) return;
  for (const JsonNode& item : eos->is_array() ? eos->items() : std::vector<JsonNode>{*eos}) {
    const TokenId id(item.uint(0, config.n_vocab - 1));
    if (std::find(config.eos.begin(), config.eos.end(), id) == config.eos.end())
      config.eos.push_back(id);
  }
}

}  // namespace

ModelConfig read_config(const formats::ModelFolder& folder) {
  const formats::ModelText& file = folder.config();
  const nlohmann::json document = parse_json(file.text, file.where());
  ModelConfig config = read_hf_config(JsonNode(document, file.where()));
  if (folder.generation_config()) add_end_tokens(*folder.generation_config(), config);
  return config;
}

Model open_model(const std::filesystem::path& path) {
  formats::ModelFolder folder = formats::ModelFolder::open(path);
  ModelConfig config = read_config(folder);
  formats::WeightFiles files = folder.open_weights();
  Weights weights = bind_weights(files, architecture_named(config.family), config);
  return {std::move(folder), std::move(config), std::move(files), std::move(weights)};
}

}  // namespace moescope::model

#include "core/model/model.hpp"

#include <algorithm>

#include "core/formats/gguf_model.hpp"
#include "core/model/gguf_config.hpp"

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

namespace {

Model open_folder(const std::filesystem::path& path) {
  const formats::ModelFolder folder = formats::ModelFolder::open(path);
  ModelConfig config = read_config(folder);
  formats::WeightFiles files = folder.open_weights();
  Weights weights = bind_weights(files, architecture_named(config.family).names, config);
  ModelSource source{.place = folder.folder().path(),
                     .config_text = folder.config().text,
                     .tokenizer_files = folder.tokenizer_files(),
                     .identity_files = folder.identity_files(files)};
  return {std::move(source), std::move(config), std::move(files), std::move(weights)};
}

Model open_gguf(const std::filesystem::path& path) {
  formats::GgufModel gguf = formats::GgufModel::open(path);
  ModelConfig config = read_gguf_config(gguf.metadata, gguf.weights);
  Weights weights = bind_weights(gguf.weights, gguf_names(config), config);
  ModelSource source{.place = path,
                     .config_text = gguf_config_text(gguf.metadata),
                     .tokenizer_files = {},
                     .identity_files = {gguf.weights.files().begin(), gguf.weights.files().end()}};
  if (gguf.metadata.find("tokenizer.ggml.model") != nullptr)
    source.tokenizer_files.push_back(path.filename().string());
  return {std::move(source), std::move(config), std::move(gguf.weights), std::move(weights)};
}

}  // namespace

Model open_model(const std::filesystem::path& path) {
  return formats::is_gguf_file(path) ? open_gguf(path) : open_folder(path);
}

}  // namespace moescope::model

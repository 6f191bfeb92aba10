#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/formats/model_folder.hpp"
#include "core/formats/weight_files.hpp"
#include "core/model/architecture.hpp"
#include "core/model/config.hpp"
#include "core/model/weights.hpp"

namespace moescope::model {

/// Where a model comes from, as values.
struct ModelSource {
  std::filesystem::path place;  ///< the folder, or the GGUF file
  std::string config_text;      ///< config.json as it was read, or the scalar GGUF keys as JSON
  std::vector<std::string> tokenizer_files;        ///< by name
  std::vector<formats::NamedFile> identity_files;  ///< what makes up the model hash
};

/// Configuration and weights of an opened model; the weights stay in the mapped files.
struct Model {
  ModelSource source;
  ModelConfig config;
  formats::WeightFiles files;
  Weights weights;
};

/// Opens a Hugging Face folder, the folder around one .safetensors file, or a GGUF file; which it is
/// the content tells.
/// Errors: kBadInput: what the readers of config.json, of GGUF and of the weight files refuse.
Model open_model(const std::filesystem::path& path);

/// The configuration of an opened folder; generation_config.json may name further end tokens.
ModelConfig read_config(const formats::ModelFolder& folder);

}  // namespace moescope::model

#pragma once

#include <filesystem>

#include "core/formats/model_folder.hpp"
#include "core/formats/weight_files.hpp"
#include "core/model/architecture.hpp"
#include "core/model/config.hpp"
#include "core/model/weights.hpp"

namespace moescope::model {

/// Configuration and weights of an opened model; the weights stay in the mapped files.
struct Model {
  formats::ModelFolder folder;
  ModelConfig config;
  formats::WeightFiles files;
  Weights weights;
};

/// Opens a Hugging Face folder, or the folder around one .safetensors file.
/// Errors: kBadInput: what the readers of config.json and of the weight files refuse.
Model open_model(const std::filesystem::path& path);

/// The configuration of an opened folder; generation_config.json may name further end tokens.
ModelConfig read_config(const formats::ModelFolder& folder);

}  // namespace moescope::model

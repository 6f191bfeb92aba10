#pragma once

#include <filesystem>
#include <string>

#include "core/formats/weight_files.hpp"
#include "core/model/architecture.hpp"
#include "core/model/config.hpp"
#include "core/model/weights.hpp"

namespace moescope::model {

/// Configuration and weights of an opened model; the weights stay in the mapped files.
struct Model {
  std::filesystem::path path;
  std::string config_text;  ///< config.json as it stands in the folder
  ModelConfig config;
  formats::WeightFiles files;
  Weights weights;
};

/// Opens a Hugging Face folder.
/// Errors: kBadInput: what the readers of config.json and of the weight files refuse.
Model open_model(const std::filesystem::path& folder);

/// Reads only config.json (and generation_config.json) of a folder.
ModelConfig read_config(const std::filesystem::path& folder);

}  // namespace moescope::model

#pragma once

#include <string>

#include "core/formats/gguf_metadata.hpp"
#include "core/formats/weight_files.hpp"
#include "core/model/architecture.hpp"
#include "core/model/config.hpp"

namespace moescope::model {

/// Reads the configuration of a GGUF model: its keys, and the tensors that carry angles of the
/// rotation.
/// Errors: kBadInput: an unknown architecture, with those that are known; missing or absurd values;
/// a key of the architecture that may change the numbers and is not understood.
/// Source: docs/gguf.md of ggml, and the keys that its converters write.
ModelConfig read_gguf_config(const formats::GgufMetadata& metadata,
                             const formats::WeightFiles& weights);

/// The names under which GGUF keeps each role of that family.
TensorNames gguf_names(const ModelConfig& config);

/// Every key but the tokenizer's, as one JSON object; long arrays are left out.
std::string gguf_config_text(const formats::GgufMetadata& metadata);

}  // namespace moescope::model

#pragma once

#include <stop_token>
#include <string>

#include "core/model/model.hpp"

namespace moescope::cli {

/// The model hash, with a progress line while files are read; unchanged files come from the cache.
std::string hash_model(const model::Model& model, bool quiet, const std::stop_token& stop);

}  // namespace moescope::cli

#pragma once

#include <functional>
#include <string_view>

#include "core/trace/reader.hpp"
#include "core/trace/sqlite.hpp"

namespace moescope::trace {

/// Writes the JSON lines that OLMoE's analysis scripts read, one a recorded prompt:
/// {"input_ids": [n_token], "predicted_token_ids": [n_token], "exp_ids": [n_token][top_k][n_route],
/// "id": the prompt's}: tokens that the model was fed, experts best first. predicted_token_ids is
/// null where the run kept none of them; single ones are null where they are missing.
/// Source: allenai/OLMoE, scripts/run_moe_analysis.py.
void write_olmoe(Database& db, const RunRow& run,
                 const std::function<void(std::string_view)>& write);

}  // namespace moescope::trace

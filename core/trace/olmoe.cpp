#include "core/trace/olmoe.hpp"

#include <fmt/format.h>

#include <string>
#include <vector>

#include "core/base/error.hpp"
#include "core/base/escape.hpp"

namespace moescope::trace {
namespace {

/// [top_k][n_route] of one token, whose choices are ordered by layer and slot.
std::string expert_ids(Database& db, const RunRow& run, const TokenRow& token) {
  const std::size_t n_route = run.routing_layers.size();
  if (token.choices.size() != n_route * run.top_k)
    fail(ErrorCode::kBadInput, "{}: position {}: expected {} choices, got {}; is the file damaged?",
         db.name(), token.pos.value, n_route * run.top_k, token.choices.size());
  std::string out = "[";
  for (std::size_t slot = 0; slot < run.top_k; ++slot) {
    out += slot ? ", [" : "[";
    for (std::size_t route = 0; route < n_route; ++route)
      out += fmt::format("{}{}", route ? ", " : "",
                         token.choices[route * run.top_k + slot].expert.value);
    out += "]";
  }
  return out + "]";
}

std::string prompt_line(Database& db, const RunRow& run, const PromptRow& prompt) {
  std::string ids, predicted, experts;
  bool any_predicted = false;
  for (const TokenRow& token : read_tokens(db, run, prompt.id)) {
    if (token.choices.empty() && !run.routing_layers.empty()) continue;  // drawn last, never fed
    const std::string_view comma = ids.empty() ? "" : ", ";
    ids += fmt::format("{}{}", comma, token.id.value);
    predicted += comma;
    predicted += token.predicted ? std::to_string(token.predicted->value) : "null";
    any_predicted = any_predicted || token.predicted.has_value();
    experts += comma;
    experts += expert_ids(db, run, token);
  }
  return fmt::format(
      "{{\"input_ids\": [{}], \"predicted_token_ids\": {}, \"exp_ids\": [{}], \"id\": {}}}\n", ids,
      any_predicted ? "[" + predicted + "]" : "null", experts, json_string(prompt.name));
}

}  // namespace

void write_olmoe(Database& db, const RunRow& run,
                 const std::function<void(std::string_view)>& write) {
  for (const PromptRow& prompt : list_prompts(db, run.id))
    if (!prompt.failure) write(prompt_line(db, run, prompt));
}

}  // namespace moescope::trace

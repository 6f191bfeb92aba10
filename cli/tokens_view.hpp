#pragma once

#include <string>
#include <vector>

#include "cli/json_output.hpp"
#include "cli/terminal.hpp"
#include "core/base/index.hpp"
#include "core/trace/reader.hpp"

/// What `moescope tokens` says of one prompt, as values, and its forms.
namespace moescope::cli {

struct TokensReport {
  trace::RunRow run;
  trace::PromptRow prompt;
  std::vector<trace::TokenRow> tokens;
  std::vector<LayerIdx> layers;  ///< those to show, all of them with a router
};

/// The text in reading order with each layer's experts below the tokens.
std::string tokens_flow(const TokensReport& report, const Terminal& terminal);
/// One line a token, one column a layer.
std::string tokens_table(const TokensReport& report, const Terminal& terminal);
/// One line a token with its numbers and, for each layer, slots with weight and margin.
std::string tokens_details(const TokensReport& report, const Terminal& terminal);

JsonOutput tokens_json(const TokensReport& report);
std::string tokens_csv(const TokensReport& report);

}  // namespace moescope::cli

#include <fmt/format.h>

#include <algorithm>

#include "cli/number_text.hpp"
#include "cli/tokens_view.hpp"
#include "core/base/escape.hpp"
#include "core/base/utf8.hpp"

namespace moescope::cli {
namespace {

using trace::ChoiceRow;
using trace::TokenRow;

std::string_view phase_name(hooks::Phase phase) {
  return phase == hooks::Phase::kDecode ? "decode" : "prefill";
}

std::string hex(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) out += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return out;
}

JsonOutput layer_json(const TokenRow& token, LayerIdx layer) {
  JsonOutput out;
  out["layer"] = layer.value;
  for (const char* key : {"experts", "weights", "margins"}) out[key] = JsonOutput::array();
  for (const ChoiceRow& choice : token.choices) {
    if (choice.layer != layer) continue;
    out["experts"].push_back(choice.expert.value);
    out["weights"].push_back(choice.weight);
    out["margins"].push_back(or_null(choice.margin));
  }
  return out;
}

JsonOutput token_json(const TokensReport& report, const TokenRow& token) {
  JsonOutput out;
  out["pos"] = token.pos.value;
  out["phase"] = phase_name(token.phase);
  out["id"] = token.id.value;
  out["text"] = or_null(token.text);
  if (token.text && first_invalid_utf8(*token.text)) out["text_hex"] = hex(*token.text);
  out["begin"] = or_null(token.begin);
  out["end"] = or_null(token.end);
  out["logprob"] = or_null(token.logprob);
  out["entropy"] = or_null(token.entropy);
  out["rank"] = or_null(token.rank);
  out["predicted"] = token.predicted ? JsonOutput(token.predicted->value) : JsonOutput(nullptr);
  out["layers"] = JsonOutput::array();
  if (!token.choices.empty())
    for (const LayerIdx layer : report.layers) out["layers"].push_back(layer_json(token, layer));
  return out;
}

}  // namespace

JsonOutput tokens_json(const TokensReport& report) {
  const trace::PromptRow& prompt = report.prompt;
  JsonOutput out = json_result("tokens");
  out["run"] = {{"id", report.run.id}, {"model", report.run.model}, {"status", report.run.status}};
  JsonOutput about;
  about["id"] = prompt.name;
  about["index"] = prompt.index;
  about["group"] = or_null(prompt.group);
  about["labels"] = JsonOutput::object();
  for (const auto& [key, value] : prompt.labels) about["labels"][key] = value;
  about["text"] = or_null(prompt.text);
  about["finish"] = prompt.finish;
  about["failure"] = or_null(prompt.failure);
  out["prompt"] = std::move(about);
  out["n_expert"] = report.run.n_expert;
  out["top_k"] = report.run.top_k;
  out["tokens"] = JsonOutput::array();
  for (const TokenRow& token : report.tokens) out["tokens"].push_back(token_json(report, token));
  return out;
}

std::string tokens_csv(const TokensReport& report) {
  std::string out =
      "run,prompt,pos,phase,token_id,text,logprob,entropy,rank,layer,slot,expert,weight,margin\n";
  for (const TokenRow& token : report.tokens) {
    const std::string head = fmt::format(
        "{},{},{},{},{},{},{},{},{}", report.run.id, csv_cell(report.prompt.name), token.pos.value,
        phase_name(token.phase), token.id.value, csv_cell(token.text.value_or("")),
        or_empty(token.logprob), or_empty(token.entropy), or_empty(token.rank));
    if (token.choices.empty()) out += head + ",,,,,\n";
    for (const ChoiceRow& choice : token.choices)
      if (std::find(report.layers.begin(), report.layers.end(), choice.layer) !=
          report.layers.end())
        out += fmt::format("{},{},{},{},{},{}\n", head, choice.layer.value, choice.slot,
                           choice.expert.value, choice.weight, or_empty(choice.margin));
  }
  return out;
}

}  // namespace moescope::cli

#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "audits/suite.hpp"
#include "probes/probe.hpp"

namespace moescope::audits {
namespace {

using Json = nlohmann::ordered_json;

template <class T>
void put(Json& out, const char* key, const std::optional<T>& value) {
  if (value) out[key] = *value;
}

Json info_json(const SuiteInfo& info) {
  Json out;
  out["moescope_suite"] = 1;
  out["name"] = info.name;
  out["version"] = info.version;
  out["title"] = info.title;
  out["language"] = info.language;
  out["construct"] = info.construct;
  out["cannot_show"] = info.cannot_show;
  out["licence"] = info.licence;
  out["origin"] = info.origin;
  out["authors"] = Json::array();
  for (const Author& author : info.authors)
    out["authors"].push_back(
        {{"name", author.name}, {"kind", author.is_model ? "model" : "person"}});
  for (const Review& review : info.reviews) {
    Json row = {{"language", review.language}, {"n", review.n_reviewer}};
    put(row, "agreement", review.agreement);
    out["reviews"].push_back(std::move(row));
  }
  put(out, "pilot_exclusions", info.pilot_exclusions);
  put(out, "scored_difference", info.scored_difference);
  put(out, "canary", info.canary);
  put(out, "first_published", info.first_published);
  put(out, "generator", info.generator);
  put(out, "generator_seed", info.generator_seed);
  static constexpr const char* kPurposes[] = {"measure", "gate", "control"};
  if (info.purpose != Purpose::kMeasure)
    out["purpose"] = kPurposes[static_cast<std::size_t>(info.purpose)];
  put(out, "sensitive", info.sensitive);
  for (const SourceFile& source : info.sources)
    out["sources"].push_back({{"name", source.name},
                              {"sha256", source.sha256},
                              {"rows", source.n_row},
                              {"malformed", source.n_malformed}});
  if (info.share_alike) out["share_alike"] = true;
  if (info.local_only) out["local_only"] = true;
  return out;
}

Json format_json(const probes::Format& format) {
  static constexpr const char* kOrders[] = {"given", "cyclic", "full"};
  Json out = {{"name", format.name}, {"prompt", format.prompt}, {"text", format.text}};
  if (!format.option.empty()) out["option"] = format.option;
  if (format.answer == probes::Answer::kLetter) out["answer"] = "letter";
  if (format.order != probes::Order::kGiven)
    out["order"] = kOrders[static_cast<std::size_t>(format.order)];
  put(out, "unconditional", format.unconditional);
  return out;
}

Json item_json(const probes::Item& item) {
  Json out = {{"id", item.id}};
  if (!item.labels.empty()) out["labels"] = item.labels;
  if (!item.prompt.empty()) out["prompt"] = item.prompt;
  out["candidates"] = Json::array();
  for (const probes::Candidate& candidate : item.candidates) {
    Json row = {{"role", candidate.role}, {"text", candidate.text}};
    put(row, "prompt", candidate.prompt);
    if (candidate.correct) row["correct"] = true;
    out["candidates"].push_back(std::move(row));
  }
  return out;
}

Json hypothesis_json(const Hypothesis& hypothesis) {
  Json out = {{"id", hypothesis.id}, {"estimand", hypothesis.estimand}};
  put(out, "label", hypothesis.label);
  put(out, "value", hypothesis.label_value);
  out["margin"] = hypothesis.margin;
  out["reason"] = hypothesis.reason;
  return out;
}

Json head_json(const Suite& suite) {
  Json head = info_json(suite.info);
  head["probe"] = suite.probe;
  for (const probes::Format& format : suite.formats) head["formats"].push_back(format_json(format));
  head["cluster"] = suite.cluster;
  if (!suite.covariates.empty()) head["covariates"] = suite.covariates;
  head["alpha"] = suite.alpha;
  for (const Hypothesis& hypothesis : suite.hypotheses)
    head["hypotheses"].push_back(hypothesis_json(hypothesis));
  return head;
}

}  // namespace

std::string suite_head_text(const Suite& suite) {
  return head_json(suite).dump();
}

std::string suite_text(const Suite& suite) {
  // One item a line: a suite of thousands stays readable, and a difference shows its row.
  std::string out = head_json(suite).dump(1);
  out.resize(out.size() - 2);
  out += ",\n \"items\": [";
  for (std::size_t i = 0; i < suite.items.size(); ++i)
    out += fmt::format("{}\n  {}", i > 0 ? "," : "", item_json(suite.items[i]).dump());
  return out + "\n ]\n}\n";
}

}  // namespace moescope::audits

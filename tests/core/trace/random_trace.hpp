#pragma once

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "core/base/error.hpp"
#include "core/base/random.hpp"
#include "core/trace/prompt_trace.hpp"
#include "core/trace/run_info.hpp"
#include "tests/error_of.hpp"

/// Made-up runs and traces for the tests of the trace room.
namespace moescope::trace {

/// A folder of its own, gone with the object.
class TempFolder {
 public:
  TempFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "moescope-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw Error(ErrorCode::kRetry, "no folder");
    path_ = pattern;
  }
  ~TempFolder() {
    std::error_code error;
    std::filesystem::remove_all(path_, error);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

inline RunInfo small_run(std::uint64_t n_prompt) {
  RunInfo info;
  info.weights_id = "weights";
  info.files_id = "files";
  info.tokenizer_hash = "tokenizer";
  info.config = R"({"model_type":"mixtral"})";
  info.family = "mixtral";
  info.n_layer = 3;
  info.n_expert = 4;
  info.top_k = 2;
  info.n_vocab = 50;
  info.routing_layers = {LayerIdx(0), LayerIdx(2)};
  info.seed = 7;
  info.keeps_activations = true;
  info.prompts_hash = "prompts";
  info.n_prompt = n_prompt;
  info.n_lens = 2;
  info.options = {{"capture", "blocks.*.hook_resid_post"}, {"interventions", "[]"}};
  info.label_keys = {"domain", "language"};
  info.model = "tiny";
  info.code_version = "0.1.0";
  info.isa = "plain";
  info.threads = 2;
  info.batch = 4;
  info.command_line = "moescope record tiny prompts.jsonl -o run.db";
  return info;
}

inline void add_token(PromptTrace& trace, const RunInfo& info, Random& random) {
  const std::size_t pos = trace.tokens.size();
  TokenTrace token;
  token.id = TokenId(random.below(info.n_vocab));
  token.phase = pos > 5 ? hooks::Phase::kDecode : hooks::Phase::kPrefill;
  token.text =
      token.id.value % 10 == 3 ? std::string("\xe2\x82", 2) : fmt::format("t{}", token.id.value);
  if (pos > 0) {
    token.begin = pos * 3;
    token.end = pos * 3 + 3;
    token.logprob = -static_cast<float>(random.uniform()) * 9;
    token.entropy = static_cast<float>(random.uniform()) * 3;
    token.rank = static_cast<std::uint32_t>(1 + random.below(40));
  }
  if (pos % 2 == 0) token.predicted = TokenId(random.below(info.n_vocab));
  trace.tokens.push_back(token);
  for (std::size_t route = 0; route < info.routing_layers.size(); ++route) {
    std::vector<std::pair<float, std::uint16_t>> order;
    for (std::uint16_t e = 0; e < info.n_expert; ++e) {
      const float logit = static_cast<float>(random.uniform() * 6 - 3);
      if (info.scores != Scores::kNone) trace.router_logits.push_back(logit);
      order.emplace_back(-logit, e);
    }
    std::sort(order.begin(), order.end());
    const bool all = info.top_k == info.n_expert;
    float rest = 1;
    for (std::size_t slot = 0; slot < info.top_k; ++slot) {
      const float weight =
          slot + 1 == info.top_k ? rest : rest * 0.7f + rest * 0.1f * order[0].first / 3;
      rest -= weight;
      trace.expert.push_back(order[slot].second);
      trace.weight.push_back(weight);
      trace.margin.push_back(all ? std::numeric_limits<float>::infinity()
                                 : order[info.top_k].first - order[slot].first);
    }
  }
  for (std::size_t layer = 0; layer < info.n_layer && info.n_lens > 0; ++layer) {
    LensTrace lens{.pos = TokenPos(pos), .layer = LayerIdx(layer), .token = {}, .logprob = {}};
    for (std::size_t k = 0; k < info.n_lens; ++k) {
      lens.token.push_back(TokenId(random.below(info.n_vocab)));
      lens.logprob.push_back(-static_cast<float>(k + 1));
    }
    trace.lens.push_back(lens);
  }
}

inline void add_activations(PromptTrace& trace, const RunInfo& info, Random& random) {
  for (std::size_t layer = 0; layer < info.n_layer; ++layer)
    for (std::size_t pos = 0; pos < trace.tokens.size(); ++pos) {
      ActivationTrace a;
      a.pos = TokenPos(pos);
      a.site = {hooks::Site::kResidPost, LayerIdx(layer), ExpertIdx()};
      for (int i = 0; i < 8; ++i) a.value.push_back(static_cast<float>(random.uniform() - 0.5));
      trace.activations.push_back(a);
    }
}

/// The same trace for the same index, whatever was made before it.
inline PromptTrace random_trace(std::uint64_t index, const RunInfo& info) {
  Random random(1000 + index);
  PromptTrace trace;
  trace.index = index;
  trace.input.id = fmt::format("p:{}", index);
  if (index % 2 == 0) trace.input.group = fmt::format("g{}", index / 4);
  trace.input.text =
      index % 7 == 3 ? std::string("caf\xc3 no utf-8\0", 15) : fmt::format("text {}", index);
  if (index % 5 != 0) trace.input.labels.emplace_back("domain", index % 2 ? "news" : "");
  if (index % 3 != 0) trace.input.labels.emplace_back("language", index % 3 == 1 ? "en" : "fr");
  if (index % 11 == 6) {
    trace.failure = "line 7: byte 3: expected UTF-8";
    trace.finish = hooks::FinishReason::kFailed;
    return trace;
  }
  const std::size_t n_token = 1 + random.below(9);
  for (std::size_t i = 0; i < n_token; ++i) add_token(trace, info, random);
  trace.tokens.back().fed = trace.tokens.back().phase == hooks::Phase::kPrefill;
  if (index % 4 == 1) add_activations(trace, info, random);
  return trace;
}

/// The first line in which two texts differ; "" when they are equal.
inline std::string first_difference(const std::string& a, const std::string& b) {
  std::size_t at = 0;
  while (at < a.size() && at < b.size() && a[at] == b[at]) ++at;
  if (at == a.size() && at == b.size()) return "";
  const std::size_t line = at == 0 ? 0 : a.rfind('\n', at - 1) + 1;
  return fmt::format("'{}' against '{}'", a.substr(line, 200), b.substr(line, 200));
}

}  // namespace moescope::trace

#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "cli/dispatch.hpp"
#include "cli/output.hpp"
#include "core/base/error.hpp"
#include "core/base/random.hpp"
#include "core/trace/writer.hpp"

/// A made-up recorded database and the program's own front door, for the commands that look.
namespace moescope::cli {

inline trace::RunInfo looking_run(std::uint64_t n_prompt) {
  trace::RunInfo info;
  info.weights_id = "weights";
  info.config = "{}";
  info.family = "mixtral";
  info.n_layer = 3;
  info.n_expert = 4;
  info.top_k = 2;
  info.n_vocab = 100;
  info.routing_layers = {LayerIdx(0), LayerIdx(2)};
  info.prompts_hash = "prompts";
  info.n_prompt = n_prompt;
  info.label_keys = {"domain", "language"};
  info.model = "tiny";
  info.code_version = "0.1.0";
  return info;
}

/// Layer 0 chooses alike for everyone; in layer 2 each language leans to an expert of its own.
inline void add_looking_token(trace::PromptTrace& trace, const trace::RunInfo& info,
                              std::size_t favourite, Random& random) {
  trace::TokenTrace token;
  token.id = TokenId(random.below(info.n_vocab));
  const std::size_t pos = trace.tokens.size();
  constexpr const char* kPieces[] = {"The",  " cat",         " 日本",   "\n",
                                     "\xc3", " ca\xcc\xb1t", "\x1b[31m"};
  token.text = kPieces[pos % std::size(kPieces)];
  token.phase = pos < 12 ? hooks::Phase::kPrefill : hooks::Phase::kDecode;
  if (pos > 0) token.logprob = -0.5f * static_cast<float>(pos);
  if (pos > 0) token.entropy = 1.25f;
  if (pos > 0) token.rank = static_cast<std::uint32_t>(pos);
  token.predicted = TokenId((token.id.value + 1) % info.n_vocab);
  trace.tokens.push_back(token);
  for (std::size_t route = 0; route < 2; ++route) {
    const bool leans = route == 1 && random.below(4) != 0;
    const std::size_t first = leans ? favourite : random.below(4);
    const std::size_t second = (first + 1 + random.below(3)) % 4;
    for (std::size_t e = 0; e < 4; ++e)
      trace.router_logits.push_back(e == first ? 2.0f : e == second ? 1.0f : 0.25f);
    for (const std::size_t e : {first, second})
      trace.expert.push_back(static_cast<std::uint16_t>(e));
    trace.weight.insert(trace.weight.end(), {0.75f, 0.25f});
    trace.margin.insert(trace.margin.end(), {1.75f, 0.75f});
  }
}

/// Prompts 0 … 3n-1: a German, an English and an unlabelled one of each group, 12 tokens each; the
/// first of them has four generated tokens more, the last of which was never fed.
inline trace::PromptTrace looking_prompt(std::uint64_t index, const trace::RunInfo& info) {
  Random random(index + 1);
  trace::PromptTrace trace;
  trace.index = index;
  const std::size_t kind = index % 3;
  constexpr const char* kNames[] = {"de", "en", "code"};
  trace.input.id = std::string(kNames[kind]) + "-" + std::to_string(index / 3);
  if (kind < 2) {
    trace.input.group = "g" + std::to_string(index / 3);
    trace.input.labels = {{"language", kNames[kind]}};
  } else {
    trace.input.labels = {{"domain", "code"}};
  }
  trace.input.text = "text";
  const std::size_t n_token = index == 0 ? 16 : 12;
  for (std::size_t i = 0; i < n_token; ++i) add_looking_token(trace, info, kind, random);
  if (index == 0) trace.tokens.back().fed = false;
  return trace;
}

inline void write_looking(const std::filesystem::path& file, std::uint64_t n_group,
                          trace::Scores scores = trace::Scores::kAll) {
  trace::RunInfo info = looking_run(3 * n_group);
  info.scores = scores;
  trace::Writer writer(file);
  writer.begin_run(info);
  for (std::uint64_t i = 0; i < info.n_prompt; ++i) {
    trace::PromptTrace trace = looking_prompt(i, info);
    if (scores == trace::Scores::kNone) trace.router_logits.clear();
    writer.push(std::move(trace));
  }
  writer.finish("0123456789abcdef");
}

/// What a command line printed and how it ended.
struct Said {
  int code = 0;
  std::string out;
  std::string error;
};

class Looking : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() /
              ("moescope-look-" + std::to_string(::getpid()) + "-" +
               testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::create_directories(folder_);
    before_ = std::filesystem::current_path();
    std::filesystem::current_path(folder_);
    ::setenv("COLUMNS", "80", 1);
    ::unsetenv("NO_COLOR");
    ::setenv("TERM", "xterm-256color", 1);
    ::setenv("LC_ALL", "C.UTF-8", 1);
  }
  void TearDown() override {
    std::filesystem::current_path(before_);
    std::filesystem::remove_all(folder_);
  }

  /// run.db in the present folder.
  static std::string recorded(std::uint64_t n_group = 24,
                              trace::Scores scores = trace::Scores::kAll) {
    if (!std::filesystem::exists("run.db")) write_looking("run.db", n_group, scores);
    return "run.db";
  }

  static std::vector<std::string> lines(const std::string& text) {
    std::vector<std::string> out;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) out.push_back(line);
    return out;
  }

  /// The text without its colours.
  static std::string plain(const std::string& text) {
    std::string out;
    for (std::size_t at = 0; at < text.size(); ++at) {
      if (text[at] == '\x1b')
        at = text.find('m', at);
      else
        out += text[at];
    }
    return out;
  }

  static Said say(const std::vector<std::string>& words) {
    Said said;
    testing::internal::CaptureStdout();
    try {
      said.code = dispatch(words);
    } catch (const Error& e) {
      said.code = static_cast<int>(e.code());
      said.error = e.message();
    }
    flush_out();
    said.out = testing::internal::GetCapturedStdout();
    return said;
  }

  static std::string content(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  std::filesystem::path folder_;
  std::filesystem::path before_;
};

}  // namespace moescope::cli

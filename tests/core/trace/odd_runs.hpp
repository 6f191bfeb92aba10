#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "core/trace/schema.hpp"
#include "core/trace/writer.hpp"
#include "tests/core/trace/random_trace.hpp"
#include "tests/core/trace/trace_document.hpp"

/// A file of two runs in which an expert is idle, one language avoids another, some choices were
/// forced and the generated tokens look like no prompt's; and what was written into it.
namespace moescope::trace {

using Row = std::vector<std::string>;
using Rows = std::vector<Row>;

inline std::string cell(double value) {
  return fmt::format("{:.9g}", value);
}
inline std::string cell(std::uint64_t value) {
  return fmt::format("{}", value);
}
inline std::string cell(const std::string& value) {
  return value;
}
inline const std::string kNull = "null";

template <class... Values>
Row row(const Values&... values) {
  return {cell(values)...};
}

inline std::string shown(const Statement& statement, int column) {
  switch (statement.type(column)) {
    case ColumnType::kNull:
      return kNull;
    case ColumnType::kInteger:
      return fmt::format("{}", statement.integer(column));
    case ColumnType::kReal:
      return cell(statement.real(column));
    default:
      return statement.bytes(column);
  }
}

/// One token with its place.
struct Seen {
  const PromptTrace* prompt;
  std::uint64_t pos;
  TokenTrace token;
  std::vector<std::vector<std::uint64_t>> expert;  ///< [n_route][top_k]; empty when never fed
  std::vector<std::vector<float>> margin;          ///< likewise
};

using Select = std::function<bool(const Seen&)>;

inline bool is_prefill(const Seen& s) {
  return s.token.phase == hooks::Phase::kPrefill;
}

inline std::string label_of(const Seen& s, const std::string& wanted) {
  for (const auto& [key, value] : s.prompt->input.labels)
    if (key == wanted) return value;
  return kNull;
}

/// Traces of four experts, told as those of a model of five: the last one is idle.
inline constexpr std::uint64_t kExperts = 5;
inline constexpr std::uint64_t kTop = 2;
inline constexpr std::uint64_t kLayer[] = {0, 2};

inline RunInfo odd_run() {
  RunInfo info = small_run(40);
  info.scores = Scores::kNone;
  return info;
}

inline PromptTrace odd_trace(std::uint64_t index, std::uint64_t shift) {
  const RunInfo info = odd_run();
  PromptTrace trace = random_trace(index + shift, info);
  trace.index = index;
  if (index == 6) trace.input.group = "g0";  // a variant that failed
  const bool french = std::any_of(trace.input.labels.begin(), trace.input.labels.end(),
                                  [](const auto& label) { return label.second == "fr"; });
  for (std::size_t t = 0; t < trace.tokens.size(); ++t) {
    TokenTrace& token = trace.tokens[t];
    if (token.phase == hooks::Phase::kDecode) token.logprob = -50.0f - static_cast<float>(t);
    std::uint16_t* chosen = &trace.expert[(t * 2 + 1) * kTop];
    for (std::size_t slot = 0; slot < kTop && french; ++slot)
      if (chosen[slot] == 3) chosen[slot] = chosen[1 - slot] == 0 ? 1 : 0;
    if (t % 5 == 2) trace.margin[t * 2 * kTop + 1] = -0.5f - static_cast<float>(t);
  }
  return trace;
}

class DocumentedQuery : public testing::Test {
 protected:
  void SetUp() override {
    RunInfo info = odd_run();
    info.n_expert = kExperts;
    for (const std::uint64_t shift : {0u, 110u}) {
      Writer writer(folder_ / "run.db");
      writer.begin_run(info);
      for (std::uint64_t i = 0; i < info.n_prompt; ++i) {
        if (shift == 0) prompts_.push_back(odd_trace(i, 0));
        writer.push(odd_trace(i, shift));
      }
      writer.finish("hash");
    }
    for (const PromptTrace& prompt : prompts_) see(prompt);
  }

  void see(const PromptTrace& prompt) {
    for (std::size_t t = 0; t < prompt.tokens.size(); ++t) {
      Seen seen{&prompt, t, prompt.tokens[t], {}, {}};
      for (std::size_t route = 0; route < 2 && seen.token.fed; ++route) {
        const auto at = static_cast<std::ptrdiff_t>((t * 2 + route) * kTop);
        seen.expert.emplace_back(prompt.expert.begin() + at, prompt.expert.begin() + at + 2);
        seen.margin.emplace_back(prompt.margin.begin() + at, prompt.margin.begin() + at + 2);
      }
      seen_.push_back(std::move(seen));
    }
  }

  Rows answer(std::size_t number) {
    Database db = open_trace(folder_ / "run.db");
    Statement statement = db.prepare(blocks(trace_document(), "sql").at(number - 1));
    Rows out;
    while (statement.step()) {
      out.emplace_back();
      for (int c = 0; c < statement.n_column(); ++c) out.back().push_back(shown(statement, c));
    }
    return out;
  }

  std::uint64_t tokens(const Select& select) const {
    return static_cast<std::uint64_t>(std::count_if(
        seen_.begin(), seen_.end(), [&](const Seen& s) { return s.token.fed && select(s); }));
  }
  std::uint64_t chosen(std::size_t route, std::uint64_t expert, const Select& select) const {
    return tokens([&](const Seen& s) {
      const auto& e = s.expert[route];
      return select(s) && std::find(e.begin(), e.end(), expert) != e.end();
    });
  }
  double share(std::size_t route, std::uint64_t expert, const Select& select) const {
    return static_cast<double>(chosen(route, expert, select)) * 1.0 /
           static_cast<double>(tokens(select) * kTop);
  }

  static Select language(const std::string& name) {
    return [name](const Seen& s) { return is_prefill(s) && label_of(s, "language") == name; };
  }

  TempFolder folder_;
  std::vector<PromptTrace> prompts_;
  std::vector<Seen> seen_;
};

}  // namespace moescope::trace

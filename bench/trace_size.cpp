// How many bytes a token takes in a trace database and what writing it costs: 32 layers of 8
// experts, top-2, all scores, prompts of 100 tokens, token ids by Zipf's law over 32,000 entries.
// Experts are uniform at random: the worst case for the table token_expert.
// Usage: trace_size DATABASE [TOKENS [GROUP-BYTES]]; prints one JSON object. A small group shows
// what a slow engine makes of it, whose transactions are ended by time.
#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "core/base/error.hpp"
#include "core/base/random.hpp"
#include "core/trace/schema.hpp"
#include "core/trace/sqlite.hpp"
#include "core/trace/writer.hpp"

namespace moescope::trace {
namespace {

constexpr std::size_t kPromptTokens = 100;

RunInfo run_info(std::uint64_t n_prompt) {
  RunInfo info;
  info.weights_id = "synthetic";
  info.config = "{}";
  info.family = "mixtral";
  info.n_layer = 32;
  info.n_expert = 8;
  info.top_k = 2;
  info.n_vocab = 32000;
  for (std::size_t layer = 0; layer < 32; ++layer) info.routing_layers.emplace_back(layer);
  info.prompts_hash = "synthetic";
  info.n_prompt = n_prompt;
  info.label_keys = {"domain", "language"};
  info.model = "synthetic";
  return info;
}

/// Draws ids with probability proportional to 1 / (rank + 2.7).
class Zipf {
 public:
  explicit Zipf(std::size_t n) {
    double sum = 0;
    for (std::size_t i = 0; i < n; ++i)
      cumulative_.push_back(sum += 1.0 / (static_cast<double>(i) + 2.7));
  }
  TokenId draw(Random& random) const {
    const double at = random.uniform() * cumulative_.back();
    const auto it = std::upper_bound(cumulative_.begin(), cumulative_.end(), at);
    return TokenId(static_cast<std::size_t>(it - cumulative_.begin()));
  }

 private:
  std::vector<double> cumulative_;
};

void add_routing(PromptTrace& trace, const RunInfo& info, Random& random) {
  for (std::size_t layer = 0; layer < info.n_layer; ++layer) {
    std::vector<std::pair<float, std::uint16_t>> order;
    for (std::uint16_t e = 0; e < info.n_expert; ++e) {
      order.emplace_back(static_cast<float>(random.uniform() * 8 - 4), e);
      trace.router_logits.push_back(order.back().first);
    }
    std::sort(order.rbegin(), order.rend());
    const float first = 1.0f / (1.0f + std::exp(order[1].first - order[0].first));
    for (std::size_t slot = 0; slot < info.top_k; ++slot) {
      trace.expert.push_back(order[slot].second);
      trace.weight.push_back(slot == 0 ? first : 1.0f - first);
      trace.margin.push_back(order[slot].first - order[info.top_k].first);
    }
  }
}

PromptTrace make_prompt(std::uint64_t index, const RunInfo& info, const Zipf& zipf) {
  constexpr const char* kLanguages[] = {"de", "en", "es", "fr", "it"};
  constexpr const char* kDomains[] = {"law", "news", "science"};
  Random random(index + 1);
  PromptTrace trace;
  trace.index = index;
  trace.input.id = fmt::format("prompt-{}", index);
  trace.input.labels = {{"domain", kDomains[index % 3]}, {"language", kLanguages[index % 5]}};
  for (std::size_t pos = 0; pos < kPromptTokens; ++pos) {
    TokenTrace token;
    token.id = zipf.draw(random);
    token.text = fmt::format("w{}", token.id.value % 999);
    token.begin = trace.input.text.size();
    trace.input.text += token.text;
    token.end = trace.input.text.size();
    token.logprob = -static_cast<float>(random.uniform() * 9);
    token.entropy = static_cast<float>(random.uniform() * 5);
    token.rank = static_cast<std::uint32_t>(1 + random.below(500));
    token.predicted = zipf.draw(random);
    trace.tokens.push_back(std::move(token));
    add_routing(trace, info, random);
  }
  return trace;
}

double cpu_seconds() {
  return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

void print_sizes(const std::filesystem::path& file, std::uint64_t n_token) {
  Database db = open_trace(file);
  std::string tables;
  double rows = 0, indexes = 0;
  Statement sizes = db.prepare(
      "SELECT d.name, sum(d.pgsize), s.type = 'index' AND s.tbl_name <> s.name FROM dbstat d LEFT "
      "JOIN sqlite_schema s ON s.name = d.name GROUP BY d.name ORDER BY 2 DESC");
  while (sizes.step()) {
    const double bytes = sizes.real(1) / static_cast<double>(n_token);
    const bool is_index = !sizes.is_null(2) && sizes.integer(2) != 0;
    (is_index ? indexes : rows) += bytes;
    if (bytes >= 0.5)
      tables += fmt::format(R"({}"{}":{:.1f})", tables.empty() ? "" : ",", sizes.bytes(0), bytes);
  }
  fmt::print(R"("bytes_per_token":{:.1f},"secondary_indexes":{:.1f},"by_table":{{{}}}}})"
             "\n",
             rows, indexes, tables);
}

void bench(const std::filesystem::path& file, std::uint64_t n_token, std::size_t group_bytes) {
  std::filesystem::remove(file);
  const RunInfo info = run_info(n_token / kPromptTokens);
  const Zipf zipf(info.n_vocab);
  const double cpu = cpu_seconds();
  for (std::uint64_t i = 0; i < info.n_prompt; ++i) make_prompt(i, info, zipf);
  const double cpu_making = cpu_seconds() - cpu;
  const auto start = std::chrono::steady_clock::now();
  {
    Writer writer(file, {.group_bytes = group_bytes});
    writer.begin_run(info);
    for (std::uint64_t i = 0; i < info.n_prompt; ++i) writer.push(make_prompt(i, info, zipf));
    writer.finish("synthetic");
  }
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;
  const double cpu_writing = cpu_seconds() - cpu - 2 * cpu_making;
  fmt::print(R"({{"n_token":{},"wall_s":{:.2f},"cpu_us_per_token":{:.1f},)", n_token, wall.count(),
             cpu_writing * 1e6 / static_cast<double>(n_token));
  print_sizes(file, n_token);
}

}  // namespace
}  // namespace moescope::trace

int main(int argc, char** argv) {
  const std::span<char*> args(argv, static_cast<std::size_t>(argc));
  if (args.size() < 2) {
    fmt::print(stderr, "usage: trace_size DATABASE [TOKENS [GROUP-BYTES]]\n");
    return 2;
  }
  try {
    const auto number = [&](std::size_t at, std::uint64_t otherwise) {
      return args.size() > at ? std::strtoull(args[at], nullptr, 10) : otherwise;
    };
    moescope::trace::bench(args[1], number(2, 50'000), number(3, 8u << 20));
  } catch (const moescope::Error& e) {
    fmt::print(stderr, "trace_size: {}\n", e.message());
    return static_cast<int>(e.code());
  }
  return 0;
}

// What recording costs beside the engine: the same prompts (i) through the engine with predictions
// and nothing else, (ii) recorded with all scores into a database, in turns in one process.
// Usage: overhead MODEL DATABASE PROMPTS-FILE... [KEY=NUMBER]... ; keys: pairs (7), tokens (2000,
// about so many are taken from the prompts), threads (all). Prints one JSON object. The predictions
// of both are compared bit by bit before anything is timed.
#include <fmt/core.h>
#include <fmt/ranges.h>
#include <omp.h>
#include <sys/resource.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "core/base/error.hpp"
#include "core/kernels/isa.hpp"
#include "core/model/engine.hpp"
#include "core/tokenizer/tokenizer.hpp"
#include "core/trace/prompts.hpp"
#include "core/trace/recorder.hpp"
#include "core/trace/writer.hpp"

namespace moescope {
namespace {

struct Work {
  model::Model model;
  tokenizer::Tokenizer tokenizer;
  std::vector<trace::PromptInput> prompts;
  std::vector<std::vector<TokenId>> ids;  ///< of each prompt
  std::size_t n_token = 0;
  std::filesystem::path database;
  model::EngineOptions engine;
};

/// What was said of each token: bits of log-probability and entropy, rank, likeliest next token.
using Said = std::map<std::pair<std::uint64_t, std::size_t>, std::array<std::uint32_t, 4>>;

struct Cost {
  double wall = 0;     ///< seconds, until the last row is on disk
  double cpu = 0;      ///< seconds of all threads
  double engine = 0;   ///< of them the engine's threads, which also hand over what is recorded
  double writer = 0;   ///< of them all other threads
  double file = 0;     ///< CPU seconds of the caller's thread in opening, queueing and finishing
  double writing = 0;  ///< wall seconds of them after the engine's last token
};

double seconds_of(const timeval& t) {
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
}

double cpu_seconds(int who) {
  rusage usage{};
  getrusage(who, &usage);
  return seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
}

/// CPU seconds of the threads that the engine runs on.
double engine_seconds() {
  double sum = 0;
#pragma omp parallel reduction(+ : sum)
  sum += cpu_seconds(RUSAGE_THREAD);
  return sum;
}

class Clock {
 public:
  Cost stop() const {
    const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - begin_;
    const double cpu = cpu_seconds(RUSAGE_SELF) - cpu_;
    const double engine = engine_seconds() - engine_;
    return {wall.count(), cpu, engine, cpu - engine, 0, 0};
  }

 private:
  double engine_ = engine_seconds();
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  double cpu_ = cpu_seconds(RUSAGE_SELF);
};

class SaidSink : public hooks::Sink {
 public:
  explicit SaidSink(Said* said) : said_(said) {}
  void prediction(const hooks::PredictionEvent& e) override {
    if (said_ == nullptr) return;
    for (std::size_t i = 0; i < e.row.size(); ++i) {
      const hooks::Prediction& p = e.prediction[i];
      if (!p.has_next) continue;
      (*said_)[{e.row[i].request, e.row[i].pos.value}] = {
          std::bit_cast<std::uint32_t>(p.next_logprob), std::bit_cast<std::uint32_t>(p.entropy),
          p.next_rank, p.argmax.value};
    }
  }

 private:
  Said* said_;
};

Cost run_alone(const Work& work, Said* said) {
  SaidSink sink(said);
  std::size_t next = 0;
  const model::RequestSource source = [&]() -> std::optional<hooks::Request> {
    if (next == work.ids.size()) return std::nullopt;
    hooks::Request request;
    request.id = next;
    request.ids = work.ids[next++];
    return request;
  };
  const Clock clock;
  model::run_requests(work.model, work.engine, source, {.prediction = true}, {}, sink);
  return clock.stop();
}

trace::RunInfo run_info(const Work& work) {
  trace::RunInfo info = trace::run_info(work.model, work.tokenizer, work.prompts);
  info.weights_id = "bench";
  info.model = "bench";
  return info;
}

void note(const trace::PromptTrace& trace, Said& said) {
  for (std::size_t pos = 0; pos + 1 < trace.tokens.size(); ++pos) {
    const trace::TokenTrace& next = trace.tokens[pos + 1];
    said[{trace.index, pos}] = {std::bit_cast<std::uint32_t>(next.logprob.value_or(0)),
                                std::bit_cast<std::uint32_t>(next.entropy.value_or(0)),
                                next.rank.value_or(0),
                                trace.tokens[pos].predicted.value_or(TokenId()).value};
  }
}

/// Records into a new database; the clock stops when the run is complete and one plain file.
Cost run_recorded(const Work& work, Said* said) {
  std::filesystem::remove(work.database);
  const trace::RunInfo info = run_info(work);
  trace::RecordPlan plan;
  plan.engine = work.engine;
  const Clock clock;
  double file = -cpu_seconds(RUSAGE_THREAD);
  trace::Writer writer(work.database);
  writer.begin_run(info);
  file += cpu_seconds(RUSAGE_THREAD);
  const trace::TraceTaker take = [&](trace::PromptTrace&& trace) {
    if (said != nullptr) note(trace, *said);
    file -= cpu_seconds(RUSAGE_THREAD);
    writer.push(std::move(trace));
    file += cpu_seconds(RUSAGE_THREAD);
  };
  trace::record_prompts(work.model, work.tokenizer, work.prompts, {}, plan, take);
  const double engine_wall = clock.stop().wall;
  file -= cpu_seconds(RUSAGE_THREAD);
  writer.finish("bench");
  file += cpu_seconds(RUSAGE_THREAD);
  Cost cost = clock.stop();
  cost.file = file;
  cost.writing = cost.wall - engine_wall;
  return cost;
}

void check_same(const Work& work) {
  Said alone, recorded;
  run_alone(work, &alone);
  run_recorded(work, &recorded);
  if (alone != recorded || alone.empty())
    fail(ErrorCode::kIntegrity, "the predictions differ: {} alone, {} recorded", alone.size(),
         recorded.size());
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t n = values.size();
  return n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

std::string ratios_json(std::string_view name, std::span<const Cost> alone,
                        std::span<const Cost> recorded, double Cost::*what) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < alone.size(); ++i)
    ratios.push_back(recorded[i].*what / (alone[i].*what));
  return fmt::format(R"("{0}_ratio_median": {1:.4f}, "{0}_ratios": [{2:.4f}])", name,
                     median(ratios), fmt::join(ratios, ", "));
}

double median_of(std::span<const Cost> costs, double Cost::*what) {
  std::vector<double> values;
  for (const Cost& cost : costs) values.push_back(cost.*what);
  return median(values);
}

std::string first_line_with(const char* file, std::string_view key) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);)
    if (line.starts_with(key)) return line.substr(std::min(line.find(':') + 2, line.size()));
  return "unknown";
}

void print_result(const Work& work, std::span<const Cost> alone, std::span<const Cost> recorded) {
  std::ifstream load_file("/proc/loadavg");
  std::string load;
  std::getline(load_file, load);
  fmt::print(
      R"({{"schema": "moescope.bench.overhead.v1", "build": "{}", "cpu": "{}", "isa": "{}", )"
      R"("threads": {}, "loadavg": "{}", "tokens": {}, "prompts": {}, "pairs": {},)"
      "\n",
      MOESCOPE_BENCH_BUILD, first_line_with("/proc/cpuinfo", "model name"), kernels::isa_name(),
      omp_get_max_threads(), load, work.n_token, work.prompts.size(), alone.size());
  fmt::print(" {},\n {},\n {},\n", ratios_json("wall", alone, recorded, &Cost::wall),
             ratios_json("cpu", alone, recorded, &Cost::cpu),
             ratios_json("engine_cpu", alone, recorded, &Cost::engine));
  fmt::print(R"( "alone_wall_s": {:.3f}, "recorded_wall_s": {:.3f}, "alone_cpu_s": {:.3f}, )"
             R"("recorded_cpu_s": {:.3f}, "writer_cpu_s": {:.4f}, "file_cpu_s": {:.4f}, )"
             R"("writer_and_file_share_of_alone_cpu": {:.4f}, )"
             R"("recorded_wall_after_engine_s": {:.3f},)"
             "\n",
             median_of(alone, &Cost::wall), median_of(recorded, &Cost::wall),
             median_of(alone, &Cost::cpu), median_of(recorded, &Cost::cpu),
             median_of(recorded, &Cost::writer), median_of(recorded, &Cost::file),
             (median_of(recorded, &Cost::writer) + median_of(recorded, &Cost::file)) /
                 median_of(alone, &Cost::cpu),
             median_of(recorded, &Cost::writing));
  fmt::print(R"( "VmHWM": "{}", "RssAnon": "{}", "RssFile": "{}"}})"
             "\n",
             first_line_with("/proc/self/status", "VmHWM"),
             first_line_with("/proc/self/status", "RssAnon"),
             first_line_with("/proc/self/status", "RssFile"));
}

/// Takes every (n / wanted)th prompt, so that all files are there.
void take_prompts(Work& work, std::vector<trace::PromptInput> all, std::size_t wanted) {
  std::vector<std::vector<TokenId>> ids;
  std::size_t n_all = 0;
  for (const trace::PromptInput& prompt : all) {
    std::vector<TokenId>& row = ids.emplace_back();
    if (work.tokenizer.add_bos() && work.tokenizer.bos()) row.push_back(*work.tokenizer.bos());
    for (const tokenizer::Token& t :
         work.tokenizer.encode(prompt.text, tokenizer::SpecialText::kPlain))
      row.push_back(t.id);
    n_all += row.size();
  }
  const std::size_t step = std::max<std::size_t>(1, n_all / wanted);
  for (std::size_t i = 0; i < all.size(); i += step) {
    work.n_token += ids[i].size();
    work.prompts.push_back(std::move(all[i]));
    work.ids.push_back(std::move(ids[i]));
  }
}

void bench(std::span<char*> words) {
  std::map<std::string, std::size_t> numbers{{"pairs", 7}, {"tokens", 2000}, {"threads", 0}};
  std::vector<std::filesystem::path> files;
  for (const std::string word : words.subspan(2)) {
    const std::size_t equal = word.find('=');
    const auto at = numbers.find(word.substr(0, equal));
    if (equal != std::string::npos && at != numbers.end())
      at->second = std::strtoull(word.c_str() + equal + 1, nullptr, 10);
    else
      files.emplace_back(word);
  }
  Work work{.model = model::open_model(words[0]),
            .tokenizer = tokenizer::Tokenizer::load_model_folder(words[0]),
            .prompts = {},
            .ids = {},
            .n_token = 0,
            .database = words[1],
            .engine = {.threads = numbers["threads"]}};
  take_prompts(work, trace::read_prompts(files), std::max<std::size_t>(1, numbers["tokens"]));
  if (numbers["threads"] > 0) omp_set_num_threads(static_cast<int>(numbers["threads"]));
  check_same(work);
  std::vector<Cost> alone, recorded;
  for (std::size_t pair = 0; pair < std::max<std::size_t>(1, numbers["pairs"]); ++pair) {
    if (pair % 2 == 0) alone.push_back(run_alone(work, nullptr));
    recorded.push_back(run_recorded(work, nullptr));
    if (pair % 2 == 1) alone.push_back(run_alone(work, nullptr));
  }
  print_result(work, alone, recorded);
}

}  // namespace
}  // namespace moescope

int main(int argc, char** argv) {
  const std::span<char*> words(argv, static_cast<std::size_t>(argc));
  if (words.size() < 4) {
    fmt::print(stderr, "usage: overhead MODEL DATABASE PROMPTS-FILE... [pairs|tokens|threads=N]\n");
    return 2;
  }
  try {
    moescope::bench(words.subspan(1));
  } catch (const moescope::Error& e) {
    fmt::print(stderr, "overhead: {}\n", e.message());
    return static_cast<int>(e.code());
  }
  return 0;
}

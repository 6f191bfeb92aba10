#include "core/trace/writer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <tuple>

#include "core/trace/aggregate.hpp"
#include "core/trace/schema.hpp"
#include "tests/core/trace/random_trace.hpp"
#include "tests/error_of.hpp"

namespace moescope::trace {
namespace {

using testing::HasSubstr;

void record(const std::filesystem::path& file, const RunInfo& info,
            const WriterOptions& options = {}) {
  Writer writer(file, options);
  writer.begin_run(info);
  for (std::uint64_t i = 0; i < info.n_prompt; ++i) writer.push(random_trace(i, info));
  writer.finish("modelhash");
}

using Key = std::array<std::int64_t, 6>;
using Counts = std::map<Key, std::pair<std::int64_t, std::int64_t>>;

/// The rows of a query whose last two columns are count and weight sum.
Counts counts_of(Database& db, std::string_view sql) {
  Counts out;
  Statement rows = db.prepare(sql);
  while (rows.step()) {
    const int n = rows.n_column();
    Key key{};
    for (int i = 0; i + 2 < n; ++i) key[static_cast<std::size_t>(i)] = rows.integer(i);
    out[key] = {rows.integer(n - 2), rows.integer(n - 1)};
  }
  return out;
}

void add_to(Counts& counts, const Key& key, std::int64_t weight) {
  counts[key].first += 1;
  counts[key].second += weight;
}

struct Recount {
  Counts run, prompt, token, pair;
  std::map<std::tuple<std::string, std::string, std::int64_t, std::int64_t>, std::int64_t> label;
};

void recount_choice(Recount& out, const RunInfo& info, const PromptTrace& t, std::size_t pos,
                    std::size_t route) {
  const auto phase = static_cast<std::int64_t>(t.tokens[pos].phase);
  const std::int64_t layer = info.routing_layers[route].value;
  const std::size_t at = (pos * info.routing_layers.size() + route) * info.top_k;
  for (std::size_t slot = 0; slot < info.top_k; ++slot) {
    const std::int64_t e = t.expert[at + slot];
    const std::int64_t w = fixed_weight(t.weight[at + slot]);
    add_to(out.run, {phase, layer, e}, w);
    add_to(out.prompt, {static_cast<std::int64_t>(t.index), phase, layer, e}, w);
    add_to(out.token, {phase, layer, e, t.tokens[pos].id.value}, w);
    for (const std::string& key : info.label_keys) {
      std::string value = "(missing)";
      for (const auto& [k, v] : t.input.labels)
        if (k == key) value = "=" + v;
      ++out.label[{key, value, layer, e}];
    }
  }
  const std::int64_t a = std::min(t.expert[at], t.expert[at + 1]);
  const std::int64_t b = std::max(t.expert[at], t.expert[at + 1]);
  add_to(out.pair, {phase, layer, a, b}, 0);
}

TEST(Writer, AggregatesEqualAPlainRecount) {
  TempFolder folder;
  const RunInfo info = small_run(60);
  record(folder / "run.db", info, {.group_bytes = 4000});
  Recount expected;
  for (std::uint64_t i = 0; i < info.n_prompt; ++i) {
    const PromptTrace t = random_trace(i, info);
    for (std::size_t pos = 0; pos < t.tokens.size(); ++pos)
      for (std::size_t r = 0; r < info.routing_layers.size() && t.tokens[pos].fed; ++r)
        recount_choice(expected, info, t, pos, r);
  }
  Database db = open_trace(folder / "run.db");
  EXPECT_EQ(counts_of(db, "SELECT phase, layer, expert, count, weight_sum FROM usage_run"),
            expected.run);
  EXPECT_EQ(counts_of(db,
                      "SELECT p.idx, u.phase, u.layer, u.expert, u.count, u.weight_sum "
                      "FROM usage_prompt u JOIN prompt p ON p.id = u.prompt"),
            expected.prompt);
  EXPECT_EQ(
      counts_of(db, "SELECT phase, layer, expert, token_id, count, weight_sum FROM token_expert"),
      expected.token);
  EXPECT_EQ(counts_of(db, "SELECT phase, layer, expert_a, expert_b, count, 0 FROM coselection"),
            expected.pair);
  decltype(expected.label) labels;
  Statement rows = db.prepare(
      "SELECT l.key, l.value, u.layer, u.expert, sum(u.count) FROM usage_label u "
      "JOIN label l ON l.id = u.label GROUP BY 1, 2, 3, 4");
  while (rows.step())
    labels[{rows.bytes(0), rows.is_null(1) ? "(missing)" : "=" + rows.bytes(1), rows.integer(2),
            rows.integer(3)}] = rows.integer(4);
  EXPECT_EQ(labels, expected.label);
  EXPECT_TRUE(labels.contains({"language", "(missing)", 0, 0}));
  EXPECT_TRUE(labels.contains({"domain", "=", 0, 0}));
}

TEST(Writer, TokensOfALabelAddUpToTheRun) {
  TempFolder folder;
  record(folder / "run.db", small_run(40));
  Database db = open_trace(folder / "run.db");
  EXPECT_EQ(db.integer("SELECT count(*) FROM (SELECT l.key, t.phase FROM label_tokens t "
                       "JOIN label l ON l.id = t.label JOIN run_tokens r ON r.phase = t.phase "
                       "GROUP BY 1, 2 HAVING sum(t.n_token) <> r.n_token OR "
                       "sum(t.n_prompt) <> r.n_prompt)"),
            0);
  EXPECT_EQ(db.integer("SELECT sum(n_token) FROM run_tokens"),
            db.integer("SELECT count(DISTINCT token) FROM routing"));
  EXPECT_LT(db.integer("SELECT count(DISTINCT token) FROM routing"),
            db.integer("SELECT count(*) FROM token"));
}

TEST(Writer, LeavesOnePlainFile) {
  TempFolder folder;
  record(folder / "run.db", small_run(10));
  Database db = open_trace(folder / "run.db");
  EXPECT_EQ(db.text("PRAGMA journal_mode"), "delete");
  EXPECT_EQ(db.text("SELECT status FROM run"), "complete");
  EXPECT_EQ(db.text("SELECT model_hash FROM run"), "modelhash");
  EXPECT_EQ(db.integer("PRAGMA page_size"), 16384);
  EXPECT_FALSE(std::filesystem::exists(folder / "run.db-wal"));
  EXPECT_FALSE(std::filesystem::exists(folder / "run.db.lock"));
  db.quick_check();
}

TEST(Writer, KeepsBytesThatAreNoTextAsBlob) {
  TempFolder folder;
  record(folder / "run.db", small_run(12));
  Database db = open_trace(folder / "run.db");
  EXPECT_EQ(db.text("SELECT typeof(text) FROM prompt WHERE idx = 3"), "blob");
  EXPECT_EQ(db.text("SELECT text FROM prompt WHERE idx = 3"),
            random_trace(3, small_run(12)).input.text);
  EXPECT_EQ(db.text("SELECT typeof(text) FROM prompt WHERE idx = 4"), "text");
  EXPECT_EQ(db.integer("SELECT count(*) FROM token WHERE typeof(text) = 'blob' AND text <> "
                       "x'e282'"),
            0);
  EXPECT_GT(db.integer("SELECT count(*) FROM token WHERE text = x'e282'"), 0);
}

TEST(Writer, KeepsAFailedPromptWithItsReason) {
  TempFolder folder;
  record(folder / "run.db", small_run(12));
  Database db = open_trace(folder / "run.db");
  EXPECT_EQ(db.integer("SELECT count(*) FROM v_failed_prompt"), 1);
  EXPECT_EQ(db.text("SELECT failure FROM v_failed_prompt"), "line 7: byte 3: expected UTF-8");
  EXPECT_EQ(db.integer("SELECT count(*) FROM token t JOIN prompt p ON p.id = t.prompt "
                       "WHERE p.failure IS NOT NULL"),
            0);
}

TEST(Writer, WritesOneRun) {
  TempFolder folder;
  const RunInfo info = small_run(1);
  Writer writer(folder / "run.db");
  writer.begin_run(info);
  EXPECT_THAT(error_of([&] { writer.begin_run(info); }), HasSubstr("a writer writes one run"));
  writer.push(random_trace(0, info));
  writer.finish("hash");
  EXPECT_THAT(error_of([&] { writer.begin_run(info); }), HasSubstr("a writer writes one run"));
  EXPECT_EQ(open_trace(folder / "run.db").integer("SELECT count(*) FROM run"), 1);
}

TEST(Writer, TextModesKeepWhatTheySay) {
  TempFolder folder;
  RunInfo info = small_run(12);
  info.text = TextMode::kHash;
  record(folder / "hash.db", info);
  info.text = TextMode::kNone;
  record(folder / "none.db", info);
  for (const char* name : {"hash.db", "none.db"}) {
    Database db = open_trace(folder / name);
    EXPECT_EQ(db.integer("SELECT count(*) FROM prompt WHERE text IS NOT NULL"), 0);
    EXPECT_EQ(db.integer("SELECT count(*) FROM token WHERE text IS NOT NULL"), 0);
    EXPECT_EQ(db.integer("SELECT count(*) FROM vocab"), 0);
    EXPECT_EQ(db.integer("SELECT count(sha256) FROM prompt"), name[0] == 'h' ? 12 : 0);
  }
}

TEST(Writer, StoresTheLogitsThatWereAsked) {
  TempFolder folder;
  RunInfo info = small_run(4);
  record(folder / "all.db", info);
  info.scores = Scores::kTopk;
  record(folder / "topk.db", info);
  const PromptTrace trace = random_trace(0, info);
  Database all = open_trace(folder / "all.db");
  Database topk = open_trace(folder / "topk.db");
  constexpr auto kBlob =
      "SELECT t.router_logits FROM token t JOIN prompt p ON p.id = t.prompt "
      "WHERE p.idx = 0 AND t.pos = 0";
  const std::string every = all.text(kBlob);
  const std::string chosen = topk.text(kBlob);
  ASSERT_EQ(every.size(), 2 * 4 * sizeof(float));
  ASSERT_EQ(chosen.size(), 2 * 2 * sizeof(float));
  const std::size_t best = trace.expert[0];
  EXPECT_EQ(chosen.substr(0, 4), every.substr(best * 4, 4));
  float first = 0;
  std::memcpy(&first, every.data(), sizeof first);
  EXPECT_EQ(first, trace.router_logits[0]);
}

TEST(Writer, RefusesATraceThatDoesNotFitItsRun) {
  TempFolder folder;
  const RunInfo info = small_run(4);
  Writer writer(folder / "run.db");
  writer.begin_run(info);
  PromptTrace trace = random_trace(0, info);
  trace.weight.pop_back();
  EXPECT_THAT(error_of([&] { writer.push(std::move(trace)); }),
              HasSubstr("prompt 'p:0': applied weights: expected "));
  PromptTrace wild = random_trace(1, info);
  wild.expert[0] = 9;
  EXPECT_THAT(error_of([&] { writer.push(std::move(wild)); }), HasSubstr("expected 0 to 3, got 9"));
  PromptTrace nan = random_trace(1, info);
  nan.weight[0] = std::nanf("");
  EXPECT_THAT(error_of([&] { writer.push(std::move(nan)); }), HasSubstr("applied weight"));
}

TEST(Writer, ThrowsTheThreadsErrorEveryTime) {
  TempFolder folder;
  const RunInfo info = small_run(4);
  Writer writer(folder / "run.db", {.group_time = std::chrono::milliseconds(1)});
  writer.begin_run(info);
  writer.push(random_trace(1, info));
  writer.push(random_trace(1, info));
  EXPECT_THAT(error_of([&] { writer.finish("hash"); }), HasSubstr("UNIQUE"));
  EXPECT_THAT(error_of([&] { writer.push(random_trace(2, info)); }), HasSubstr("UNIQUE"));
}

TEST(Writer, FinishWantsEveryPromptAndTheHash) {
  TempFolder folder;
  const RunInfo info = small_run(2);
  {
    Writer writer(folder / "run.db");
    writer.begin_run(info);
    writer.push(random_trace(0, info));
    EXPECT_THAT(error_of([&] { writer.finish("hash"); }), HasSubstr("expected 2 prompts, got 1"));
  }
  Writer writer(folder / "run.db");
  const Resumed resumed = writer.resume_run(info, [] { return "hash"; });
  EXPECT_EQ(resumed.done, std::set<std::uint64_t>{0});
  writer.push(random_trace(1, info));
  EXPECT_THAT(error_of([&] { writer.finish(""); }), HasSubstr("hash of the model"));
}

TEST(Writer, TakesModelsOfEveryShape) {
  struct Shape {
    std::size_t n_layer, n_expert, top_k;
  };
  TempFolder folder;
  for (const Shape shape : {Shape{0, 0, 0}, {1, 2, 1}, {45, 30, 20}, {60, 30, 20}, {2, 3, 3}}) {
    RunInfo info = small_run(3);
    info.n_layer = std::max<std::size_t>(shape.n_layer, 1);
    info.n_expert = shape.n_expert;
    info.top_k = shape.top_k;
    info.routing_layers.clear();
    for (std::size_t l = 0; l < shape.n_layer; ++l) info.routing_layers.emplace_back(l);
    std::filesystem::remove(folder / "run.db");
    record(folder / "run.db", info);
    Database db = open_trace(folder / "run.db");
    std::int64_t n_choice = 0;
    for (std::uint64_t i = 0; i < 3; ++i)
      for (const TokenTrace& token : random_trace(i, info).tokens)
        n_choice += token.fed ? static_cast<std::int64_t>(shape.n_layer * shape.top_k) : 0;
    EXPECT_EQ(db.integer("SELECT count(*) FROM routing"), n_choice);
    EXPECT_EQ(db.integer("SELECT coalesce(sum(count), 0) FROM token_expert"), n_choice);
    EXPECT_EQ(db.integer("SELECT count(*) FROM routing WHERE margin IS NULL"),
              shape.top_k == shape.n_expert ? n_choice : 0);
    EXPECT_EQ(db.integer("SELECT count(DISTINCT layer) FROM routing"),
              static_cast<std::int64_t>(shape.n_layer));
  }
}

TEST(Writer, QueueIsBounded) {
  TempFolder folder;
  const RunInfo info = small_run(200);
  record(folder / "run.db", info, {.queue_bytes = 1, .group_bytes = 1});
  Database db = open_trace(folder / "run.db");
  EXPECT_EQ(db.integer("SELECT count(*) FROM prompt"), 200);
}

}  // namespace
}  // namespace moescope::trace

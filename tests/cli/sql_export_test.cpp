#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "tests/cli/looking_fixture.hpp"

namespace moescope::cli {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

using Sql = Looking;
using Export = Looking;

TEST_F(Sql, AlignsColumnsAndShowsBlobsShort) {
  const Said said =
      say({"sql", recorded(), "SELECT pos, text, logprob, router_logits AS l FROM token LIMIT 5"});
  EXPECT_EQ(said.code, 0) << said.error;
  EXPECT_EQ(said.out,
            "pos  text            logprob  l\n"
            "---  --------------  -------  ---------------------------------\n"
            "  0  The                null  x'0000803e00000040...' (32 bytes)\n"
            "  1   cat               -0.5  x'0000803e0000803e...' (32 bytes)\n"
            "  2   日本              -1.0  x'0000803e0000803e...' (32 bytes)\n"
            "  3  ␊                  -1.5  x'0000803e0000803e...' (32 bytes)\n"
            "  4  x'c3' (1 byte)     -2.0  x'0000803e0000803f...' (32 bytes)\n");
}

TEST_F(Sql, WithoutUtf8DrawsInAsciiButKeepsDataWhole) {
  ::setenv("LC_ALL", "C", 1);
  const std::string query = "SELECT char(10) || 'a–b' AS x";
  EXPECT_EQ(say({"sql", recorded(), query}).out, "x\n-----\n\\na-b\n");
  EXPECT_EQ(say({"sql", recorded(), query, "--csv"}).out, "x\n\"\na–b\"\n");
  EXPECT_THAT(say({"sql", recorded(), query, "--json"}).out, HasSubstr("\"\\na–b\""));
}

TEST_F(Sql, CsvAndJsonKeepEverything) {
  const std::string query = "SELECT 'a,\"b' AS x, NULL AS y, x'0aff' AS z, 2.0 AS r, '' AS e";
  EXPECT_EQ(say({"sql", recorded(), query, "--csv"}).out,
            "x,y,z,r,e\n\"a,\"\"b\",,x'0aff',2.0,\"\"\n");
  const auto doc = nlohmann::json::parse(say({"sql", recorded(), query, "--json"}).out);
  EXPECT_EQ(doc["schema"], "moescope.sql.v1");
  EXPECT_EQ(doc["rows"][0][0], "a,\"b");
  EXPECT_TRUE(doc["rows"][0][1].is_null());
  EXPECT_EQ(doc["rows"][0][2]["hex"], "0aff");
  EXPECT_EQ(doc["more_rows"], false);
  const auto none =
      nlohmann::json::parse(say({"sql", recorded(), "SELECT 1 WHERE 0", "--json"}).out);
  EXPECT_TRUE(none["rows"].empty());
}

TEST_F(Sql, CsvGuardsAgainstFormulasAsTheDocumentSays) {
  EXPECT_EQ(say({"sql", recorded(), "SELECT '=1+1' AS x, '-1.5' AS y", "--csv"}).out,
            "x,y\n\"'=1+1\",-1.5\n");
  const std::string text = content(fs::path(MOESCOPE_SOURCE_DIR) / "docs/formats/export.md");
  for (const char* command : {"`tokens --csv`", "`sql --csv`", "`usage --csv`"})
    EXPECT_THAT(text, HasSubstr(command));
}

TEST_F(Sql, LimitStopsAndSaysSo) {
  const Said said = say({"sql", recorded(), "SELECT pos FROM token", "--limit", "2", "--json"});
  const auto doc = nlohmann::json::parse(said.out);
  EXPECT_EQ(doc["rows"].size(), 2u);
  EXPECT_EQ(doc["more_rows"], true);
}

TEST_F(Sql, RefusesEverythingThatIsNotReading) {
  const std::string before = (recorded(), content("run.db"));
  for (const char* sql :
       {"DELETE FROM token", "UPDATE run SET model = 'x'", "INSERT INTO meta VALUES ('a', 'b')",
        "DROP TABLE run", "CREATE TABLE x (a)", "CREATE TEMP TABLE x (a)", "ATTACH 'other.db' AS o",
        "PRAGMA journal_mode = WAL", "PRAGMA user_version = 3", "PRAGMA writable_schema = ON",
        "PRAGMA wal_checkpoint", "BEGIN", "VACUUM", "VACUUM INTO 'copy.db'", "REINDEX"}) {
    const Said said = say({"sql", recorded(), sql});
    EXPECT_EQ(said.code, 1) << sql;
    EXPECT_THAT(said.error, HasSubstr("opened for reading only")) << sql;
  }
  for (const char* sql :
       {"UPDATE sqlite_master SET type = 'x'", "UPDATE sqlite_schema SET sql = ''",
        "DELETE FROM sqlite_master", "INSERT INTO sqlite_master VALUES (1)",
        "CREATE VIRTUAL TABLE x USING fts5(a)"})
    EXPECT_EQ(say({"sql", recorded(), sql}).code, 1) << sql;
  EXPECT_EQ(content("run.db"), before);
  EXPECT_FALSE(fs::exists("other.db"));
  EXPECT_FALSE(fs::exists("copy.db"));
}

TEST_F(Sql, FunctionsThatGiveTablesMayBeAsked) {
  EXPECT_EQ(
      say({"sql", recorded(), "SELECT l.value FROM run, json_each(routing_layers) l", "--csv"}).out,
      "value\n0\n2\n");
  EXPECT_EQ(say({"sql", recorded(), "SELECT name FROM pragma_table_info('meta')", "--csv"}).out,
            "name\nkey\nvalue\n");
  EXPECT_EQ(say({"sql", recorded(), "SELECT * FROM pragma_journal_mode"}).code, 1);
}

TEST_F(Sql, TakesOneStatement) {
  EXPECT_EQ(say({"sql", recorded(), "SELECT 1; SELECT 2"}).code, 2);
  EXPECT_EQ(say({"sql", recorded(), " ;-- nothing\n"}).code, 2);
  EXPECT_EQ(say({"sql", recorded(), "SELECT 1; -- that is all"}).code, 0);
  EXPECT_EQ(say({"sql", recorded(), "/* first */ PRAGMA table_info(run)"}).code, 0);
  EXPECT_EQ(say({"sql", recorded(), "EXPLAIN QUERY PLAN SELECT * FROM run"}).code, 0);
  const Said wrong = say({"sql", recorded(), "SELECT nowhere FROM run"});
  EXPECT_EQ(wrong.code, 1);
  EXPECT_THAT(wrong.error, HasSubstr("no such column: nowhere"));
}

TEST_F(Sql, WithoutAStatementListsTablesAndViews) {
  const Said said = say({"sql", recorded()});
  EXPECT_THAT(said.out, HasSubstr("v_expert_usage (view)\n    run, phase, layer, expert, count"));
  const auto doc = nlohmann::json::parse(say({"sql", recorded(), "--json"}).out);
  EXPECT_GT(doc["relations"].size(), 10u);
}

TEST_F(Export, RowsOfATable) {
  const Said csv = say({"export", recorded(), "--format", "csv", "--table", "v_expert_usage"});
  EXPECT_EQ(csv.code, 0) << csv.error;
  EXPECT_EQ(csv.out, say({"sql", recorded(), "SELECT * FROM v_expert_usage", "--csv"}).out);
  const Said jsonl = say({"export", recorded(), "--format", "jsonl", "--table", "prompt_label"});
  const auto rows = lines(jsonl.out);
  ASSERT_EQ(rows.size(), 72u);
  for (const std::string& row : rows) EXPECT_TRUE(nlohmann::json::parse(row).is_object());
}

TEST_F(Export, AllTablesIntoAFolder) {
  fs::create_directory("out");
  EXPECT_EQ(say({"export", recorded(), "--format", "csv", "-o", "out"}).code, 0);
  EXPECT_TRUE(fs::exists("out/routing.csv"));
  EXPECT_TRUE(fs::exists("out/v_token_routing.csv"));
  EXPECT_EQ(lines(content("out/prompt.csv")).size(), 73u);
}

TEST_F(Export, OlmoeLinesHaveTheShapeOfTheirScripts) {
  const Said said = say({"export", recorded(), "--format", "olmoe"});
  const auto rows = lines(said.out);
  ASSERT_EQ(rows.size(), 72u);
  const auto first = nlohmann::json::parse(rows[0]);
  ASSERT_EQ(first["input_ids"].size(), 15u);  // the sixteenth was never fed
  ASSERT_EQ(first["predicted_token_ids"].size(), 15u);
  EXPECT_EQ(first["predicted_token_ids"][2], (first["input_ids"][2].get<int>() + 1) % 100);
  ASSERT_EQ(first["exp_ids"].size(), 15u);
  ASSERT_EQ(first["exp_ids"][0].size(), 2u);     // choices, best first
  ASSERT_EQ(first["exp_ids"][0][0].size(), 2u);  // layers
  const auto token =
      nlohmann::json::parse(say({"tokens", recorded(), "de-0", "--json"}).out)["tokens"][5];
  EXPECT_EQ(first["exp_ids"][5][1][0], token["layers"][0]["experts"][1]);
  EXPECT_EQ(first["exp_ids"][5][0][1], token["layers"][1]["experts"][0]);
}

TEST_F(Export, ArraysAgreeWithTheRows) {
  if (std::system("python3 -c 'import numpy' 2>/dev/null") != 0)
    GTEST_SKIP() << "python3 with numpy is not installed";
  ASSERT_EQ(say({"export", recorded(), "--format", "npz", "-o", "run.npz"}).code, 0);
  ASSERT_EQ(say({"export", recorded(), "--format", "safetensors", "-o", "run.safetensors"}).code,
            0);
  std::ofstream("check.py") << R"(
import json, sqlite3, struct, numpy as np
z = np.load('run.npz')
db = sqlite3.connect('run.db')
assert z['token_id'].shape == (867,) and z['layer'].tolist() == [0, 2]
assert z['expert'].shape == (867, 2, 2) and z['router_logits'].shape == (867, 2, 4)
rows = db.execute('SELECT p.idx, t.pos, t.token_id, g.layer, g.slot, g.expert, g.weight, g.margin, '
                  't.logprob, t.phase FROM prompt p JOIN token t ON t.prompt = p.id JOIN routing g '
                  'ON g.token = t.id ORDER BY p.idx, t.pos, g.layer, g.slot').fetchall()
a = np.array([[np.nan if v is None else v for v in r] for r in rows])
assert np.array_equal(z['expert'].ravel(), a[:, 5])
assert np.array_equal(z['weight'].ravel(), a[:, 6].astype(np.float32))
assert np.array_equal(z['margin'].ravel(), a[:, 7].astype(np.float32))
for name, column in (('prompt', 0), ('pos', 1), ('token_id', 2), ('phase', 9)):
    assert np.array_equal(z[name], a[::4, column]), name
assert np.array_equal(z['logprob'], a[::4, 8].astype(np.float32), equal_nan=True)
assert np.array_equal(np.argmax(z['router_logits'], -1), z['expert'][:, :, 0])
raw = open('run.safetensors', 'rb').read()
n = struct.unpack('<Q', raw[:8])[0]
head = json.loads(raw[8:8 + n])
types = {'F32': '<f4', 'I32': '<i4', 'U8': '|u1'}
for name in z.files:
    h = head[name]
    b, e = h['data_offsets']
    v = np.frombuffer(raw[8 + n + b:8 + n + e], types[h['dtype']]).reshape(h['shape'])
    assert v.tobytes() == z[name].tobytes() and v.shape == z[name].shape, name
)";
  EXPECT_EQ(std::system("python3 check.py"), 0);
}

TEST_F(Export, WithoutScoresThereAreNoLogits) {
  recorded(3, trace::Scores::kNone);
  ASSERT_EQ(say({"export", "run.db", "--format", "safetensors", "-o", "x.safetensors"}).code, 0);
  EXPECT_EQ(content("x.safetensors").find("_logits"), std::string::npos);
}

TEST_F(Export, CanonicalIsOneTextUnderBothNames) {
  const Said flag = say({"export", recorded(), "--canonical"});
  EXPECT_EQ(flag.code, 0) << flag.error;
  EXPECT_THAT(flag.out, HasSubstr("table routing: "));
  EXPECT_EQ(say({"export", recorded(), "--format", "canonical", "-o", "c.txt"}).code, 0);
  EXPECT_EQ(content("c.txt"), flag.out);
}

TEST_F(Export, WhatFailsLeavesNoFileAndTheOldOneInPlace) {
  recorded();
  const auto damage = [](const char* sql) {
    return std::system((std::string("sqlite3 run.db \"") + sql + "\" 2>/dev/null").c_str());
  };
  if (damage("UPDATE token SET router_logits = x'00' WHERE id = 100") != 0)
    GTEST_SKIP() << "sqlite3 (the shell) is not installed";
  std::ofstream("run.npz") << "old";
  const Said said = say({"export", "run.db", "--format", "npz", "-o", "run.npz"});
  EXPECT_EQ(said.code, 1);
  EXPECT_THAT(said.error, HasSubstr("router_logits: expected 32 bytes, got 1"));
  EXPECT_EQ(content("run.npz"), "old");
  EXPECT_EQ(std::distance(fs::directory_iterator("."), {}), 2);
}

TEST_F(Export, JsonListsTheFilesWritten) {
  const auto document = [](const Said& said) {
    EXPECT_EQ(said.code, 0) << said.error;
    return nlohmann::json::parse(said.out);
  };
  const auto one =
      document(say({"export", recorded(), "--format", "npz", "-o", "run.npz", "--json"}));
  EXPECT_EQ(one["schema"], "moescope.export.v1");
  EXPECT_EQ(one["format"], "npz");
  ASSERT_EQ(one["files"].size(), 1u);
  EXPECT_EQ(one["files"][0]["path"], "run.npz");
  EXPECT_EQ(one["files"][0]["bytes"], fs::file_size("run.npz"));
  for (const char* format : {"safetensors", "olmoe", "canonical"})
    EXPECT_EQ(document(say({"export", "run.db", "--format", format, "-o", "x", "--json"}))["files"]
                  .size(),
              1u)
        << format;
  const auto all = document(say({"export", "run.db", "--format", "csv", "-o", "out", "--json"}));
  const auto n_file = std::distance(fs::directory_iterator("out"), {});
  EXPECT_EQ(all["files"].size(), static_cast<std::size_t>(n_file));
  for (const auto& file : all["files"])
    EXPECT_EQ(file["bytes"], fs::file_size(file["path"].get<std::string>())) << file;
}

TEST_F(Export, JsonAboutDataOnStandardOutputIsRefused) {
  for (const char* format : {"csv", "jsonl", "npz", "olmoe", "canonical"}) {
    const Said said = say({"export", recorded(), "--format", format, "--json"});
    EXPECT_EQ(said.code, 2) << format;
    EXPECT_EQ(said.out, "") << format;
    EXPECT_THAT(said.error, HasSubstr("the data itself goes to standard output")) << format;
  }
}

TEST_F(Export, CommandLinesThatAreOff) {
  EXPECT_EQ(say({"export", recorded()}).code, 2);
  EXPECT_EQ(say({"export", recorded(), "--format", "npz"}).code, 2);
  EXPECT_EQ(say({"export", recorded(), "--format", "csv"}).code, 2);
  EXPECT_EQ(say({"export", recorded(), "--format", "npz", "--table", "run", "-o", "x"}).code, 2);
  EXPECT_EQ(say({"export", recorded(), "--canonical", "--format", "csv"}).code, 2);
  const Said said = say({"export", recorded(), "--format", "csv", "--table", "v_usage"});
  EXPECT_EQ(said.code, 1);
  EXPECT_THAT(said.error, HasSubstr("v_expert_usage"));
  EXPECT_EQ(say({"export", recorded(), "--format", "npz", "-o", "no/such/folder.npz"}).code, 1);
  EXPECT_EQ(say({"export", "absent.db", "--canonical"}).code, 1);
  EXPECT_EQ(say({"export", recorded(), "--canonical", "--run", "5"}).code, 1);
}

}  // namespace
}  // namespace moescope::cli

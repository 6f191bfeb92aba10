#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "core/trace/query.hpp"
#include "core/trace/schema.hpp"
#include "core/trace/writer.hpp"
#include "tests/core/trace/audited_run.hpp"
#include "tests/core/trace/random_trace.hpp"
#include "tests/core/trace/trace_document.hpp"

namespace moescope::trace {
namespace {

std::filesystem::path recorded(const TempFolder& folder) {
  const RunInfo info = small_run(40);
  {
    Writer writer(folder / "run.db");
    writer.begin_run(info);
    for (std::uint64_t i = 0; i < info.n_prompt; ++i) writer.push(random_trace(i, info));
    writer.finish("hash");
  }
  record_audit(folder / "run.db", 3);
  return folder / "run.db";
}

TEST(TraceDocument, EveryQueryGivesRows) {
  TempFolder folder;
  Database db = open_trace(recorded(folder));
  const std::vector<std::string> queries = blocks(trace_document(), "sql");
  EXPECT_EQ(queries.size(), 20u);
  for (const std::string& sql : queries) {
    Statement rows = prepare_query(db, sql);  // as moescope sql does
    EXPECT_TRUE(rows.step()) << sql;
  }
}

TEST(TraceDocument, SaysThatRangesOfOneCharactersBytesOverlap) {
  const std::string text = trace_document();
  const std::size_t at = text.find("| `begin_byte`, `end_byte` |");
  ASSERT_NE(at, std::string::npos);
  EXPECT_THAT(text.substr(at, text.find('\n', at) - at), testing::HasSubstr("overlap"));
}

TEST(TraceDocument, NamesEveryTableAndColumn) {
  TempFolder folder;
  Database db = open_trace(recorded(folder));
  const std::string text = trace_document();
  Statement rows = db.prepare(
      "SELECT m.name, c.name FROM sqlite_schema m JOIN pragma_table_info(m.name) c "
      "WHERE m.type IN ('table', 'view')");
  int n = 0;
  for (; rows.step(); ++n) {
    const bool table_named = text.find("`" + rows.bytes(0) + "`") != std::string::npos ||
                             text.find("### " + rows.bytes(0) + "\n") != std::string::npos;
    EXPECT_TRUE(table_named) << rows.bytes(0);
    EXPECT_NE(text.find("`" + rows.bytes(1) + "`"), std::string::npos)
        << rows.bytes(0) << "." << rows.bytes(1);
  }
  EXPECT_GT(n, 100);
}

TEST(TraceDocument, ThePythonExampleReadsTheLogits) {
  if (std::system("python3 -c 'import sqlite3' 2>/dev/null") != 0)
    GTEST_SKIP() << "python3 with its sqlite3 module is missing";
  TempFolder folder;
  const auto file = recorded(folder);
  const std::vector<std::string> examples = blocks(trace_document(), "python");
  ASSERT_EQ(examples.size(), 2u);
  const PromptTrace first = random_trace(0, small_run(40));
  std::ofstream script(folder / "example.py");
  script << examples[0] << "\nassert list(logits) == [0, 2], logits\n"
         << fmt::format("assert abs(logits[0][0] - ({})) < 1e-6, logits\n", first.router_logits[0])
         << fmt::format("assert abs(logits[2][3] - ({})) < 1e-6, logits\n", first.router_logits[7])
         << "n = db.execute('SELECT count(*) FROM v_token_routing').fetchone()[0]\n"
         << "assert n > 100, n\n";
  script.close();
  const std::string command =
      fmt::format("cd '{}' && python3 example.py", file.parent_path().string());
  EXPECT_EQ(std::system(command.c_str()), 0);
}

/// A python3 that has pandas: the first on the path, or the system's; empty when there is none.
std::string python_with_pandas() {
  for (const char* python : {"python3", "/usr/bin/python3"})
    if (std::system(fmt::format("{} -c 'import pandas' 2>/dev/null", python).c_str()) == 0)
      return python;
  return "";
}

TEST(TraceDocument, ThePandasExampleHasEveryExpertsShare) {
  const std::string python = python_with_pandas();
  if (python.empty()) GTEST_SKIP() << "no python3 with pandas is installed";
  TempFolder folder;
  const auto file = recorded(folder);
  {
    // An expert that nothing went to.
    Database db(file, OpenMode::kReadWrite);
    db.execute("UPDATE run SET n_expert = 5");
  }
  std::ofstream script(folder / "example.py");
  script << blocks(trace_document(), "python").at(1) << R"py(
assert list(share.index) == [0, 2] and list(share.columns) == [0, 1, 2, 3, 4], share
assert (abs(share.sum(axis=1) - 1) < 1e-12).all() and (share[4] == 0).all(), share
for layer, expert, value in db.execute("SELECT layer, expert, share_of_assignments FROM "
                                       "v_expert_usage WHERE run = 1 AND phase = 'prefill'"):
    assert share.loc[layer, expert] == value, share
relations = db.execute("SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')").fetchall()
assert len(relations) > 20, relations
for name, in relations:
    frame = pd.read_sql(f'SELECT * FROM "{name}"', db)
    columns = [row[1] for row in db.execute(f'PRAGMA table_info("{name}")')]
    assert list(frame.columns) == columns, (name, frame.columns)
    rows = db.execute(f'SELECT * FROM "{name}"').fetchall()
    assert len(frame) == len(rows) and (rows or name == "sidecar"), name
    for row, read in zip(rows, frame.itertuples(index=False)):
        for a, b in zip(row, read):
            assert a == b or (a is None and pd.isna(b)), (name, row, read)
)py";
  script.close();
  const std::string command =
      fmt::format("cd '{}' && {} example.py", file.parent_path().string(), python);
  EXPECT_EQ(std::system(command.c_str()), 0);
}

}  // namespace
}  // namespace moescope::trace
